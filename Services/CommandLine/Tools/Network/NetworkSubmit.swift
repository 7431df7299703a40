import ArgumentParser
import Cryptography
import LedgerProtocol
import Model

/// `consentry network submit`: a governance document as an entry of the ledger.
struct NetworkSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Hand a signed governance document to the validators.",
        discussion: """
            Any organisation submits, with its own key. Waits until the change is in a final block and \
            proven from genesis; it is in force from the next height on. Exits with 1 when it is refused.
            """)

    @Argument(help: "The governance document.")
    var document: String

    @Option(help: "The genesis file of the network.")
    var genesis: String

    @Option(help: "The base URL of a validator.")
    var url: String

    @Option(help: "The key of the organisation that submits.")
    var key: String

    @Option(help: "For how many seconds to wait until it is final.")
    var patience: Int = 60

    func run() async throws {
        let document = try GovernanceDocument(parsing: FileBytes.read(document))
        let network = RemoteNetwork(genesis: try Genesis(parsing: FileBytes.read(genesis)), url: url)
        let signer = Signer(try KeyFile(parsing: FileBytes.read(key)).signingKey())
        let before = try await network.changes().history
        guard case .organization = before.newest.submitter(signer.keyID) else {
            throw ClientFailure("the key is of no organisation of this network")
        }
        try await network.submit(try await submission(document, signer, network))
        let deadline = ContinuousClock.now + .seconds(patience)
        while ContinuousClock.now < deadline {
            let history = try await network.changes().history
            if let period = history.periods.dropFirst(before.periods.count).first {
                print("agreed; in force from height \(period.first) on")
                return
            }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw ClientFailure("it is not final after \(patience) s; ask again with `network changes`")
    }

    private func submission(
        _ document: GovernanceDocument, _ signer: Signer, _ network: RemoteNetwork
    ) async throws -> Submission {
        guard let id = EntryID(Random.bytes(16)) else { preconditionFailure("16 bytes are an id") }
        let networkID = network.genesis.networkID
        let entry = Entry.make(
            kind: .governance, submitter: signer.keyID, id: id, time: SystemClock.now().seconds,
            opening: .zero,
            networkID: networkID, payload: document.bytes)
        return try Submission.make(
            networkID: networkID, sequence: try await network.nextSequence(of: signer.keyID),
            entries: [entry], publicPayloads: [document.bytes], signer: signer)
    }
}
