package import Cryptography
package import Model

/// The kinds of participants that are enrolled and hold tokens.
package enum ParticipantKind: String, CaseIterable, Sendable {
    case organization
    case practitioner
    case patient
    case system
}

/// What an enrolment states of a participant, and the event `participantEnrolled` tells the other services.
package struct EnrolledParticipant: Hashable, Sendable {
    /// The longest name.
    package static let nameBytesMax = 200

    /// The participant; also the event's subject.
    package let id: ParticipantID
    /// What the participant is.
    package let kind: ParticipantKind
    /// The name as people write it; personal data.
    package let name: String
    /// The organisation that enrolled the participant; nil for an organisation.
    package let organization: ParticipantID?
    /// The key of the participant's signatures; nil for a practitioner who acts through systems only.
    package let signingKey: PublicSigningKey?
    /// The key to which content for the participant is sealed; nil for a practitioner without keys.
    package let sealingKey: PublicSealingKey?
    /// The URL of the consent service that is the authority for a patient; nil for any other kind.
    package let authority: String?

    /// States a participant; `identity` has checked that the members fit the kind.
    package init(
        id: ParticipantID, kind: ParticipantKind, name: String, organization: ParticipantID?,
        signingKey: PublicSigningKey?, sealingKey: PublicSealingKey?, authority: String?
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.organization = organization
        self.signingKey = signingKey
        self.sealingKey = sealingKey
        self.authority = authority
    }

    /// The data of the event; members that do not apply are left out.
    package var eventData: JSONValue {
        .compact([
            ("kind", .string(kind.rawValue)), ("name", .string(name)),
            ("organization", organization.map { .id($0) }),
            ("signingKey", signingKey.map { .string(Base64.encode($0.bytes)) }),
            ("sealingKey", sealingKey.map { .string(Base64.encode($0.bytes)) }),
            ("authority", authority.map { .string($0) }),
        ])
    }

    /// Reads an event's data; nil when it is not what ``eventData`` writes.
    ///
    /// - Parameter id: the event's subject.
    package init?(id: ParticipantID, eventData: JSONValue) {
        let reader = ClaimReader(eventData)
        do throws(TokenRefusal) {
            guard let kind = ParticipantKind(rawValue: try reader.text("kind")) else { return nil }
            let signingKey = try reader.optionalBytes("signingKey")
            let sealingKey = try reader.optionalBytes("sealingKey")
            self.init(
                id: id, kind: kind, name: try reader.text("name", bytesMax: Self.nameBytesMax),
                organization: try reader.optionalParticipant("organization"),
                signingKey: signingKey.flatMap { try? PublicSigningKey($0) },
                sealingKey: sealingKey.flatMap { try? PublicSealingKey($0) },
                authority: try reader.optionalText("authority"))
            try self.eventData.requireSameClaims(as: eventData)
        } catch {
            return nil
        }
    }
}
