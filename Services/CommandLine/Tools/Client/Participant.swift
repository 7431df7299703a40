import Cryptography
import Model
import Tokens

/// A participant as its own client knows it: the keys are made here, and only public ones ever leave.
struct Participant: Sendable {
    let id: ParticipantID
    let kind: ParticipantKind
    let name: String
    /// The organisation that enrolled this participant; nil for an organisation.
    let organization: ParticipantID?
    /// Nil for a practitioner, who speaks through a system of their organisation.
    let signer: Signer?
    let sealingKey: PublicSealingKey?

    /// Makes a participant with a new id, and new keys unless it is a practitioner.
    init(kind: ParticipantKind, name: String, organization: ParticipantID? = nil) {
        guard let id = ParticipantID(Random.bytes(16)) else { preconditionFailure("16 bytes make an id") }
        self.id = id
        self.kind = kind
        self.name = name
        self.organization = organization
        signer = kind == .practitioner ? nil : Signer(SigningKey.generate())
        sealingKey = kind == .practitioner ? nil : SealingKey.generate().publicKey
    }

    /// The reference by which a FHIR resource names this participant.
    var reference: String {
        switch kind {
        case .organization: "Organization/\(id)"
        case .practitioner: "Practitioner/\(id)"
        case .patient: "Patient/\(id)"
        case .system: "Device/\(id)"
        }
    }

    /// The participant's key for signing statements.
    ///
    /// - Throws: `ClientFailure` for a practitioner, who has none.
    func requireSigner() throws -> Signer {
        guard let signer else { throw ClientFailure("a \(kind.rawValue) has no key of its own to sign with") }
        return signer
    }
}
