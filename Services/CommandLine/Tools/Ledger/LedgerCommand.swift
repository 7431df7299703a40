import ArgumentParser

/// `consentry ledger`: copies of a ledger.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Keep a copy of a ledger.", subcommands: [ExportLedger.self])
}

/// `consentry ledger export`: a folder that any web server can serve.
struct ExportLedger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copy a ledger into a folder of static tiles, entries, blocks and its checkpoint.",
        discussion: """
            Every block is verified on the way. The checkpoint is put in place last, as a whole; run the \
            command again to go on, or to catch up. A server that shows an older or another ledger than the \
            folder holds is refused, and its note is kept in `evidence`. Exits with 0 when the folder holds \
            what the server's checkpoint covers, 1 when something does not verify, 2 when something cannot \
            be read.
            """)

    @Argument(help: "The URL of a validator or of a folder that was exported, or the path of such a folder.")
    var source: String

    @Argument(help: "The folder to make or to bring up to date.")
    var folder: String

    @Option(help: "The genesis file of the network, from a source you trust.")
    var genesis: String

    @Option(help: "A C2SP tlog-policy file that the checkpoint must meet as well.")
    var policy: String?

    func run() async throws {
        try await Verdicts.printing {
            let judge = try NoteJudge(genesisPath: genesis, policyPath: policy)
            guard let network = judge.genesis else { preconditionFailure("the genesis file was read") }
            let target = LedgerFolder(path: LedgerSource(folder).name)
            let lock = try FolderLock(target.path)
            let export = LedgerExport(
                source: LedgerSource(source), folder: target, judge: judge, genesis: network)
            let verdict = try await export.run()
            _ = consume lock
            return "`\(target.path)` is up to date: \(verdict.sentence)"
        }
    }
}
