/// What a contract would change if it were signed, asked of the same engine that decides.
package struct ContractPreview: Sendable {
    /// Who could see what once it is in force, beside all that is in force already.
    package let access: [AccessLine]
    /// Where that differs from what is in force now.
    package let changes: [AccessChange]
    /// The clauses of the contract that can never matter.
    package let idle: [IdleClause]

    /// Looks ahead.
    ///
    /// - Parameters:
    ///   - draft: the contract that is not signed yet.
    ///   - inForce: the patient's other contracts.
    ///   - policies: the custodian's policies.
    ///   - instant: now, in milliseconds since 1970.
    package init(
        of draft: CompiledContract, besides inForce: [StandingContract], policies: DecisionPolicies,
        atMilliseconds instant: Int64
    ) {
        let signed = inForce + [StandingContract(draft)]
        let survey = AccessSurvey(signed, policies: policies, custodian: draft.terms.custodians, instant)
        let before = survey.lines(by: inForce)
        access = survey.lines(by: signed)
        changes = zip(before, access).compactMap { before, after in
            before.extent == after.extent && before.untilMilliseconds == after.untilMilliseconds
                ? nil : AccessChange(before: before, after: after)
        }
        idle = IdleClause.find(in: draft, besides: inForce, atMilliseconds: instant)
    }
}

/// What somebody could see, for one purpose.
package struct AccessLine: Hashable, Sendable {
    /// How much could be seen.
    package enum Extent: Hashable, Sendable {
        /// Nothing.
        case nothing
        /// What the clauses leave, each resource judged on its own.
        case some([ResidualRule])
        /// Data labelled so or less, by the custodian's policy.
        case upTo(Confidentiality)
        /// Everything.
        case everything
    }

    /// The person, group or organisation; nil for anybody whom no contract names.
    package let actor: String?
    /// For which purpose.
    package let purpose: PurposeCode
    /// How much.
    package let extent: Extent
    /// Until when it stays so, in milliseconds since 1970; nil for as long as nothing else is signed.
    package let untilMilliseconds: Int64?

    /// States a line.
    package init(actor: String?, purpose: PurposeCode, extent: Extent, untilMilliseconds: Int64?) {
        self.actor = actor
        self.purpose = purpose
        self.extent = extent
        self.untilMilliseconds = untilMilliseconds
    }
}

/// A line that a contract would change.
package struct AccessChange: Hashable, Sendable {
    /// How it is.
    package let before: AccessLine
    /// How it would be.
    package let after: AccessLine
}

/// Asks the engine about everybody whom contracts name, and somebody whom they do not, for every purpose.
package struct AccessSurvey: Sendable {
    private let contracts: [StandingContract]
    private let policies: DecisionPolicies
    private let custodian: [String]
    private let patient: String
    private let instant: Int64
    private let actors: [String?]
    private let purposes: [PurposeCode]

    /// Prepares the questions.
    ///
    /// - Parameters:
    ///   - contracts: all contracts of one patient, those not in force yet too; never empty.
    ///   - policies: the custodian's policies.
    ///   - custodian: the organisation whose records are asked about, then those above it.
    ///   - instant: now, in milliseconds since 1970.
    package init(
        _ contracts: [StandingContract], policies: DecisionPolicies, custodian: [String], _ instant: Int64
    ) {
        self.contracts = contracts
        self.policies = policies
        self.custodian = custodian
        self.instant = instant
        let terms = contracts.map(\.contract.terms)
        patient = terms.last?.patient ?? ""
        let provisions = terms.flatMap(\.provisions)
        actors = [nil] + Set(provisions.flatMap(\.actors)).sorted(by: precedes)
        let registered = Set(provisions.flatMap(\.purposes).filter { $0.registeredSystem != nil })
        purposes = PurposeCode.all + registered.sorted { precedes($0.code, $1.code) }
    }

    /// Who could see what, by some of the contracts: one line for each actor and purpose.
    package func lines(by contracts: [StandingContract]) -> [AccessLine] {
        let boundaries = boundaries
        return actors.flatMap { actor in
            purposes.map { purpose in
                let extent = extent(actor, purpose, contracts, instant)
                let until = boundaries.first { self.extent(actor, purpose, contracts, $0) != extent }
                return AccessLine(
                    actor: actor, purpose: purpose, extent: extent, untilMilliseconds: until.map { $0 - 1 })
            }
        }
    }

    /// Who could see one resource, such as a test result, for which purpose.
    ///
    /// - Returns: the lines of those who could; `everything` stands for the whole of this resource.
    package func whoCouldSee(_ resource: ResourceFacts) -> [AccessLine] {
        actors.flatMap { actor in
            purposes.compactMap { purpose -> AccessLine? in
                guard sees(resource, actor, purpose, instant) else { return nil }
                let until = boundaries.first { !sees(resource, actor, purpose, $0) }
                return AccessLine(
                    actor: actor, purpose: purpose, extent: .everything,
                    untilMilliseconds: until.map { $0 - 1 })
            }
        }
    }

    /// The instants after now at which a period begins or has ended.
    private var boundaries: [Int64] {
        let periods = contracts.flatMap { $0.contract.terms.provisions.compactMap(\.period) }
        let instants = periods.flatMap { [$0.start, $0.end.map { $0 + 1 }] }.compactMap { $0 }
        return Set(instants.filter { $0 > instant }).sorted()
    }

    private func sees(
        _ resource: ResourceFacts, _ actor: String?, _ purpose: PurposeCode, _ instant: Int64
    ) -> Bool {
        let decided = decide(actor, purpose, contracts, instant)
        return decided.effect == .permit && decided.judge(resource).effect == .permit
    }

    private func extent(
        _ actor: String?, _ purpose: PurposeCode, _ contracts: [StandingContract], _ instant: Int64
    ) -> AccessLine.Extent {
        let decided = decide(actor, purpose, contracts, instant)
        guard decided.effect == .permit else { return .nothing }
        let residual = decided.residual
        if !residual.isEmpty { return .some(residual) }
        switch decided.reason {
        case .permittedByContract: return .everything
        case .permittedByBreakGlassPolicy:
            return policies.breakGlass?.scopeMax.map { .upTo($0) } ?? .everything
        case .deniedByContract, .noContractApplies, .expired, .notYetInForce, .conditionUnmet, .undetermined,
            .notNormal, .deniedByBreakGlassPolicy, .beyondBreakGlassPolicy:
            return .upTo(.normal)
        }
    }

    /// Every condition counts as met: who could see is asked, not who may at this moment.
    private func decide(
        _ actor: String?, _ purpose: PurposeCode, _ contracts: [StandingContract], _ instant: Int64
    ) -> PurposeDecision {
        var conditions: [ContractCondition: Truth] = [:]
        for contract in contracts.map(\.contract) {
            for condition in contract.conditions {
                conditions[ContractCondition(contractID: contract.contractID, condition: condition)] = .yes
            }
        }
        let isOrganization = actor?.hasPrefix("Organization/") ?? false
        let isGroup = actor.map { $0.hasPrefix("Group/") || $0.hasPrefix("CareTeam/") } ?? false
        let person = actor.flatMap { isOrganization || isGroup ? nil : $0 }
        let request = AccessRequestFacts(
            // No id has a space, so that this one is nobody's.
            patient: patient, actor: person ?? "Practitioner/ anybody",
            actingFor: isOrganization ? [actor].compactMap { $0 } : [],
            groups: isGroup ? [actor].compactMap { $0 } : [], custodian: custodian, purposes: [purpose],
            conditions: conditions, atMilliseconds: instant)
        let rules = AccessRules(
            RequestKeys(request, custodian: custodian), PurposeKeys(purpose), contracts: contracts)
        return PurposeDecision(purpose, of: request, by: rules, policies)
    }
}
