/// Decides access requests against compiled contracts: a pure function of its arguments.
///
/// The two steps share one engine. `decide` looks at the request alone and permits when some resource
/// could be permitted; a `PurposeDecision` then judges resources one by one, and that is what releases
/// anything.
package enum ConsentEvaluator {
    /// The version of these rules; it changes whenever the same inputs could give another decision.
    package static let engineVersion = "consentry-engine/2"

    /// How the contracts of one patient are combined: one deny outweighs every permit.
    package static let combiningRule = "deny-overrides"

    /// Decides every purpose of a request.
    ///
    /// - Parameters:
    ///   - request: The verified facts; its `custodian` is the organisation whose records are asked for.
    ///   - contracts: All contracts of the patient and of linked identities, in any order and of any
    ///     status.
    ///   - policies: The custodian's policies.
    package static func decide(
        _ request: AccessRequestFacts, contracts: [StandingContract], policies: DecisionPolicies
    ) -> ConsentDecision {
        let keys = RequestKeys(request, custodian: request.custodian)
        let inputs = DecisionInputs(request, policies)
        var decisions: [PurposeDecision] = []
        for purpose in request.purposes where !decisions.contains(where: { $0.purpose == purpose }) {
            let rules = AccessRules(keys, PurposeKeys(purpose), contracts: contracts)
            decisions.append(PurposeDecision(purpose, of: inputs, by: rules))
        }
        return ConsentDecision(purposes: decisions, standing: contracts, inputs: inputs)
    }
}

/// How the request step answers.
extension PurposeDecision {
    init(
        _ purpose: PurposeCode, of request: AccessRequestFacts, by rules: AccessRules,
        _ policies: DecisionPolicies
    ) {
        self.init(purpose, of: DecisionInputs(request, policies), by: rules)
    }

    init(_ purpose: PurposeCode, of inputs: DecisionInputs, by rules: AccessRules) {
        let outcome = Self.outcome(purpose, inputs.request, rules, inputs.policies)
        self.init(
            purpose: purpose, effect: outcome.effect, reason: outcome.reason, deciding: outcome.deciding,
            rules: rules, inputs: inputs)
    }

    private struct Outcome {
        let effect: ProvisionEffect
        let reason: DecisionReason
        var deciding: [Int] = []
    }

    private static func outcome(
        _ purpose: PurposeCode, _ request: AccessRequestFacts, _ rules: AccessRules,
        _ policies: DecisionPolicies
    ) -> Outcome {
        if rules.areUnscoped {
            let verdict = rules.verdict(on: nil)
            // INVARIANT: deny overrides across contracts, whatever their order.
            if !verdict.denials.isEmpty {
                return Outcome(effect: .deny, reason: .deniedByContract, deciding: verdict.denials)
            }
            if !verdict.permits.isEmpty {
                return Outcome(effect: .permit, reason: .permittedByContract, deciding: verdict.permits)
            }
            return byPolicy(purpose, request, rules, policies)
        }
        let denials = rules.places(of: .deny)
        if rules.denyEverything {
            return Outcome(effect: .deny, reason: .deniedByContract, deciding: denials)
        }
        let permits = rules.places(of: .permit)
        let witnesses = WitnessResources(scopes: rules.scopes, custodian: request.custodian)
        var budget = WitnessResources.countMax
        for scope in rules.permittedScopes
        where rules.permitSome(of: witnesses, within: [scope], budget: &budget) {
            return Outcome(effect: .permit, reason: .permittedByContract, deciding: permits)
        }
        let isUntouched = witnesses.contains(within: [], budget: &budget) { resource in
            rules.effect(on: resource) == nil
        }
        guard isUntouched, permits.isEmpty || rules.leavesPolicyASay(purpose, request, policies) else {
            return Outcome(effect: .deny, reason: .deniedByContract, deciding: denials)
        }
        return byPolicy(purpose, request, rules, policies)
    }

    /// What holds for a resource that no provision applies to.
    private static func byPolicy(
        _ purpose: PurposeCode, _ request: AccessRequestFacts, _ rules: AccessRules,
        _ policies: DecisionPolicies
    ) -> Outcome {
        if purpose == .breakGlass, let policy = policies.breakGlass, !rules.namesBreakGlass {
            return policy.allows(request)
                ? Outcome(effect: .permit, reason: .permittedByBreakGlassPolicy)
                : Outcome(effect: .deny, reason: .deniedByBreakGlassPolicy)
        }
        let implicit = policies.implicit
        let reason: DecisionReason =
            if !rules.unmet.isEmpty { .conditionUnmet(implicit) } else if rules.hasEnded {
                .expired(implicit)
            } else if rules.isYetToBegin { .notYetInForce(implicit) } else { .noContractApplies(implicit) }
        let isPermitted = implicit.permitsNormal(purpose, to: request.actor)
        return Outcome(effect: isPermitted ? .permit : .deny, reason: reason)
    }
}

extension AccessRules {
    /// The rules of one effect, by their places.
    fileprivate func places(of effect: ProvisionEffect) -> [Int] {
        rules.indices.filter { rules[$0].effect == effect }
    }

    /// What rules are about, where they are not about everything.
    fileprivate var scopes: [DataScope] { rules.compactMap { $0.scope } }

    /// What permits are about, first everything where one is about that.
    fileprivate var permittedScopes: [DataScope] {
        var scopes: [DataScope] = []
        if rules.contains(where: { $0.effect == .permit && $0.isUnscoped }) { scopes.append(DataScope()) }
        for rule in rules where rule.effect == .permit {
            if let scope = rule.scope { scopes.append(scope) }
        }
        return scopes
    }

    /// Whether a resource that lies within all of some permits' scopes is permitted.
    fileprivate func permitSome(
        of witnesses: WitnessResources, within scopes: [DataScope], budget: inout Int
    ) -> Bool {
        var denying: Set<Int> = []
        let isPermitted = witnesses.contains(within: scopes, budget: &budget) { resource in
            let found = effect(on: resource)
            guard found == .deny else { return found == .permit }
            // A root provision gives way to an exception of its contract, which the resource might meet too.
            let denials = verdict(on: resource).denials
            if let denial = denials.first, denials.allSatisfy({ rules[$0].place == 0 }) {
                denying.insert(rules[denial].contract)
            }
            return false
        }
        if isPermitted { return true }
        for rule in rules where rule.effect == .permit && denying.contains(rule.contract) {
            budget -= 1
            if budget < 0 { return true }
            guard let scope = rule.scope else { continue }
            if permitSome(of: witnesses, within: scopes + [scope], budget: &budget) { return true }
        }
        return false
    }

    /// Whether the custodian's policies would permit a resource that no provision applies to.
    fileprivate func leavesPolicyASay(
        _ purpose: PurposeCode, _ request: AccessRequestFacts, _ policies: DecisionPolicies
    ) -> Bool {
        if purpose == .breakGlass, let policy = policies.breakGlass, !namesBreakGlass {
            return policy.allows(request)
        }
        return policies.implicit.permitsNormal(purpose, to: request.actor)
    }
}

/// How the resource step answers.
extension PurposeDecision {
    /// Judges one resource for this purpose; its custodian's contracts count, whoever was asked.
    ///
    /// The caller checks that the decision on the request permits the purpose: a permit may release nothing,
    /// and what it does not permit releases nothing.
    package func judge(_ resource: ResourceFacts) -> ResourceVerdict {
        guard resource.custodian == request.custodian else {
            let keys = RequestKeys(request, custodian: resource.custodian)
            return judge(resource, by: AccessRules(keys, PurposeKeys(purpose), contracts: rules.contracts))
        }
        return judge(resource, by: rules)
    }

    /// The verdict on every resource of the request's custodian; nil when they are not all judged alike.
    package var uniformVerdict: ResourceVerdict? {
        guard rules.areUnscoped else { return nil }
        let verdict = rules.verdict(on: nil)
        let decidesByPolicy = verdict.denials.isEmpty && verdict.permits.isEmpty
        if decidesByPolicy, effect == .permit {
            // Policies look at labels, but for break-glass that opens everything.
            guard purpose == .breakGlass, policies.breakGlass?.scopeMax == nil else { return nil }
        }
        // Without scopes nothing is looked at, so that any resource stands for all.
        return judge(
            ResourceFacts(type: "Basic", id: "any", custodian: request.custodian), by: rules)
    }

    private func judge(_ resource: ResourceFacts, by rules: AccessRules) -> ResourceVerdict {
        let verdict = rules.verdict(on: resource)
        if !verdict.denials.isEmpty {
            return ResourceVerdict(.deny, .deniedByContract, verdict.denials, of: rules)
        }
        if !verdict.permits.isEmpty {
            return ResourceVerdict(.permit, .permittedByContract, verdict.permits, of: rules)
        }
        if purpose == .breakGlass, let policy = policies.breakGlass, !rules.namesBreakGlass {
            guard policy.allows(request) else { return ResourceVerdict(.deny, .deniedByBreakGlassPolicy) }
            return policy.opens(resource.labels)
                ? ResourceVerdict(.permit, .permittedByBreakGlassPolicy)
                : ResourceVerdict(.deny, .beyondBreakGlassPolicy)
        }
        let implicit = policies.implicit
        guard implicit.permitsNormal(purpose, to: request.actor) else {
            return ResourceVerdict(.deny, .noContractApplies(implicit))
        }
        // INVARIANT: what cannot be determined does not match a permit.
        guard let labels = resource.labels else { return ResourceVerdict(.deny, .undetermined(implicit)) }
        return labels.confidentiality <= .normal
            ? ResourceVerdict(.permit, .noContractApplies(implicit))
            : ResourceVerdict(.deny, .notNormal(implicit))
    }
}

/// The answer of the resource step.
package struct ResourceVerdict: Sendable {
    /// Permit or deny.
    package let effect: ProvisionEffect
    /// Why.
    package let reason: DecisionReason
    private let deciding: [Int]
    private let rules: AccessRules?

    /// The clauses that decided, sorted; empty where a policy did.
    package var clauses: [Clause] { rules?.clauses(deciding) ?? [] }

    init(
        _ effect: ProvisionEffect, _ reason: DecisionReason, _ deciding: [Int] = [],
        of rules: AccessRules? = nil
    ) {
        self.effect = effect
        self.reason = reason
        self.deciding = deciding
        self.rules = rules
    }
}
