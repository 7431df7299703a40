import ConsentEngine
import Model
import Testing

/// How provisions, contracts and policies are combined for one resource, case by case.
@Suite struct CombiningTests {
    private static let resource = ResourceFacts(
        type: "Observation", id: "1", custodian: ["Organization/o"], labels: ResourceLabels(.normal))

    private static func contract(_ id: String, _ root: Provision, _ nested: [Provision] = [])
        -> CompiledContract
    {
        CompiledContract(
            ContractTerms(
                contractID: id, version: "h", patient: "Patient/p", custodians: ["Organization/o"],
                root: root,
                nested: nested))
    }

    private static func judge(
        _ contracts: [StandingContract], _ resource: ResourceFacts = resource,
        conditions: [ContractCondition: Truth] = [:], implicit: ImplicitPolicy = .denyAll
    ) -> ResourceVerdict? {
        let request = AccessRequestFacts(
            patient: "Patient/p", actor: "Practitioner/d", actingFor: [], custodian: ["Organization/o"],
            purposes: [.treatment], conditions: conditions, atMilliseconds: 0)
        let decision = ConsentEvaluator.decide(
            request, contracts: contracts, policies: DecisionPolicies(implicit))
        return decision.purposes.first?.judge(resource)
    }

    /// `+` permits the resource and `-` denies it; in brackets what is about other resources.
    private static func provision(_ text: Substring) -> Provision {
        let isOther = text.hasPrefix("(")
        return Provision(
            text.contains("+") ? .permit : .deny,
            scope: isOther ? DataScope(classes: ["Media"]) : DataScope(classes: ["Observation", "Condition"]))
    }

    /// Contracts divided by `|`, the root of each first, and what becomes of the resource.
    static let combinations: [(String, ProvisionEffect, Bool)] = [
        ("+", .permit, true), ("-", .deny, true), ("(+)", .deny, false), ("(-)", .deny, false),
        // A nested provision overrides its parent; among siblings deny overrides.
        ("+ -", .deny, true), ("- +", .permit, true), ("+ +", .permit, true), ("- -", .deny, true),
        ("- + -", .deny, true), ("- - +", .deny, true), ("+ (-)", .permit, true), ("- (+)", .deny, true),
        ("- (+) -", .deny, true), ("- (-) +", .permit, true),
        // It matches whether or not its parent does.
        ("(+) +", .permit, true), ("(-) -", .deny, true), ("(+) -", .deny, true), ("(-) +", .permit, true),
        // Across contracts deny overrides.
        ("+ | -", .deny, true), ("- | +", .deny, true), ("+ | +", .permit, true), ("- + | +", .permit, true),
        ("- + | -", .deny, true), ("+ | - | +", .deny, true), ("+ - | +", .deny, true),
        ("+ | (-)", .permit, true), ("(+) | -", .deny, true), ("- + | - (+)", .deny, true),
    ]

    @Test(arguments: combinations)
    func combinesProvisionsAndContracts(_ text: String, _ expected: ProvisionEffect, _ byContract: Bool) {
        let contracts = text.split(separator: "|").enumerated().map { index, text in
            let provisions = text.split(separator: " ").map(Self.provision)
            return StandingContract(
                Self.contract("c\(index)", provisions[0], Array(provisions.dropFirst())))
        }
        let verdict = Self.judge(contracts)
        #expect(verdict?.effect == expected)
        #expect(verdict?.clauses.isEmpty == !byContract)
    }

    static let truths: [(ProvisionEffect, [Truth], Bool)] = [
        (.permit, [.yes], true), (.permit, [.unknown], false), (.permit, [.no], false),
        (.permit, [.yes, .yes], true), (.permit, [.no, .yes], false), (.permit, [.yes, .unknown], false),
        (.permit, [.unknown, .yes], false), (.permit, [], false), (.deny, [.yes], true),
        (.deny, [.unknown], true), (.deny, [.no], false), (.deny, [.no, .yes], false),
        (.deny, [.yes, .no], false), (.deny, [.unknown, .yes], true), (.deny, [.no, .unknown], false),
        (.deny, [], true),
    ]

    /// Of two conditions what was found; one that was not asked about is unknown.
    @Test(arguments: truths)
    func everyConditionIsNeededAndTheUnknownCountsAgainstAccess(
        _ effect: ProvisionEffect, _ truths: [Truth], _ applies: Bool
    ) {
        let asked: [AccessCondition] = [.session, .uses(max: 3)]
        let stated = Array(asked.prefix(max(1, truths.count)))
        var conditions: [ContractCondition: Truth] = [:]
        for (condition, truth) in zip(asked, truths) {
            conditions[ContractCondition(contractID: "c", condition: condition)] = truth
            // What was found about another contract's condition says nothing.
            conditions[ContractCondition(contractID: "d", condition: condition)] = .yes
        }
        if truths.isEmpty { conditions[ContractCondition(contractID: "d", condition: .session)] = .yes }
        let contract = StandingContract(Self.contract("c", Provision(effect, conditions: stated)))
        let open = StandingContract(Self.contract("e", Provision(.permit)))
        let verdict = Self.judge(effect == .permit ? [contract] : [contract, open], conditions: conditions)
        #expect(verdict?.effect == (applies == (effect == .permit) ? .permit : .deny))
    }

    @Test func aContractThatOnlyRestrictsDeniesAndNeverPermits() {
        let both = Self.contract(
            "a", Self.provision("+"), [Provision(.deny, scope: DataScope(classes: ["List"]))])
        let full = [StandingContract(both)]
        let restricting = [StandingContract(both, .restrictionsOnly)]
        let open = StandingContract(Self.contract("b", Provision(.permit)))
        let list = ResourceFacts(type: "List", id: "1", custodian: ["Organization/o"])
        #expect(Self.judge(full)?.effect == .permit)
        #expect(Self.judge(restricting)?.effect == .deny)
        #expect(Self.judge(restricting + [open])?.effect == .permit)
        #expect(Self.judge(restricting + [open], list)?.effect == .deny)
    }

    static let implicit: [(ImplicitPolicy, Confidentiality?, ProvisionEffect)] = [
        (.denyAll, .unrestricted, .deny), (.breakGlassOnly, .normal, .deny), (.basicNormal, .low, .permit),
        (.basicNormal, .normal, .permit), (.basicNormal, .restricted, .deny), (.basicNormal, nil, .deny),
        (.allNormal, .normal, .permit), (.allNormal, .veryRestricted, .deny), (.allNormal, nil, .deny),
    ]

    @Test(arguments: implicit)
    func anImplicitPolicyReleasesNormalDataOfWhichNoContractSpeaks(
        _ policy: ImplicitPolicy, _ confidentiality: Confidentiality?, _ expected: ProvisionEffect
    ) {
        let resource = ResourceFacts(
            type: "Observation", id: "1", custodian: ["Organization/o"],
            labels: confidentiality.map { ResourceLabels($0) })
        let others = StandingContract(Self.contract("a", Self.provision("(-)"), [Self.provision("(+)")]))
        #expect(Self.judge([], resource, implicit: policy)?.effect == expected)
        #expect(Self.judge([others], resource, implicit: policy)?.effect == expected)
        let denying = StandingContract(Self.contract("b", Self.provision("-")))
        #expect(Self.judge([others, denying], resource, implicit: policy)?.effect == .deny)
    }
}
