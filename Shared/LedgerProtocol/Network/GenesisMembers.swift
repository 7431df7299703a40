package import Cryptography
package import Model

/// An organisation that takes part from the start.
package struct GenesisOrganization: Hashable, Sendable {
    /// Its random id.
    package let id: ParticipantID
    /// Its name as people write it.
    package let name: String
    /// The key with which it decides on governance and sponsors enrolments.
    package let key: PublicSigningKey

    /// Takes the members as they are; `GenesisDraft` checks them.
    package init(id: ParticipantID, name: String, key: PublicSigningKey) {
        self.id = id
        self.name = name
        self.key = key
    }
}

/// A validator: an organisation's ledger process.
package struct GenesisValidator: Hashable, Sendable {
    /// The name of its cosignatures, as C2SP signed notes write key names.
    package let name: String
    /// The organisation that runs it.
    package let organization: ParticipantID
    /// Its base URL, without a slash at the end.
    package let url: String
    /// The key of its proposals, votes and refusals.
    package let consensusKey: PublicSigningKey
    /// The key of its cosignatures on checkpoints, used for nothing else.
    package let cosignatureKey: PublicSigningKey
    /// The key of its log signatures, which bear the origin's name.
    package let logKey: PublicSigningKey

    /// Takes the members as they are; `GenesisDraft` checks them.
    package init(
        name: String, organization: ParticipantID, url: String, consensusKey: PublicSigningKey,
        cosignatureKey: PublicSigningKey, logKey: PublicSigningKey
    ) {
        self.name = name
        self.organization = organization
        self.url = url
        self.consensusKey = consensusKey
        self.cosignatureKey = cosignatureKey
        self.logKey = logKey
    }
}

/// A service whose entries the ledger takes.
package struct GenesisService: Hashable, Sendable {
    /// Which service of the suite it is.
    package let service: ServiceName
    /// The organisation that runs it.
    package let organization: ParticipantID
    /// Its base URL without a slash at the end: the issuer and the audience of tokens.
    package let url: String
    /// The key of its submissions and Kafka records.
    package let signingKey: PublicSigningKey
    /// The key to which events are sealed for it.
    package let sealingKey: PublicSealingKey
    /// The key of the tokens that it issues; for identity and consent only.
    package let tokenKey: PublicSigningKey?

    /// Its name as the file writes it.
    package var name: String { service.rawValue }

    /// Takes the members as they are; `GenesisDraft` checks them.
    package init(
        service: ServiceName, organization: ParticipantID, url: String, signingKey: PublicSigningKey,
        sealingKey: PublicSealingKey, tokenKey: PublicSigningKey?
    ) {
        self.service = service
        self.organization = organization
        self.url = url
        self.signingKey = signingKey
        self.sealingKey = sealingKey
        self.tokenKey = tokenKey
    }
}

/// The policies in force from the start, each by its URI.
package struct GenesisPolicies: Hashable, Sendable {
    /// The policy that decides where no provision of any contract applies.
    package let implicit: String
    /// The policies that a contract's `policy.uri` may name.
    package let registered: [String]
    /// The code systems of purposes that contracts may name beside v3-ActReason.
    package let purposeSystems: [String]
    /// The IANA time zone in which dates without zone are read; `UTC` when the file states none.
    package let timeZone: String

    /// The zone of a network that states none.
    package static let timeZoneDefault = "UTC"

    /// Takes the URIs and the zone as they are; `GenesisDraft` checks them.
    package init(
        implicit: String, registered: [String], purposeSystems: [String] = [],
        timeZone: String = Self.timeZoneDefault
    ) {
        self.implicit = implicit
        self.registered = registered
        self.purposeSystems = purposeSystems
        self.timeZone = timeZone
    }

    /// Deny unless a contract permits, with the four policies of IHE PCF registered.
    package static let standard = GenesisPolicies(
        implicit: policyRoot + "Policy-deny",
        registered: ["Policy-all-normal", "Policy-basic-normal", "Policy-break-glass-only", "Policy-deny"]
            .map { policyRoot + $0 })

    private static let policyRoot = "https://profiles.ihe.net/ITI/PCF/"
}

/// The limits of a network, agreed because every validator must refuse the same blocks.
package struct GenesisLimits: Hashable, Sendable {
    /// The most entries of a block, its block entry not counted.
    package let blockEntriesMax: Int
    /// The most bytes of the submissions of a block.
    package let blockBytesMax: Int
    /// How many submissions of a key may wait ahead of its next sequence.
    package let submissionsAheadMax: Int
    /// How far a new proposal's time may be from a validator's own clock.
    package let proposalClockToleranceMilliseconds: Int

    /// Takes the limits as they are; `GenesisDraft` checks them.
    package init(
        blockEntriesMax: Int, blockBytesMax: Int, submissionsAheadMax: Int,
        proposalClockToleranceMilliseconds: Int
    ) {
        self.blockEntriesMax = blockEntriesMax
        self.blockBytesMax = blockBytesMax
        self.submissionsAheadMax = submissionsAheadMax
        self.proposalClockToleranceMilliseconds = proposalClockToleranceMilliseconds
    }

    /// 8,192 entries, 850,000 bytes, 16 submissions ahead, 10 s.
    package static let standard = GenesisLimits(
        blockEntriesMax: 8_192, blockBytesMax: 850_000, submissionsAheadMax: 16,
        proposalClockToleranceMilliseconds: 10_000)
}
