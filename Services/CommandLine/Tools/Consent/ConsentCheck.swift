import ArgumentParser
import ConsentEngine

/// `consentry consent check`: whether a document is a contract, and what it says.
struct ConsentCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what a FHIR Consent means, or which element is refused and why.")

    @Argument(help: "The Consent, or an event of `consent` with one.")
    var file: String

    @Option(help: "The genesis file of the network, for its policies, purposes and time zone.")
    var genesis: String?

    func run() throws {
        let registry = try ConsentFiles.registered(genesis: genesis).registry
        for line in Self.lines(try ConsentFiles.contract(file, registry: registry)) { print(line) }
    }

    static func lines(_ contract: CompiledContract) -> [String] {
        let terms = contract.terms
        let heading =
            "\(terms.status.rawValue) consent of `\(terms.patient)`, binding "
            + "\(terms.custodians.map { "`\($0)`" }.joined(separator: ", ")), "
            + "\(contract.byteCount) bytes compiled"
        let clauses = terms.provisions.enumerated().map { place, provision in
            "\(terms.path(place)): \(ProvisionDescription.words(for: provision))"
        }
        return [heading] + clauses
    }
}
