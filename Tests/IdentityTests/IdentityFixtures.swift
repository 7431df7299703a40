import Cryptography
import IdentityCore
import Model
import Tokens

/// A participant of the tests with keys of its own.
struct Holder: Sendable {
    let id: ParticipantID
    let signer: Signer
    let sealingKey: PublicSealingKey

    /// The same holder with another signing key.
    init(rekeying old: Holder) {
        id = old.id
        signer = Signer(SigningKey.generate())
        sealingKey = old.sealingKey
    }

    init(_ number: UInt8) {
        // Sixteen bytes always make an id, and any 32 bytes are an Ed25519 seed or an X25519 secret.
        id = ParticipantID([UInt8](repeating: 1, count: 15) + [number])!
        signer = Signer(try! SigningKey(seed: SecretBytes(copying: [UInt8](repeating: number, count: 32))))
        sealingKey = try! SealingKey(secret: SecretBytes(copying: [UInt8](repeating: number, count: 32)))
            .publicKey
    }

    /// Holders with random ids and keys, for tests that share a database.
    init() {
        id = ParticipantID(Random.bytes(16))!
        signer = Signer(SigningKey.generate())
        sealingKey = SealingKey.generate().publicKey
    }

    /// The object `enrolment` for this holder.
    func enrolment(
        _ kind: ParticipantKind, organization: ParticipantID? = nil, authority: String? = nil,
        issuedAt: Timestamp, hasKeys: Bool = true
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(id.description)), ("kind", .string(kind.rawValue)), ("name", "A name"),
            ("issuedAt", .string(issuedAt.description)),
        ]
        if let organization { members.append(("organization", .string(organization.description))) }
        if let authority { members.append(("authority", .string(authority))) }
        if hasKeys {
            members.append(("signingKey", .string(Base64.encode(signer.publicKey.bytes))))
            members.append(("sealingKey", .string(Base64.encode(sealingKey.bytes))))
        }
        return .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    /// The whole body of an enrolment, with true signatures.
    func body(
        _ enrolment: JSONValue, sponsor: Holder, networkID: Digest, hasKeys: Bool = true
    ) throws -> JSONValue {
        let statement = try SignedStatement.enrolment(networkID: networkID, enrolment: enrolment)
        let possession = try SignedStatement.possession(networkID: networkID, enrolment: enrolment)
        let sponsorMember: JSONValue = [
            "id": .string(sponsor.id.description),
            "signature": .string(Base64.encode(sponsor.signer.sign(statement).bytes)),
        ]
        let proof = JSONValue.string(Base64.encode(signer.sign(possession).bytes))
        return hasKeys
            ? ["enrolment": enrolment, "possession": proof, "sponsor": sponsorMember]
            : ["enrolment": enrolment, "sponsor": sponsorMember]
    }

    /// The holder as the register has it.
    func registered(
        _ kind: ParticipantKind, organization: ParticipantID? = nil, hasKey: Bool = true,
        isFinal: Bool = true,
        mark: Digest = .zero
    ) -> RegisteredParticipant {
        RegisteredParticipant(
            id: id, kind: kind, organization: organization, signingKey: hasKey ? signer.publicKey : nil,
            event: EntryID(id.bytes)!, enrolmentMark: mark, isFinal: isFinal)
    }

    /// A client assertion of this holder.
    func clientAssertion(audience: String, id: String, at now: Timestamp) throws -> String {
        try ClientAssertion.make(
            clientID: self.id, audience: audience, id: id, issuedAt: now,
            expiresAt: now.advanced(byMilliseconds: 60_000), signer: signer)
    }
}

extension JSONValue {
    /// The object with one member set, or left out where the value is nil.
    func setting(_ name: String, _ value: JSONValue?) -> JSONValue {
        var members = (self.members ?? []).filter { $0.name != name }
        if let value { members.append(JSONMember(name: name, value: value)) }
        return .object(members)
    }
}
