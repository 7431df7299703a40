import ArgumentParser

/// `consentry verify`: checks that need no running service.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check proofs offline.", subcommands: [VerifyReceipt.self])
}
