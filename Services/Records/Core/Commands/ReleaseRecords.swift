package import ConsentEngine
package import Model
package import Tokens

/// Says why an authentic token opens nothing; part of the event `access.refused.v1`.
package enum ReleaseRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// The path names another patient than the token.
    case otherPatient = "other-patient"
    /// The purpose named is not one of the token's.
    case purposeNotGranted = "purpose-not-granted"
    /// The token says something else than the decision that it names.
    case decisionDiffers = "decision-differs"
    /// A contract that the token names was revoked.
    case contractRevoked = "contract-revoked"
    /// A contract of the patient cannot be evaluated.
    case contractUnreadable = "contract-unreadable"
    /// The contracts, as they are now, no longer permit it.
    case noLongerPermitted = "no-longer-permitted"
    /// The resource asked for is hidden from this request, or there is none; nobody is told which.
    case resourceNotReleased = "resource-not-released"
    /// More is permitted than one answer holds.
    case tooMuch = "too-much"
}

/// Says what has to arrive here before a request can be answered.
package enum ReleaseDelay: String, Hashable, Sendable, CaseIterable {
    /// The views of `identity` or `consent` are older than permitted.
    case viewStale = "view-stale"
    /// The decision has not arrived.
    case decisionNotSeen = "decision-not-seen"
    /// A contract that the token names has not arrived.
    case contractNotSeen = "contract-not-seen"
}

/// What the shell looks up for one read, inside the transaction that will hold its disclosure.
package struct ReleaseFacts: Sendable {
    /// A contract of the patient that has no final revocation here.
    package struct Contract: Sendable {
        /// The contract and its version.
        package let reference: ContractReference
        /// What the engine reads; nil when the document does not compile.
        package let compiled: CompiledContract?
        /// Whether its event is known to be final, so that what it permits acts.
        package let isFinal: Bool

        /// Pairs a contract with its evaluation form.
        package init(reference: ContractReference, compiled: CompiledContract?, isFinal: Bool) {
            self.reference = reference
            self.compiled = compiled
            self.isFinal = isFinal
        }
    }

    /// Whether the views of `identity` and `consent` are recent enough to release anything.
    package let isFresh: Bool
    /// The decision that the token names, if it has arrived.
    package let decision: RecordedDecision?
    /// The contracts of the patient that have no final revocation; a denial counts until it has one.
    package let contracts: [Contract]
    /// The contracts of the patient that were revoked, pending revocations included.
    package let revoked: Set<ContractID>
    /// The custodian's policies.
    package let policies: DecisionPolicies
    /// How the custodian reads its records.
    package let reading: RecordReading

    /// States what was looked up.
    package init(
        isFresh: Bool, decision: RecordedDecision?, contracts: [Contract], revoked: Set<ContractID>,
        policies: DecisionPolicies, reading: RecordReading
    ) {
        self.isFresh = isFresh
        self.decision = decision
        self.contracts = contracts
        self.revoked = revoked
        self.policies = policies
        self.reading = reading
    }
}

/// Reads a patient's records with a verified record-access token.
package struct ReleaseRecords: Sendable {
    /// Resources of one answer; more are read type by type.
    package static let resourceCountMax = 2_000
    /// Refusals of one token that become events; further ones are counted and tell nobody anything new.
    package static let refusalEventCountMax = 8
    /// Bytes of the contents of one answer.
    package static let contentBytesMax = 32 << 20

    /// What is asked for.
    package enum Target: Hashable, Sendable {
        /// All records of a patient, of these types only if any are named.
        case everything(of: ParticipantID, types: Set<String>)
        /// One resource of the token's patient; nil when the path names none that the vault could hold.
        case resource(ResourceKey?)
    }

    /// How a request is to be answered.
    package enum Outcome: Sendable {
        case permit(ReleasePermission)
        case refuse(ReleaseRefusal)
        case wait(ReleaseDelay)
    }

    /// The token, verified.
    package let token: RecordAccessToken
    /// What is asked for.
    package let target: Target
    /// The purpose of the read, as the request or else the token names it.
    package let purpose: String

    /// States the command; nil when the token has several purposes and the request names none.
    package init?(token: RecordAccessToken, target: Target, purpose: String?) {
        guard let purpose = purpose ?? (token.purposes.count == 1 ? token.purposes.first : nil) else {
            return nil
        }
        self.token = token
        self.target = target
        self.purpose = purpose
    }

    /// What the token alone forbids, whatever has arrived here.
    package var refusalByToken: ReleaseRefusal? {
        if case .everything(let patient, _) = target, patient != token.patient { return .otherPatient }
        guard token.purposes.contains(purpose), PurposeCode(code: purpose) != nil else {
            return .purposeNotGranted
        }
        return nil
    }

    /// Decides the read at a time; resources are then judged one by one with the permission.
    package func decide(_ facts: ReleaseFacts, now: Timestamp) -> Outcome {
        if let refusal = refusalByToken { return .refuse(refusal) }
        guard facts.revoked.isDisjoint(with: token.contracts.map(\.id)) else {
            return .refuse(.contractRevoked)
        }
        // INVARIANT: nothing is released on a view that may lack a revocation.
        guard facts.isFresh else { return .wait(.viewStale) }
        guard let decision = facts.decision else { return .wait(.decisionNotSeen) }
        guard decision.covers(token), let custodian = decision.custodian,
            let purposeCode = PurposeCode(code: purpose)
        else { return .refuse(.decisionDiffers) }
        let known = Set(facts.contracts.map(\.reference))
        guard known.isSuperset(of: token.contracts) else { return .wait(.contractNotSeen) }
        guard let contracts = standing(facts.contracts) else { return .refuse(.contractUnreadable) }
        let request = AccessRequestFacts(
            patient: "Patient/\(token.patient)", actor: decision.actor, actingFor: decision.actingFor,
            groups: decision.groups, custodian: decision.custodianChain, purposes: [purposeCode],
            atMilliseconds: now.milliseconds)
        let again = ConsentEvaluator.decide(request, contracts: contracts, policies: facts.policies)
        guard again.effect == .permit, let decided = again.purposes.first else {
            return .refuse(.noLongerPermitted)
        }
        return .permit(
            ReleasePermission(
                custodian: custodian, types: types, decided: decided, custodianChain: request.custodian,
                reading: facts.reading))
    }

    /// The types that token and request have in common; nil for all.
    private var types: Set<String>? {
        let granted = token.resourceTypes.isEmpty ? nil : Set(token.resourceTypes)
        guard case .everything(_, let asked) = target, !asked.isEmpty else { return granted }
        return granted?.intersection(asked) ?? asked
    }

    /// The contracts that the token names, and what all others deny, made before the decision or later.
    ///
    /// What a contract permits that was not decided upon releases nothing.
    private func standing(_ contracts: [ReleaseFacts.Contract]) -> [StandingContract]? {
        var standing: [StandingContract] = []
        for contract in contracts {
            guard let compiled = contract.compiled else { return nil }
            let isNamed = token.contracts.contains(contract.reference)
            standing.append(
                StandingContract(
                    compiled, isNamed && contract.isFinal ? .full : .restrictionsOnly))
        }
        return standing
    }
}

extension ReleaseRecords {
    /// The data of the event `access.disclosed.v1`.
    package func disclosed(
        _ resources: [(key: ResourceKey, version: RecordVersionID)], custodian: ParticipantID,
        labelRules: String
    ) -> JSONValue {
        let described = resources.map { resource -> JSONValue in
            [
                "id": .string(resource.key.id), "type": .string(resource.key.type),
                "version": .string(resource.version.description),
            ]
        }
        return .object(
            parties + [
                JSONMember(name: "custodian", value: .string(custodian.description)),
                JSONMember(name: "resources", value: .array(described)),
                JSONMember(name: "count", value: .number(JSONNumber(resources.count))),
                JSONMember(name: "labelRules", value: .string(labelRules)),
            ])
    }

    /// The data of the event `access.refused.v1`.
    package func refused(_ refusal: ReleaseRefusal) -> JSONValue {
        .object(parties + [JSONMember(name: "reason", value: .string(refusal.rawValue))])
    }

    private var parties: [JSONMember] {
        var members = [
            JSONMember(name: "decision", value: .string(token.decision.description)),
            JSONMember(name: "token", value: .string(token.id)),
            JSONMember(name: "recipient", value: .string(token.subject.description)),
            JSONMember(name: "recipientOrganization", value: .string(token.organization.description)),
        ]
        // A purpose that nobody granted comes from a header and is not repeated into an event.
        if token.purposes.contains(purpose) {
            members.append(JSONMember(name: "purpose", value: .string(purpose)))
        }
        if let actor = token.actor {
            members.append(JSONMember(name: "system", value: .string(actor.description)))
        }
        return members
    }
}
