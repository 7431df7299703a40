import ArgumentParser
import LedgerProtocol
import TransparencyLog

/// `consentry network policy`: the C2SP policy file with which other verifiers demand the quorum.
struct NetworkPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Print the C2SP tlog-policy file that demands the quorum.")

    @Option(help: "The genesis file.")
    var genesis: String

    func run() throws {
        print(try Genesis(parsing: FileBytes.read(genesis)).initial.quorumPolicy.policyFile, terminator: "")
    }
}
