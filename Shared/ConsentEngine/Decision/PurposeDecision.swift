import Model

/// The decision about one purpose, and what is needed to judge resources by it.
package struct PurposeDecision: Sendable {
    /// The purpose decided.
    package let purpose: PurposeCode
    /// Permit or deny.
    package let effect: ProvisionEffect
    /// Why.
    package let reason: DecisionReason
    private let deciding: [Int]
    let rules: AccessRules
    private let inputs: DecisionInputs

    var policies: DecisionPolicies { inputs.policies }
    var request: AccessRequestFacts { inputs.request }

    init(
        purpose: PurposeCode, effect: ProvisionEffect, reason: DecisionReason, deciding: [Int],
        rules: AccessRules, inputs: DecisionInputs
    ) {
        self.purpose = purpose
        self.effect = effect
        self.reason = reason
        self.deciding = deciding
        self.rules = rules
        self.inputs = inputs
    }

    /// The clauses that decided, sorted; empty where a policy did.
    package var clauses: [Clause] { clauses(deciding, of: rules) }

    /// The clauses of rules, sorted and each once.
    func clauses(_ indices: [Int], of rules: AccessRules) -> [Clause] { rules.clauses(indices) }

    /// Permits that would apply but for these conditions, sorted.
    package var unmetConditions: [UnmetCondition] {
        Set(
            rules.unmet.map { unmet in
                UnmetCondition(
                    clause: Clause(
                        contract: rules.contracts[unmet.contract].contract, place: unmet.place,
                        effect: .permit),
                    condition: unmet.condition, truth: unmet.truth)
            }
        ).sorted()
    }

    /// What is left to be held against resources; empty when everything is permitted or nothing is.
    ///
    /// Each contract stands for itself, and a resource that one of them denies stays denied whatever comes
    /// after: the residual of PCF's appendix would let a permit outweigh a forbid.
    package var residual: [ResidualRule] {
        guard effect == .permit, !rules.areUnscoped else { return [] }
        var residual: [ResidualRule] = []
        for indices in rules.byContract {
            let nested = indices.filter { rules.rules[$0].place > 0 }.map { residualRule($0) }
            guard let root = indices.first(where: { rules.rules[$0].place == 0 }) else {
                residual += nested
                continue
            }
            // What the root permits anyway needs no exception.
            let isPermitted = rules.rules[root].effect == .permit && rules.rules[root].scope == nil
            residual.append(
                residualRule(
                    root, exceptions: nested.filter { !isPermitted || $0.clause.effect == .deny }))
        }
        return Set(residual).sorted()
    }

    private func residualRule(_ index: Int, exceptions: [ResidualRule] = []) -> ResidualRule {
        ResidualRule(
            clause: rules.clause(index), scope: rules.rules[index].scope ?? DataScope(),
            exceptions: Set(exceptions).sorted())
    }

    /// What whoever acts on the permit has to do; empty for a denial.
    package var obligations: [Obligation] {
        guard effect == .permit else { return [] }
        var obligations: [Obligation] = residual.isEmpty ? [] : [.redact]
        for clause in clauses where clause.effect == .permit {
            for condition in clause.provision.conditions where condition.kind == .uses {
                let use = ContractCondition(contractID: clause.contractID, condition: condition)
                if !obligations.contains(.countUse(use)) { obligations.append(.countUse(use)) }
            }
        }
        guard purpose == .breakGlass else { return obligations }
        obligations += [.stateReason, .notifyPatient, .notifyPrivacyOfficer]
        if let policy = policies.breakGlass {
            obligations += [.review(hours: policy.reviewHours), .expire(seconds: policy.lifetimeSeconds)]
        }
        return obligations
    }
}

/// A condition that keeps a clause from permitting.
package struct UnmetCondition: Hashable, Sendable, Comparable {
    /// The clause that states it.
    package let clause: Clause
    /// What it asks for.
    package let condition: AccessCondition
    /// False or unknown.
    package let truth: Truth

    /// Orders by clause, then by the condition's canonical form.
    package static func < (left: UnmetCondition, right: UnmetCondition) -> Bool {
        let (one, other) = (left.clause, right.clause)
        if one.contract != other.contract { return one.contract.identity < other.contract.identity }
        if one.place != other.place { return one.place < other.place }
        return left.condition.canonical().encoded().lexicographicallyPrecedes(
            right.condition.canonical().encoded())
    }
}

/// A clause that is to be held against resources, with the clauses that override it where they match.
package struct ResidualRule: Hashable, Sendable, Comparable {
    /// The clause.
    package let clause: Clause
    /// Which resources it is about.
    package let scope: DataScope
    /// What overrides it; among those that match deny overrides.
    package let exceptions: [ResidualRule]

    /// Orders by contract, then by place in it.
    package static func < (left: ResidualRule, right: ResidualRule) -> Bool {
        let (one, other) = (left.clause, right.clause)
        return one.contract == other.contract
            ? one.place < other.place : one.contract.identity < other.contract.identity
    }
}

extension AccessRules {
    /// The clause that a rule comes from.
    func clause(_ index: Int) -> Clause {
        let rule = rules[index]
        return Clause(contract: contracts[rule.contract].contract, place: rule.place, effect: rule.effect)
    }

    /// The clauses of rules, sorted and each once.
    func clauses(_ indices: [Int]) -> [Clause] { Clause.sorted(indices.map { clause($0) }) }

    /// The places of the rules of each contract.
    var byContract: [[Int]] {
        var groups: [[Int]] = []
        for index in rules.indices {
            if let last = groups.last?.first, rules[last].contract == rules[index].contract {
                groups[groups.count - 1].append(index)
            } else {
                groups.append([index])
            }
        }
        return groups
    }
}
