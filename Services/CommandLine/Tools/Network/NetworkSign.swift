import ArgumentParser
import Cryptography
import LedgerProtocol
import Model

/// `consentry network sign`: an organisation's signature under a governance document.
struct NetworkSign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a governance document as an organisation.",
        discussion: """
            Prints what is signed. The document is written again with the signature in it; hand it on to the \
            next organisation. Needs no network, so the key may stay on a machine without one.
            """)

    @Argument(help: "The governance document.")
    var document: String

    @Option(help: "The id of the organisation.")
    var organization: String

    @Option(help: "The key of the organisation.")
    var key: String

    func run() throws {
        let draft = try GovernanceDocument(parsing: FileBytes.read(document))
        guard let id = ParticipantID(organization) else {
            throw ValidationError("--organization takes the id of an organisation, a lower-case UUID")
        }
        let signer = Signer(try KeyFile(parsing: FileBytes.read(key)).signingKey())
        for change in draft.changes { print(change.description) }
        let signed = draft.signed(by: id, with: signer)
        try FileBytes.write(signed.bytes, to: document)
        print("signed; \(signed.approvals.count) signatures are in `\(document)`")
    }
}
