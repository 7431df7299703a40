import ConsentEngine
import Model
import Testing

@Suite struct ConsentEvaluatorTests {
    private func effect(
        _ request: AccessRequestFacts, _ contracts: [CompiledContract], implicit: ImplicitPolicy = .denyAll
    ) -> ProvisionEffect {
        ConsentEvaluator.decide(request, contracts: contracts, implicit: implicit).effect
    }

    @Test func noActorMeansEverybody() throws {
        let contract = try sampleContract(purposes: ["TREAT"])
        #expect(
            effect(sampleRequest([.treatment], actor: "RelatedPerson/r", actingFor: []), [contract])
                == .permit)
    }

    static let actors: [(String, ProvisionEffect)] = [
        ("Practitioner/d", .permit), ("Practitioner/e", .deny), ("Group/g", .permit), ("CareTeam/t", .permit),
        ("Group/h", .deny), ("Organization/ward", .permit), ("Organization/clinic", .permit),
        ("Organization/below", .deny), ("Patient/d", .deny),
    ]

    @Test(arguments: actors)
    func anActorIsThePersonAGroupOrTheOrganisationActedForAndThoseAbove(
        _ named: String, _ expected: ProvisionEffect
    ) throws {
        let contract = try sampleContract(actors: ["Practitioner/nobody", named])
        let request = sampleRequest(
            [.treatment], actingFor: ["Organization/ward", "Organization/clinic"],
            groups: ["Group/g", "CareTeam/t"])
        #expect(effect(request, [contract]) == expected)
    }

    @Test func countsContractsOfThisPatientAndCustodianOnly() throws {
        let contract = try sampleContract(organization: "Organization/parent")
        let below = ["Organization/o", "Organization/parent"]
        #expect(effect(sampleRequest([.treatment], custodian: below), [contract]) == .permit)
        #expect(effect(sampleRequest([.treatment], custodian: ["Organization/o"]), [contract]) == .deny)
        #expect(effect(sampleRequest([.treatment], custodian: []), [contract]) == .deny)
        let other = sampleRequest([.treatment], patient: "Patient/q", custodian: below)
        #expect(effect(other, [contract]) == .deny)
        let linked = sampleRequest(
            [.treatment], patient: "Patient/q", linkedPatients: ["Patient/p"], custodian: below)
        #expect(effect(linked, [contract]) == .permit)
    }

    @Test(arguments: ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
    func onlyActiveContractsCount(_ status: String) throws {
        let permit = try sampleContract("a", status: .string(status))
        let deny = try sampleContract("b", type: "deny", status: .string(status))
        let active = try sampleContract("c")
        #expect(effect(sampleRequest([.treatment]), [permit]) == .deny)
        #expect(effect(sampleRequest([.treatment]), [deny, active]) == .permit)
    }

    /// 2022 begins at 1,640,995,200,000 and ends at 1,672,531,199,999.
    static let times: [(Int64, ProvisionEffect, DecisionReason)] = [
        (1_640_995_199_999, .deny, .notYetInForce(.denyAll)),
        (1_640_995_200_000, .permit, .permittedByContract),
        (1_672_531_199_999, .permit, .permittedByContract), (1_672_531_200_000, .deny, .expired(.denyAll)),
    ]

    @Test(arguments: times)
    func aPeriodIncludesBothEnds(_ now: Int64, _ expected: ProvisionEffect, _ reason: DecisionReason) throws {
        let contract = try sampleContract(period: ["start": "2022", "end": "2022-12-31"])
        let request = sampleRequest([.treatment], at: now)
        let decision = ConsentEvaluator.decide(request, contracts: [contract], implicit: .denyAll)
        #expect(decision.effect == expected)
        #expect(decision.purposes.map(\.reason) == [reason])
    }

    @Test func anEndedDenialDeniesNothing() throws {
        let ended = try sampleContract("a", type: "deny", period: ["end": "2022"])
        #expect(effect(sampleRequest([.treatment]), [ended, try sampleContract("b")]) == .permit)
    }

    @Test func eachPurposeIsDecidedOnItsOwnAndOnce() throws {
        let contracts = [
            try sampleContract("a", purposes: ["TREAT", "HRESCH"]),
            try sampleContract("b", type: "deny", purposes: ["CLINTRCH"]),
        ]
        let request = sampleRequest(purposes("CLINTRCH", "ETREAT", "HRESCH", "ETREAT", "HPAYMT"))
        let decision = ConsentEvaluator.decide(request, contracts: contracts, implicit: .denyAll)
        #expect(decision.purposes.map(\.purpose) == purposes("CLINTRCH", "ETREAT", "HRESCH", "HPAYMT"))
        #expect(decision.permittedPurposes == purposes("ETREAT", "HRESCH"))
        let clause = Clause(contract: contracts[1], place: 0, effect: .deny)
        #expect(decision.purposes[0].clauses == [clause])
        #expect([clause.contractID, clause.version, clause.path] == ["b", "h-b", "provision"])
        #expect(decision.contracts.map(\.contractID) == ["a", "b"])
    }

    static let foreign: [(String, ProvisionEffect)] = [
        ("http://example.org/a|Study", .permit), ("http://example.org/b|Study", .deny),
        ("http://example.org/a|Audit", .deny), ("HRESCH", .deny),
    ]

    @Test(arguments: foreign)
    func aForeignPurposeIsNamedByItsSystemAndItsCode(_ code: String, _ expected: ProvisionEffect) throws {
        let contract = CompiledContract(
            ContractTerms(
                contractID: "c", version: "h", patient: "Patient/p", custodians: ["Organization/o"],
                root: Provision(.permit, purposes: purposes("http://example.org/a|Study", "HPAYMT"))))
        #expect(effect(sampleRequest(purposes(code)), [contract]) == expected)
    }

    @Test func noPurposesAreNoPermit() throws {
        #expect(effect(sampleRequest([]), [try sampleContract()], implicit: .allNormal) == .deny)
    }

    // MARK: break-glass

    @Test func breakGlassMatchesOnlyWhereItIsNamed() throws {
        let request = sampleRequest([.breakGlass])
        #expect(effect(request, [try sampleContract()]) == .deny)
        #expect(effect(request, [try sampleContract(purposes: ["TREAT", "ETREAT"])]) == .deny)
        #expect(effect(request, [try sampleContract(purposes: ["BTG"])]) == .permit)
        #expect(effect(sampleRequest([.treatment]), [try sampleContract(purposes: ["BTG"])]) == .deny)
    }

    struct BreakGlassCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let contract: @Sendable () throws -> CompiledContract
        let mayDeclare: String
        let reason: DecisionReason

        init(
            _ description: String, mayDeclare: String = "Group/emergency", reason: DecisionReason,
            contract: @escaping @Sendable () throws -> CompiledContract
        ) {
            testDescription = description
            self.contract = contract
            self.mayDeclare = mayDeclare
            self.reason = reason
        }
    }

    static let breakGlassCases: [BreakGlassCase] = [
        BreakGlassCase("a general denial leaves it to the policy", reason: .permittedByBreakGlassPolicy) {
            try sampleContract(type: "deny")
        },
        BreakGlassCase("the policy refuses", mayDeclare: "Group/x", reason: .deniedByBreakGlassPolicy) {
            try sampleContract(type: "deny")
        },
        BreakGlassCase("a contract forbids it", reason: .deniedByContract) {
            try sampleContract(type: "deny", purposes: ["BTG"])
        },
        BreakGlassCase("a contract permits it to others", reason: .noContractApplies(.denyAll)) {
            try sampleContract(purposes: ["BTG"], actors: ["Practitioner/x"])
        },
        BreakGlassCase("a contract that named it has ended", reason: .permittedByBreakGlassPolicy) {
            try sampleContract(type: "deny", purposes: ["BTG"], period: ["end": "2022"])
        },
        BreakGlassCase("a contract of another custodian names it", reason: .permittedByBreakGlassPolicy) {
            try sampleContract(type: "deny", purposes: ["BTG"], organization: "Organization/z")
        },
    ]

    @Test(arguments: breakGlassCases)
    func contractsThenTheCustodianDecideBreakGlass(_ item: BreakGlassCase) throws {
        let request = sampleRequest([.breakGlass], groups: ["Group/emergency"])
        let decision = ConsentEvaluator.decide(
            request, contracts: [try item.contract()], implicit: .denyAll,
            breakGlass: BreakGlassPolicy(mayDeclare: [item.mayDeclare]))
        #expect(decision.purposes.map(\.reason) == [item.reason])
        #expect(decision.effect == (item.reason == .permittedByBreakGlassPolicy ? .permit : .deny))
    }

    @Test func whereNobodyIsNamedNobodyMayDeclareBreakGlass() {
        let decision = ConsentEvaluator.decide(
            sampleRequest([.breakGlass]), contracts: [], breakGlass: BreakGlassPolicy(mayDeclare: []))
        #expect(decision.purposes.map(\.reason) == [.deniedByBreakGlassPolicy])
    }

    // MARK: implicit policies

    static let implicit: [(ImplicitPolicy, String, String, ProvisionEffect)] = [
        (.denyAll, "TREAT", "Practitioner/d", .deny), (.breakGlassOnly, "TREAT", "Practitioner/d", .deny),
        (.breakGlassOnly, "BTG", "Practitioner/d", .deny), (.basicNormal, "TREAT", "Practitioner/d", .permit),
        (.basicNormal, "ETREAT", "Practitioner/d", .permit),
        (.basicNormal, "HRESCH", "Practitioner/d", .deny),
        (.basicNormal, "TREAT", "RelatedPerson/d", .deny), (.basicNormal, "BTG", "Practitioner/d", .deny),
        (.allNormal, "HRESCH", "Practitioner/d", .permit), (.allNormal, "HMARKT", "Device/d", .permit),
        (.allNormal, "BTG", "Practitioner/d", .deny),
    ]

    @Test(arguments: implicit)
    func implicitPoliciesDecideRequestsAndReleaseNothingUnlabelled(
        _ policy: ImplicitPolicy, _ code: String, _ actor: String, _ expected: ProvisionEffect
    ) throws {
        let purpose = try #require(PurposeCode(code: code))
        let request = sampleRequest([purpose], actor: actor)
        let decision = ConsentEvaluator.decide(request, contracts: [], implicit: policy)
        #expect(decision.effect == expected)
        #expect(decision.purposes.map(\.reason) == [.noContractApplies(policy)])
        let resource = ResourceFacts(type: "Observation", id: "1", custodian: request.custodian)
        let released = decision.purposes[0].judge(resource)
        #expect(released.effect == .deny)
        #expect(released.reason == (expected == .permit ? .undetermined(policy) : .noContractApplies(policy)))
    }

    @Test func theResourceStepJudgesTheCustodianOfTheResource() throws {
        let contract = try sampleContract(organization: "Organization/o")
        let request = sampleRequest([.treatment], custodian: ["Organization/o"])
        let decision = ConsentEvaluator.decide(request, contracts: [contract])
        let effects = ["Organization/o", "Organization/z"].map { organization in
            decision.purposes[0].judge(
                ResourceFacts(type: "Observation", id: "1", custodian: [organization])
            ).effect
        }
        #expect(effects == [.permit, .deny])
    }
}
