import Cryptography
import LedgerProtocol
import Model

/// The folder of a network: its genesis file and the keys beside it.
struct NetworkFolder: Sendable {
    /// An organisation of genesis that vouches for those who enrol.
    struct Sponsor: Sendable {
        let id: ParticipantID
        let signer: Signer
    }

    let path: String

    init(_ path: String) { self.path = path }

    var genesisPath: String { "\(path)/genesis.json" }
    var organizationKeysPath: String { "\(path)/keys/organizations" }

    /// Reads the genesis file.
    func genesis() throws -> Genesis { try Genesis(parsing: try FileBytes.read(genesisPath)) }

    /// The first organisation of genesis whose key lies in this folder.
    ///
    /// - Throws: `ClientFailure` when there is none; an organisation keeps its key to itself.
    func sponsor() throws -> Sponsor {
        let genesis = try genesis()
        for name in FileBytes.names(in: organizationKeysPath) {
            let file = try KeyFile(parsing: try FileBytes.read("\(organizationKeysPath)/\(name)"))
            let signer = Signer(try file.signingKey())
            if let organization = genesis.organizations.first(where: { $0.key == signer.publicKey }) {
                return Sponsor(id: organization.id, signer: signer)
            }
        }
        throw ClientFailure(
            "no organisation's key is in `\(organizationKeysPath)`; bring the one that vouches")
    }
}
