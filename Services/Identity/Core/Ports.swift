package import Cryptography
package import Model
package import Tokens

/// What the register holds of a participant: all that tokens need, and no name.
package struct RegisteredParticipant: Hashable, Sendable {
    /// The participant.
    package let id: ParticipantID
    /// What the participant is.
    package let kind: ParticipantKind
    /// The organisation that enrolled the participant; nil for an organisation.
    package let organization: ParticipantID?
    /// The key that proves who the participant is; nil for a practitioner who acts through systems only.
    package let signingKey: PublicSigningKey?
    /// The event of the enrolment.
    package let event: EntryID
    /// Tells one enrolment's content from another's without keeping the content.
    package let enrolmentMark: Digest
    /// Whether the enrolment is final on the ledger; before that it permits nothing.
    package let isFinal: Bool

    /// States what a row holds.
    package init(
        id: ParticipantID, kind: ParticipantKind, organization: ParticipantID?, signingKey: PublicSigningKey?,
        event: EntryID, enrolmentMark: Digest, isFinal: Bool
    ) {
        self.id = id
        self.kind = kind
        self.organization = organization
        self.signingKey = signingKey
        self.event = event
        self.enrolmentMark = enrolmentMark
        self.isFinal = isFinal
    }
}

/// What the shell looks up for one enrolment, inside the transaction that will hold its outcome.
package struct EnrolmentFacts: Sendable {
    /// Who vouches, as far as the sponsor is known.
    package enum Sponsor: Sendable {
        /// An organisation that takes part in the network, and the key with which it governs.
        case founder(PublicSigningKey)
        /// An enrolled participant.
        case participant(RegisteredParticipant)
        /// Nobody whom this service knows.
        case unknown
    }

    /// The network for which signatures have to be made.
    package let networkID: Digest
    /// The sponsor that the command names; a founder only where the command enrols an organisation.
    package let sponsor: Sponsor
    /// The participant that has the id already.
    package let existing: RegisteredParticipant?
    /// The mark of the command's own content.
    package let enrolmentMark: Digest
    /// Whether another participant has the signing key already.
    package let isKeyTaken: Bool
    /// Whether the id is that of an organisation that takes part in the network or once did.
    package let isFounderID: Bool
    /// The URL of the consent service in genesis.
    package let authority: String?

    /// States what was looked up.
    package init(
        networkID: Digest, sponsor: Sponsor, existing: RegisteredParticipant?, enrolmentMark: Digest,
        isKeyTaken: Bool, isFounderID: Bool, authority: String?
    ) {
        self.networkID = networkID
        self.sponsor = sponsor
        self.existing = existing
        self.enrolmentMark = enrolmentMark
        self.isKeyTaken = isKeyTaken
        self.isFounderID = isFounderID
        self.authority = authority
    }
}

/// What the shell looks up for one token request.
package struct TokenFacts: Sendable {
    /// The URL of this service: the issuer of its tokens.
    package let issuer: String
    /// The URLs of the services in genesis, for which tokens may be made.
    package let resources: [String]
    /// The participant that the client says it is.
    package let client: RegisteredParticipant?
    /// The participant that a user assertion speaks of.
    package let user: RegisteredParticipant?

    /// States what was looked up.
    package init(
        issuer: String, resources: [String], client: RegisteredParticipant?, user: RegisteredParticipant?
    ) {
        self.issuer = issuer
        self.resources = resources
        self.client = client
        self.user = user
    }
}
