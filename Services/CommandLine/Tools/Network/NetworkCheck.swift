import ArgumentParser
import LedgerProtocol
import Model

/// `consentry network check`: what a governance document would do, and what it lacks.
struct NetworkCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what a governance document does and whether it could be agreed.",
        discussion: "Exits with 0 when it could be agreed now, and with 1 when not.")

    @Argument(help: "The governance document.")
    var document: String

    @Option(help: "The genesis file of the network.")
    var genesis: String

    @Option(help: "The base URL of a validator.")
    var url: String

    func run() async throws {
        let document = try GovernanceDocument(parsing: FileBytes.read(document))
        let genesis = try Genesis(parsing: FileBytes.read(genesis))
        let network = RemoteNetwork(genesis: genesis, url: url)
        let state = try await network.changes().history.newest
        let height = try await network.nextHeight()
        for line in GovernanceReport.lines(document, on: state) { print(line) }
        do throws(GovernanceFault) {
            _ = try GovernanceRules.apply(document, to: state, at: height)
            print("it could be agreed now")
        } catch {
            StandardError.write("it could not be agreed now: \(error)\n")
            throw ExitCode(1)
        }
    }
}
