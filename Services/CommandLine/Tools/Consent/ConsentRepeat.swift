import ArgumentParser
import ConsentEngine
import Model

/// `consentry consent repeat`: decides again what was decided, from the same inputs.
struct ConsentRepeat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repeat", abstract: "Decide again what an event says was decided.",
        discussion: """
            The decision names every input; the contracts are given as documents and held against the hashes \
            that it names. Exits with 0 when the same decision comes out, byte for byte, 1 when it does not, \
            2 when a file cannot be read. Whether the event is on the ledger `verify receipt` says.
            """)

    @Option(help: "The event access.decided.v1 as disclosed, or the decision alone in its canonical form.")
    var decision: String

    @Option(parsing: .upToNextOption, help: "The contracts: Consents as signed, or their events.")
    var contract: [String] = []

    @Option(help: "The genesis file of the network, for its policies, purposes and time zone.")
    var genesis: String?

    func run() throws {
        let stated: JSONValue
        let registered: ConsentFiles.Registered
        var documents: [String: JSONValue] = [:]
        do {
            registered = try ConsentFiles.registered(genesis: genesis)
            let file = try JSONValue(parsing: FileBytes.read(decision))
            stated = try Self.decision(in: file)
            try Self.requireSamePolicies(registered, as: stated)
            for path in contract {
                let document = try ConsentFiles.document(path)
                documents[document.version] = document.json
            }
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode(2)
        }
        let again = try DecisionReplay.decide(again: stated, registry: registered.registry) {
            documents[$0.version]
        }
        print("the same decision comes out, byte for byte")
        for sentence in DecisionExplanation.forPatient(again) { print("  \(sentence)") }
        for purpose in again.purposes {
            if let found = Counterfactual.find(for: purpose.purpose, of: again) {
                print("  \(purpose.purpose.code): \(found.sentence)")
            }
        }
    }

    /// Contracts may read otherwise under another registry, so a genesis that is given must be the one named.
    private static func requireSamePolicies(
        _ registered: ConsentFiles.Registered, as stated: JSONValue
    ) throws {
        guard let versions = registered.versions else { return }
        let named = (stated["policies"]?.array ?? []).map { policy in
            [policy["uri"]?.string, policy["version"]?.string]
        }
        for version in versions where !named.contains([version.uri, version.version]) {
            throw ConsentFileFault.otherPolicies(version.uri)
        }
    }

    private static func decision(in file: JSONValue) throws -> JSONValue {
        if file["engine"] != nil { return file }
        guard let decision = try ConsentFiles.eventData(file)["decision"] else {
            throw ConsentFileFault.noDecision
        }
        return decision
    }
}
