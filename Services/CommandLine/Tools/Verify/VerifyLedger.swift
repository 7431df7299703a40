import ArgumentParser

/// `consentry verify ledger`: everything there is, from the first block to the checkpoint.
struct VerifyLedger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Verify a whole ledger.",
        discussion: """
            Verifies the checkpoint, every block with its certificate and every submission with its \
            signature, that no key's sequence has a gap, and that blocks, entries and tiles all give the \
            root of the checkpoint. Without --genesis only checkpoint, entries and tiles are verified. Who \
            signs is told by the blocks; where the source has none, by --policy, or by --changes if the \
            validators are others than at first. Exits with 0 when the ledger is valid, 1 when it is not, \
            2 when something cannot be read.
            """)

    @Argument(help: "The URL of a validator or another web server, or a folder of `ledger export`.")
    var source: String

    @Option(help: "The genesis file of the network, from a source you trust.")
    var genesis: String?

    @Option(help: "A C2SP tlog-policy file that the checkpoint must meet.")
    var policy: String?

    @Option(help: "The changes to the network since genesis, as `consentry network changes` writes them.")
    var changes: String?

    func run() async throws {
        try await Verdicts.printing {
            let judge = try NoteJudge(genesisPath: genesis, policyPath: policy, changesPath: changes)
            do {
                return try await LedgerAudit(source: LedgerSource(source), judge: judge).run().sentence
            } catch let finding as AuditFinding {
                throw AuditFinding("ledger is not valid: \(finding)")
            }
        }
    }
}

/// How commands that judge a ledger end.
enum Verdicts {
    /// Prints the sentence of a body; exits with 1 where it found something, 2 where it could not read.
    static func printing(_ body: () async throws -> String) async throws {
        do {
            print(try await body())
        } catch let finding as AuditFinding {
            print(finding.description)
            throw ExitCode(1)
        } catch let fault as FileFault {
            StandardError.write("\(fault)\n")
            throw ExitCode(2)
        }
    }
}
