import ArgumentParser
import LedgerProtocol
import Model

/// `consentry network changes`: the proven changes since genesis, as a file for verifiers.
struct NetworkChanges: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "changes", abstract: "Fetch the proven changes to a network since its genesis.",
        discussion: "Verifies every change from the genesis file on, and writes nothing that is not proven.")

    @Option(help: "The genesis file of the network, from a source you trust.")
    var genesis: String

    @Option(help: "The base URL of a validator.")
    var url: String

    @Option(help: "The file to write.")
    var output: String

    func run() async throws {
        let genesis = try Genesis(parsing: FileBytes.read(genesis))
        let (list, history) = try await RemoteNetwork(genesis: genesis, url: url).changes()
        try FileBytes.write(try list.json.canonicalBytes(), to: output)
        let names = history.newest.validators.map(\.member.name).joined(separator: ", ")
        print("\(list.changes.count) changes; in force: \(names)")
    }
}
