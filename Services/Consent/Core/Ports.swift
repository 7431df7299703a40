package import ConsentEngine
package import Cryptography
package import Model
package import Tokens

/// What this service knows of a participant from the final events of `identity`; never a name.
package struct KnownParticipant: Hashable, Sendable {
    /// The participant.
    package let id: ParticipantID
    /// What the participant is.
    package let kind: ParticipantKind
    /// The organisation that enrolled the participant; nil for an organisation.
    package let organization: ParticipantID?
    /// The key of the participant's signatures; nil for a practitioner who acts through systems only.
    package let signingKey: PublicSigningKey?
    /// The URL of the consent service that is the authority for a patient; nil for any other kind.
    package let authority: String?

    /// States what the view holds.
    package init(
        id: ParticipantID, kind: ParticipantKind, organization: ParticipantID?, signingKey: PublicSigningKey?,
        authority: String?
    ) {
        self.id = id
        self.kind = kind
        self.organization = organization
        self.signingKey = signingKey
        self.authority = authority
    }

    /// Says whether this is a patient for whom the consent service of this URL is the authority.
    package func isPatient(of authority: String) -> Bool { kind == .patient && self.authority == authority }
}

/// What a patient's nonce was used for.
package struct UsedNonce: Hashable, Sendable {
    /// SHA-256 of the message that used it.
    package let version: Digest
    /// The contract that the message made or revoked.
    package let contract: ContractID
    /// The number of the contract's version that the message became.
    package let number: Int

    /// States what was found.
    package init(version: Digest, contract: ContractID, number: Int) {
        self.version = version
        self.contract = contract
        self.number = number
    }
}

/// What the shell looks up for a submitted contract, under the lock of the patient's row.
package struct SubmissionFacts: Sendable {
    /// The network for which signatures have to be made.
    package let networkID: Digest
    /// The URL of this consent service.
    package let authority: String
    /// The patient whom the document names.
    package let patient: KnownParticipant?
    /// What the message's nonce was used for.
    package let usedNonce: UsedNonce?
    /// Those participants that the document refers to and the view knows.
    package let participants: [ParticipantID: KnownParticipant]
    /// How many contracts the patient has that are not revoked, at the organisation where there are most.
    package let standingContractCount: Int

    /// States what was looked up.
    package init(
        networkID: Digest, authority: String, patient: KnownParticipant?, usedNonce: UsedNonce?,
        participants: [ParticipantID: KnownParticipant], standingContractCount: Int
    ) {
        self.networkID = networkID
        self.authority = authority
        self.patient = patient
        self.usedNonce = usedNonce
        self.participants = participants
        self.standingContractCount = standingContractCount
    }
}

/// A contract as its newest version stands.
package struct ContractState: Hashable, Sendable {
    /// The contract.
    package let id: ContractID
    /// Whose contract it is.
    package let patient: ParticipantID
    /// The number of the newest version: 1 as granted, 2 once revoked.
    package let number: Int
    /// SHA-256 of the newest version's signed bytes.
    package let version: Digest
    /// The newest version exactly as it was signed.
    package let document: [UInt8]
    /// Whether a revocation was accepted.
    package let isRevoked: Bool
    /// The event of the newest version.
    package let event: EntryID

    /// States what the table holds.
    package init(
        id: ContractID, patient: ParticipantID, number: Int, version: Digest, document: [UInt8],
        isRevoked: Bool, event: EntryID
    ) {
        self.id = id
        self.patient = patient
        self.number = number
        self.version = version
        self.document = document
        self.isRevoked = isRevoked
        self.event = event
    }

    /// Whether the contract does nothing but deny, so that all of it holds from its acceptance.
    package var isDenial: Bool {
        let document = try? JSONValue(parsing: self.document)
        return document?["provision"]?["type"]?.string == ProvisionEffect.deny.rawValue
            && document?["provision"]?["provision"] == nil
    }
}

/// What the shell looks up for a revocation, under the lock of the patient's row.
package struct RevocationFacts: Sendable {
    /// The network for which signatures have to be made.
    package let networkID: Digest
    /// The URL of this consent service.
    package let authority: String
    /// The patient whom the document names.
    package let patient: KnownParticipant?
    /// What the message's nonce was used for.
    package let usedNonce: UsedNonce?
    /// The contract that the path names.
    package let contract: ContractState?

    /// States what was looked up.
    package init(
        networkID: Digest, authority: String, patient: KnownParticipant?, usedNonce: UsedNonce?,
        contract: ContractState?
    ) {
        self.networkID = networkID
        self.authority = authority
        self.patient = patient
        self.usedNonce = usedNonce
        self.contract = contract
    }
}

/// A contract whose revocation, if there is one, is not final, as a decision reads it.
package struct HeldContract: Hashable, Sendable {
    /// The contract's id and the hash of its signed bytes.
    package let reference: ContractReference
    /// The contract in the form that the engine reads.
    package let compiled: CompiledContract
    /// Whether the event that made it is final on the ledger.
    package let isFinal: Bool
    /// Whether a revocation was accepted that is not final yet.
    package let isRevoked: Bool

    /// States what was looked up.
    package init(
        reference: ContractReference, compiled: CompiledContract, isFinal: Bool, isRevoked: Bool = false
    ) {
        self.reference = reference
        self.compiled = compiled
        self.isFinal = isFinal
        self.isRevoked = isRevoked
    }

    /// How far the contract acts; nil when nothing in it does.
    ///
    /// INVARIANT: what permits acts from its finality to the acceptance of its revocation, what denies from
    /// its acceptance to the finality of its revocation; so nothing permits more before a quorum has it.
    var standing: StandingContract? {
        if isFinal && !isRevoked { return StandingContract(compiled) }
        return compiled.restricts ? StandingContract(compiled, .restrictionsOnly) : nil
    }
}

/// What the shell looks up for an access request, under the lock of the patient's row.
package struct AccessFacts: Sendable {
    /// Whether patient and custodian are enrolled, and this service is the patient's authority.
    package let isKnown: Bool
    /// The patient's contracts that bind the custodian and have no final revocation.
    package let contracts: [HeldContract]
    /// The policies of the custodian.
    package let policies: DecisionPolicies

    /// States what was looked up.
    package init(isKnown: Bool, contracts: [HeldContract], policies: DecisionPolicies) {
        self.isKnown = isKnown
        self.contracts = contracts
        self.policies = policies
    }
}
