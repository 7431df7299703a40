/// The smallest change that would have turned the decision about one purpose.
package struct Counterfactual: Sendable {
    /// One difference between what was and what would have been.
    package enum Change: Hashable, Sendable {
        /// A clause would have been absent.
        case without(Clause)
        /// A condition would have been met.
        case met(UnmetCondition)
        /// A contract with this one provision would have been there.
        case with(Provision)
    }

    /// What would have been otherwise, all of it.
    package let changes: [Change]
    /// What would have been decided.
    package let effect: ProvisionEffect
    /// Whether no fewer changes would have turned it; false when there were too many to try.
    package let isSmallest: Bool

    /// Sets of changes that are tried before one is made smaller step by step.
    private static let trialCountMax = 4_096

    /// Finds the changes for one purpose of a decision; of sets of the same size, those that take away
    /// clauses come before those that meet conditions, and these before those that add a contract.
    ///
    /// - Returns: nil for a purpose that is not in the decision.
    package static func find(for purpose: PurposeCode, of decision: ConsentDecision) -> Counterfactual? {
        guard let decided = decision.purposes.first(where: { $0.purpose == purpose }) else { return nil }
        let candidates = candidates(for: decided)
        let wanted = decided.effect.opposite
        var trialCount = 0
        for size in 1...max(1, candidates.count) {
            var found: [Change]?
            let isWhole = combinations(of: candidates, size: size) { changes in
                trialCount += 1
                guard trialCount <= trialCountMax else { return false }
                guard effect(of: decided, after: changes) == wanted else { return true }
                found = changes
                return false
            }
            if let found { return Counterfactual(changes: found, effect: wanted, isSmallest: true) }
            if !isWhole { break }
        }
        return irreducible(candidates, decided, wanted)
    }

    /// Everything at once, without what is not needed.
    private static func irreducible(
        _ candidates: [Change], _ decided: PurposeDecision, _ wanted: ProvisionEffect
    ) -> Counterfactual? {
        guard effect(of: decided, after: candidates) == wanted else { return nil }
        var changes = candidates
        for change in candidates {
            let fewer = changes.filter { $0 != change }
            if effect(of: decided, after: fewer) == wanted { changes = fewer }
        }
        return Counterfactual(changes: changes, effect: wanted, isSmallest: false)
    }

    /// Clauses of the other effect cannot turn a decision by their absence, nor can what does not apply.
    private static func candidates(for decided: PurposeDecision) -> [Change] {
        let rules = decided.rules
        let clauses = rules.rules.indices.filter { rules.rules[$0].effect == decided.effect }
        var changes: [Change] = decided.clauses(clauses, of: rules).map { .without($0) }
        if decided.effect == .deny { changes += decided.unmetConditions.map { .met($0) } }
        changes.append(
            .with(
                Provision(
                    decided.effect.opposite, actors: [decided.request.actor], purposes: [decided.purpose])))
        return changes
    }

    private static func effect(of decided: PurposeDecision, after changes: [Change]) -> ProvisionEffect {
        var conditions = decided.request.conditions
        var absent: Set<Clause> = []
        var contracts = decided.rules.contracts
        for change in changes {
            switch change {
            case .without(let clause): absent.insert(clause)
            case .met(let unmet):
                let key = ContractCondition(
                    contractID: unmet.clause.contractID, condition: unmet.condition)
                conditions[key] = .yes
            case .with(let provision):
                let terms = ContractTerms(
                    contractID: "", version: "", patient: decided.request.patient,
                    custodians: Array(decided.request.custodian.prefix(1)), root: provision)
                contracts.append(StandingContract(CompiledContract(terms)))
            }
        }
        let request = decided.request.with(conditions)
        let rules = AccessRules(
            RequestKeys(request, custodian: request.custodian), PurposeKeys(decided.purpose),
            contracts: contracts, without: absent)
        return PurposeDecision(decided.purpose, of: request, by: rules, decided.policies).effect
    }

    /// Calls a function with each set of so many elements, in order, while it answers true.
    ///
    /// - Returns: whether it always did.
    private static func combinations(
        of elements: [Change], size: Int, _ visit: ([Change]) -> Bool
    ) -> Bool {
        func extend(_ chosen: [Change], from start: Int) -> Bool {
            guard chosen.count < size else { return visit(chosen) }
            let missing = size - chosen.count
            guard elements.count - start >= missing else { return true }
            for index in start...(elements.count - missing) {
                guard extend(chosen + [elements[index]], from: index + 1) else { return false }
            }
            return true
        }
        return extend([], from: 0)
    }
}

extension Counterfactual {
    /// The answer in words for the patient and the privacy officer.
    package var sentence: String {
        let words = changes.map { change in
            switch change {
            case .without(let clause):
                "clause `\(clause.path)` of contract `\(clause.contractID)` been absent"
            case .met(let unmet):
                "the condition of clause `\(unmet.clause.path)` of contract "
                    + "`\(unmet.clause.contractID)` been met "
                    + "(\(ProvisionDescription.words(for: unmet.condition)))"
            case .with(let provision):
                "there been a contract that \(ProvisionDescription.words(for: provision))"
            }
        }
        let verb = effect == .permit ? "permitted" : "denied"
        return "It would have been \(verb) had \(words.joined(separator: ", and "))."
    }
}

extension AccessRequestFacts {
    fileprivate func with(_ conditions: [ContractCondition: Truth]) -> AccessRequestFacts {
        AccessRequestFacts(
            patient: patient, linkedPatients: linkedPatients, actor: actor, actingFor: actingFor,
            groups: groups, custodian: custodian, purposes: purposes, action: action,
            conditions: conditions, atMilliseconds: atMilliseconds)
    }
}
