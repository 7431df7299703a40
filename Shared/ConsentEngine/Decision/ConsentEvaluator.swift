/// Decides access requests against compiled contracts: a pure function of its arguments.
///
/// The two steps share one engine. `decide` looks at the request alone and permits when some resource
/// could be permitted; `permitsResource` judges one resource and is what releases anything.
package enum ConsentEvaluator {
    /// The version of these rules; it changes whenever the same inputs could give another decision.
    package static let engineVersion = "consentry-engine/1"

    /// How the contracts of one patient are combined: one deny outweighs every permit.
    package static let combiningRule = "deny-overrides"

    /// What the evaluation is about.
    private enum Step {
        /// Some resource of the custodian.
        case request
        /// One resource, whose confidentiality label is not known.
        case unlabelledResource
    }

    /// The policies that decide where contracts do not.
    private struct Policies {
        let implicit: ImplicitPolicy
        let breakGlass: BreakGlassPolicy?
    }

    /// Decides every purpose of a request.
    ///
    /// - Parameters:
    ///   - request: The verified facts; its `custodian` is the organisation whose records are asked for.
    ///   - contracts: All contracts of the patient and of linked identities, in any order and of any
    ///     status.
    ///   - implicit: The custodian's policy where no contract applies.
    ///   - breakGlass: The custodian's policy on break-glass; without one only a contract can permit
    ///     BTG.
    package static func decide(
        _ request: AccessRequestFacts, contracts: [CompiledContract], implicit: ImplicitPolicy,
        breakGlass: BreakGlassPolicy? = nil
    ) -> ConsentDecision {
        let counting = contracts.filter { counts($0, request, custodian: request.custodian) }
        let policies = Policies(implicit: implicit, breakGlass: breakGlass)
        var decisions: [PurposeDecision] = []
        for purpose in request.purposes where !decisions.contains(where: { $0.purpose == purpose }) {
            decisions.append(decide(purpose, of: request, by: counting, policies, at: .request))
        }
        return ConsentDecision(
            purposes: decisions, request: request, contracts: versions(of: contracts), implicit: implicit,
            breakGlass: breakGlass)
    }

    /// Decides one purpose for one resource, whose custodian replaces that of the request.
    ///
    /// The caller checks that the decision on the request permits the purpose.
    package static func permitsResource(
        _ request: AccessRequestFacts, purpose: PurposeCode, resource: ResourceFacts,
        contracts: [CompiledContract], implicit: ImplicitPolicy, breakGlass: BreakGlassPolicy? = nil
    ) -> PurposeDecision {
        let counting = contracts.filter { counts($0, request, custodian: resource.custodian) }
        let policies = Policies(implicit: implicit, breakGlass: breakGlass)
        return decide(purpose, of: request, by: counting, policies, at: .unlabelledResource)
    }

    /// Rule 0: active, about this patient, and binding the custodian; the compiler has checked scope and
    /// policy.
    private static func counts(
        _ contract: CompiledContract, _ request: AccessRequestFacts, custodian: [String]
    ) -> Bool {
        guard contract.status == .active else { return false }
        guard contract.patient == request.patient || request.linkedPatients.contains(contract.patient) else {
            return false
        }
        return custodian.contains { contract.custodians.contains($0) }
    }

    private static func decide(
        _ purpose: PurposeCode, of request: AccessRequestFacts, by contracts: [CompiledContract],
        _ policies: Policies, at step: Step
    ) -> PurposeDecision {
        let now = request.atMilliseconds
        var permits: [Clause] = []
        var denials: [Clause] = []
        var sawEnded = false
        var sawUnbegun = false
        for contract in contracts where matches(contract.root, request, purpose) {
            // INVARIANT: outside its root period a contract neither permits nor denies.
            if contract.root.period?.isBefore(now) ?? false {
                sawEnded = true
            } else if contract.root.period?.isAfter(now) ?? false {
                sawUnbegun = true
            } else {
                let clause = clause(of: contract)
                if clause.effect == .deny { denials.append(clause) } else { permits.append(clause) }
            }
        }
        // INVARIANT: deny overrides across contracts, whatever their order.
        if !denials.isEmpty {
            return PurposeDecision(
                purpose: purpose, effect: .deny, clauses: sorted(denials), reason: .deniedByContract)
        }
        if !permits.isEmpty {
            return PurposeDecision(
                purpose: purpose, effect: .permit, clauses: sorted(permits), reason: .permittedByContract)
        }
        if let decision = byBreakGlassPolicy(purpose, request, contracts, policies.breakGlass) {
            return decision
        }
        let reason: DecisionReason =
            if sawEnded { .expired(policies.implicit) } else if sawUnbegun {
                .notYetInForce(policies.implicit)
            } else { .noContractApplies(policies.implicit) }
        return byImplicitPolicy(policies.implicit, purpose, request, reason, at: step)
    }

    /// Rule 1, without the period: every element that the provision states must match.
    private static func matches(
        _ provision: CompiledProvision, _ request: AccessRequestFacts, _ purpose: PurposeCode
    ) -> Bool {
        guard provision.actors.isEmpty || provision.actors.contains(where: { request.isMade(by: $0) }) else {
            return false
        }
        // INVARIANT: a provision that names no purpose does not name break-glass either.
        if provision.purposes.isEmpty { return purpose != .breakGlass }
        return provision.purposes.contains { purpose.isCovered(by: $0) }
    }

    /// Returns nil where the custodian's policy has no say: another purpose, no policy, or a contract
    /// that names BTG.
    private static func byBreakGlassPolicy(
        _ purpose: PurposeCode, _ request: AccessRequestFacts, _ contracts: [CompiledContract],
        _ policy: BreakGlassPolicy?
    ) -> PurposeDecision? {
        guard purpose == .breakGlass, let policy else { return nil }
        let isNamed = contracts.contains { contract in
            contract.root.purposes.contains(.breakGlass)
                && (contract.root.period?.contains(request.atMilliseconds) ?? true)
        }
        guard !isNamed else { return nil }
        let isAllowed = policy.allows(request)
        return PurposeDecision(
            purpose: purpose, effect: isAllowed ? .permit : .deny, clauses: [],
            reason: isAllowed ? .permittedByBreakGlassPolicy : .deniedByBreakGlassPolicy)
    }

    private static func byImplicitPolicy(
        _ policy: ImplicitPolicy, _ purpose: PurposeCode, _ request: AccessRequestFacts,
        _ reason: DecisionReason, at step: Step
    ) -> PurposeDecision {
        switch (policy.verdict(purpose: purpose, actor: request.actor), step) {
        case (.deny, _):
            PurposeDecision(purpose: purpose, effect: .deny, clauses: [], reason: reason)
        case (.permitNormal, .request):
            PurposeDecision(purpose: purpose, effect: .permit, clauses: [], reason: reason)
        case (.permitNormal, .unlabelledResource):
            // INVARIANT: what cannot be determined does not match a permit.
            PurposeDecision(purpose: purpose, effect: .deny, clauses: [], reason: .undetermined(policy))
        }
    }

    /// Names each version once, in an order that does not depend on the caller's.
    private static func versions(of contracts: [CompiledContract]) -> [ContractVersion] {
        let sorted = contracts.sorted {
            precedes(($0.contractID, $0.version), ($1.contractID, $1.version))
        }
        var versions: [ContractVersion] = []
        versions.reserveCapacity(sorted.count)
        for contract in sorted {
            let version = ContractVersion(contractID: contract.contractID, version: contract.version)
            if versions.last != version { versions.append(version) }
        }
        return versions
    }

    private static func clause(of contract: CompiledContract) -> Clause {
        Clause(
            contractID: contract.contractID, version: contract.version, path: "provision",
            effect: contract.root.type)
    }

    private static func sorted(_ clauses: [Clause]) -> [Clause] {
        guard clauses.count > 1 else { return clauses }
        return Set(clauses).sorted { precedes(($0.contractID, $0.version), ($1.contractID, $1.version)) }
    }
}
