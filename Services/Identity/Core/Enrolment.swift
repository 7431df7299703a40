package import Cryptography
package import Model
package import Tokens

/// The signed part of an enrolment: who is enrolled, with which keys, and when it was asked for.
package struct Enrolment: Sendable {
    /// How far `issuedAt` may lie from the service's clock, so that a lost request cannot be used much later.
    package static let ageMillisecondsMax: Int64 = 600_000
    /// The longest URL of an authority.
    package static let authorityBytesMax = 512

    /// The participant as the enrolment states it.
    package let participant: EnrolledParticipant
    /// When the enrolment was made.
    package let issuedAt: Timestamp
    /// The object as received; its canonical form is what is signed.
    package let json: JSONValue
    /// SHA-256 of the canonical form.
    package let digest: Digest

    /// Reads the object `enrolment` of a request; unknown members are refused.
    ///
    /// - Throws: `EnrolmentRefusal`.
    package init(_ json: JSONValue) throws(EnrolmentRefusal) {
        let members = try MemberReader(json, named: "enrolment")
        try members.allow([
            "id", "kind", "name", "organization", "signingKey", "sealingKey", "authority", "issuedAt",
        ])
        guard let kind = ParticipantKind(rawValue: try members.text("kind")) else { throw .malformed("kind") }
        guard let id = ParticipantID(try members.text("id")) else { throw .malformed("id") }
        guard let issuedAt = Timestamp(try members.text("issuedAt")) else { throw .malformed("issuedAt") }
        participant = EnrolledParticipant(
            id: id, kind: kind, name: try members.text("name", bytesMax: EnrolledParticipant.nameBytesMax),
            organization: try Self.organization(in: members), signingKey: try Self.signingKey(in: members),
            sealingKey: try Self.sealingKey(in: members),
            authority: try members.optionalText("authority", bytesMax: Self.authorityBytesMax))
        self.issuedAt = issuedAt
        self.json = json
        guard let bytes = try? json.canonicalBytes() else { throw .malformed("enrolment") }
        digest = SHA256.hash(bytes)
        try Self.checkMembers(of: participant)
    }

    /// Checks that exactly those members are stated that the kind of participant has.
    private static func checkMembers(of participant: EnrolledParticipant) throws(EnrolmentRefusal) {
        let isOrganization = participant.kind == .organization
        try require(participant.organization != nil, unless: isOrganization, "organization")
        try require(participant.authority != nil, unless: participant.kind != .patient, "authority")
        let hasSigningKey = participant.signingKey != nil
        let hasSealingKey = participant.sealingKey != nil
        if participant.kind == .practitioner {
            // A practitioner either holds both keys or acts through a system and holds none.
            guard hasSigningKey == hasSealingKey else {
                throw .missingMember(hasSigningKey ? "sealingKey" : "signingKey")
            }
        } else {
            guard hasSigningKey else { throw .missingMember("signingKey") }
            guard hasSealingKey else { throw .missingMember("sealingKey") }
        }
    }

    private static func require(
        _ isStated: Bool, unless isForeign: Bool, _ name: String
    ) throws(EnrolmentRefusal) {
        if isForeign {
            guard !isStated else { throw .unknownMember(name) }
        } else {
            guard isStated else { throw .missingMember(name) }
        }
    }

    private static func organization(in members: MemberReader) throws(EnrolmentRefusal) -> ParticipantID? {
        guard let text = try members.optionalText("organization") else { return nil }
        guard let id = ParticipantID(text) else { throw .malformed("organization") }
        return id
    }

    private static func signingKey(in members: MemberReader) throws(EnrolmentRefusal) -> PublicSigningKey? {
        guard let bytes = try members.optionalBytes("signingKey") else { return nil }
        guard let key = try? PublicSigningKey(bytes) else { throw .unsoundKey("signingKey") }
        return key
    }

    private static func sealingKey(in members: MemberReader) throws(EnrolmentRefusal) -> PublicSealingKey? {
        guard let bytes = try members.optionalBytes("sealingKey") else { return nil }
        guard let key = try? PublicSealingKey(bytes) else { throw .unsoundKey("sealingKey") }
        return key
    }
}
