import ArgumentParser

/// `consentry verify`: checks that believe nobody but the genesis or policy file.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check receipts, checkpoints and whole ledgers.",
        subcommands: [VerifyReceipt.self, VerifyConsistency.self, VerifyLedger.self])
}
