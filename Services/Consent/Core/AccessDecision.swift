import ConsentEngine
package import Cryptography
package import Model
package import Tokens

/// A decision as it is recorded: everything that a token, a later check and an explanation need.
package struct AccessDecision: Hashable, Sendable {
    /// How long a token is valid; the most that receivers accept.
    package static let tokenLifetimeSeconds = TokenLimits.lifetimeSecondsMax

    /// The decision, its event and its ledger entry.
    package let id: EntryID
    /// Who authenticated itself.
    package let client: ParticipantID
    /// What makes a repeated request the same one.
    package let requestDigest: Digest
    /// The patient whose records were asked for, as asked; perhaps unknown.
    package let patient: ParticipantID
    /// The clinician who asked.
    package let practitioner: ParticipantID
    /// The organisation for which the clinician acted.
    package let organization: ParticipantID
    /// The system through which the clinician asked.
    package let system: ParticipantID?
    /// The organisation that holds the records.
    package let custodian: ParticipantID
    /// The purposes permitted, codes of v3-ActReason; empty when access is denied.
    package let grantedPurposes: [String]
    /// The FHIR resource types asked for; empty for all.
    package let resourceTypes: [String]
    /// The contract versions that were looked at and were not revoked; the token names them.
    package let contracts: [ContractReference]
    /// The URIs of the policies under which those contracts stand.
    package let policies: [String]
    /// The data of the event `access.decided.v1`.
    package let data: JSONValue
    /// The sentences for the patient.
    package let patientSentences: [String]
    /// The sentence for the requester: their own side only.
    package let requesterSentence: String
    /// When it was decided.
    package let decidedAt: Timestamp

    /// States what the table holds.
    package init(
        id: EntryID, client: ParticipantID, requestDigest: Digest, patient: ParticipantID,
        practitioner: ParticipantID, organization: ParticipantID, system: ParticipantID?,
        custodian: ParticipantID, grantedPurposes: [String], resourceTypes: [String],
        contracts: [ContractReference], policies: [String], data: JSONValue, patientSentences: [String],
        requesterSentence: String, decidedAt: Timestamp
    ) {
        self.id = id
        self.client = client
        self.requestDigest = requestDigest
        self.patient = patient
        self.practitioner = practitioner
        self.organization = organization
        self.system = system
        self.custodian = custodian
        self.grantedPurposes = grantedPurposes
        self.resourceTypes = resourceTypes
        self.contracts = contracts
        self.policies = policies
        self.data = data
        self.patientSentences = patientSentences
        self.requesterSentence = requesterSentence
        self.decidedAt = decidedAt
    }

    init(
        id: EntryID, request: AccessRequest, decision: ConsentDecision, contracts: [HeldContract],
        decidedAt: Timestamp
    ) {
        // A revoked denial denied with the others, and a token that named it would end with it.
        let ordered = contracts.filter { !$0.isRevoked }.sorted { $0.reference.id < $1.reference.id }
        var policies: [String] = []
        for policy in ordered.compactMap(\.compiled.policyURI) where !policies.contains(policy) {
            policies.append(policy)
        }
        self.init(
            id: id, client: request.client, requestDigest: request.digest, patient: request.details.patient,
            practitioner: request.practitioner, organization: request.organization, system: request.system,
            custodian: request.details.custodian,
            grantedPurposes: decision.permittedPurposes.map(\.code),
            resourceTypes: request.details.resourceTypes, contracts: ordered.map(\.reference),
            policies: policies, data: Self.data(of: request, decision: decision),
            patientSentences: DecisionExplanation.forPatient(decision),
            requesterSentence: DecisionExplanation.forRequester(decision, reference: id.description),
            decidedAt: decidedAt)
    }

    /// Whether anything was permitted.
    package var isPermit: Bool { !grantedPurposes.isEmpty }

    /// Says whether the permit still stands: no contract of it was revoked, and nothing denies it now.
    ///
    /// - Parameter facts: what holds now, under the lock of the patient's row.
    package func stillHolds(_ facts: AccessFacts, now: Timestamp) -> Bool {
        let standing = Set(facts.contracts.filter { !$0.isRevoked }.map(\.reference))
        guard isPermit, facts.isKnown, contracts.allSatisfy(standing.contains) else { return false }
        let purposes = grantedPurposes.compactMap { PurposeCode(code: $0) }
        let decision = ConsentEvaluator.decide(
            AccessRequest.facts(
                patient: patient, practitioner: practitioner, organization: organization,
                custodian: custodian, purposes: purposes, now: now),
            contracts: facts.contracts.compactMap(\.standing), policies: facts.policies)
        return decision.permittedPurposes == purposes
    }

    /// Returns the one token of this decision; the same arguments give the same token.
    ///
    /// - Parameter entryIndex: the ledger index of the decision's entry, which is final.
    package func token(
        authority: AccessAuthority, entryIndex: UInt64, issuedAt: Timestamp
    ) -> RecordAccessToken {
        RecordAccessToken(
            issuer: authority.issuer, subject: practitioner, organization: organization, actor: system,
            audience: authority.records, patient: patient, purposes: grantedPurposes,
            resourceTypes: resourceTypes, decision: id, entryIndex: entryIndex, contracts: contracts,
            policies: policies, issuedAt: issuedAt,
            expiresAt: issuedAt.advanced(byMilliseconds: Self.tokenLifetimeSeconds * 1_000),
            // One decision yields one token, so the decision's id is the token's as well.
            id: id.description)
    }

    private static func data(of request: AccessRequest, decision: ConsentDecision) -> JSONValue {
        let canonical = decision.canonical()
        var members: [JSONMember] = []
        func add(_ name: String, _ value: JSONValue?) {
            if let value { members.append(JSONMember(name: name, value: value)) }
        }
        add("actor", .string(request.practitioner.description))
        add("actingFor", .string(request.organization.description))
        add("system", request.system.map { .string($0.description) })
        add("custodian", .string(request.details.custodian.description))
        add("patient", .string(request.details.patient.description))
        add("effect", .string(decision.effect.rawValue))
        add("purposes", canonical["purposes"])
        add("resourceTypes", .array(request.details.resourceTypes.map { .string($0) }))
        add("relationship", request.details.relationship.map { .string($0) })
        add("contracts", canonical["contracts"])
        add("decision", canonical)
        return .object(members)
    }
}
