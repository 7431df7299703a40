import ArgumentParser
import LedgerProtocol
import Model

/// `consentry network validator-keys`: the keys of a validator that is to join, or to get new ones.
struct NetworkValidatorKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validator-keys",
        abstract: "Draw the keys of a validator and describe it for a proposal.",
        discussion: """
            Writes the three secret keys, a fourth with which the validator may witness other logs, and \
            `validator.json`, which holds public keys only and is what `propose` takes. The secret keys \
            never leave the folder.
            """)

    @Option(help: "The name of the validator's cosignatures, such as validator-5.demo.consentry.example.")
    var name: String

    @Option(help: "The id of the organisation that runs it.")
    var organization: String

    @Option(help: "The base URL of the validator.")
    var validatorURL: String

    @Option(help: "The folder to make.")
    var directory: String

    func run() throws {
        guard let owner = ParticipantID(organization) else {
            throw ValidationError("--organization takes the id of an organisation, a lower-case UUID")
        }
        guard FileBytes.names(in: directory).isEmpty else {
            throw ValidationError("`\(directory)` is not empty and nothing is overwritten")
        }
        var keys = NewKeys()
        let validator = GenesisValidator(
            name: name, organization: owner, url: validatorURL,
            consensusKey: try keys.signing("\(directory)/consensus.key"),
            cosignatureKey: try keys.signing("\(directory)/cosignature.key"),
            logKey: try keys.signing("\(directory)/log.key"))
        // No network names it: whoever wants to be witnessed lists it.
        _ = try keys.signing("\(directory)/witness.key")
        // What would be refused later is refused before anything is written.
        _ = try GovernanceChange(json: ["change": "addValidator", "validator": validator.json])
        try keys.write()
        let path = "\(directory)/validator.json"
        try FileBytes.create(try validator.json.canonicalBytes(), at: path, mode: 0o644)
        print("made four keys and \(path)")
    }
}
