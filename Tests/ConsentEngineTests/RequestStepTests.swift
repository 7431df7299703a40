import ConsentEngine
import Model
import Testing

/// The request step looks at no data and permits exactly when some resource could be permitted.
@Suite struct RequestStepTests {
    private static func contract(
        _ id: String, _ effect: ProvisionEffect, _ scope: DataScope = DataScope(), nested: [Provision] = []
    ) -> CompiledContract {
        CompiledContract(
            ContractTerms(
                contractID: id, version: "h-\(id)", patient: "Patient/p", custodians: ["Organization/o"],
                root: Provision(effect, purposes: [.treatment], scope: scope), nested: nested))
    }

    /// A contract that denies everything but what an exception is about.
    private static func exceptFor(_ id: String, _ scope: DataScope) -> CompiledContract {
        contract(id, .deny, nested: [Provision(.permit, purposes: [.treatment], scope: scope)])
    }

    private static func decide(_ contracts: [CompiledContract]) -> PurposeDecision {
        ConsentEvaluator.decide(sampleRequest([.treatment]), contracts: contracts).purposes[0]
    }

    private static func codings(_ range: Range<Int>) -> [Coding] {
        range.compactMap { Coding(system: "http://loinc.org", code: "\($0)") }
    }

    private static func sensitivities(_ codes: String...) -> DataScope {
        DataScope(sensitivities: codes.compactMap { SensitivityCode(code: $0) })
    }

    private static func year(_ from: Int64, _ until: Int64) -> DataScope {
        DataScope(dataPeriod: Interval(start: from, end: until))
    }

    private static func data(_ meaning: DataReference.Meaning, _ references: String...) -> DataScope {
        DataScope(data: references.map { DataReference(meaning, $0) })
    }

    // MARK: exceptions of several contracts

    /// What two contracts deny but for an exception each; a resource may meet both, or none does.
    static let pairs: [(DataScope, DataScope, ProvisionEffect)] = [
        (DataScope(classes: ["Observation"]), DataScope(codes: codings(1..<2)), .permit),
        (DataScope(classes: ["Observation", "Media"]), DataScope(classes: ["List", "Media"]), .permit),
        (DataScope(classes: ["Observation"]), DataScope(classes: ["Condition"]), .deny),
        (DataScope(codes: codings(1..<2)), DataScope(codes: codings(2..<3)), .permit),
        (data(.authoredBy, "Practitioner/e"), data(.authoredBy, "Practitioner/f"), .permit),
        (data(.authoredBy, "Practitioner/e"), data(.related, "Encounter/1"), .permit),
        (data(.instance, "List/1"), data(.instance, "List/2"), .deny),
        (data(.instance, "List/1", "List/3"), data(.instance, "List/2", "List/3"), .permit),
        (data(.instance, "List/1"), DataScope(classes: ["Observation"]), .deny),
        (data(.instance, "List/1"), DataScope(classes: ["Observation", "List"]), .permit),
        (year(1, 9), year(9, 20), .permit), (year(1, 9), year(10, 20), .deny),
        (sensitivities("SUD"), sensitivities("HIV", "ETHUD"), .permit),
        (sensitivities("SUD"), sensitivities("HIV"), .deny),
    ]

    @Test(arguments: pairs)
    func aResourceMayMeetTheExceptionsOfTwoContracts(
        _ one: DataScope, _ other: DataScope, _ expected: ProvisionEffect
    ) {
        let decision = Self.decide([Self.exceptFor("a", one), Self.exceptFor("b", other)])
        #expect(decision.effect == expected)
        #expect(decision.reason == (expected == .permit ? .permittedByContract : .deniedByContract))
    }

    @Test func onlyTheResourceThatMeetsEveryExceptionIsReleased() {
        let decision = Self.decide([
            Self.exceptFor("a", DataScope(classes: ["Observation"])),
            Self.exceptFor("b", DataScope(codes: Self.codings(1..<2))),
            Self.exceptFor("c", Self.data(.authoredBy, "Practitioner/e")),
        ])
        #expect(decision.effect == .permit)
        func isReleased(_ type: String, _ codes: [Coding], _ author: String) -> Bool {
            decision.judge(
                ResourceFacts(
                    type: type, id: "1", custodian: ["Organization/o"], authors: Known([author]),
                    codes: Known(codes))
            ).effect == .permit
        }
        #expect(isReleased("Observation", Self.codings(1..<3), "Practitioner/e"))
        #expect(!isReleased("Observation", Self.codings(1..<3), "Practitioner/f"))
        #expect(!isReleased("Observation", Self.codings(2..<3), "Practitioner/e"))
        #expect(!isReleased("Condition", Self.codings(1..<3), "Practitioner/e"))
    }

    @Test func anExceptionDoesNotHelpAgainstAnExceptionThatDenies() {
        let denied = Provision(.deny, purposes: [.treatment], scope: DataScope(codes: Self.codings(1..<2)))
        let permitted = Provision(
            .permit, purposes: [.treatment], scope: DataScope(classes: ["Observation"]))
        let contracts = [
            Self.contract("a", .deny, nested: [permitted, denied]),
            Self.exceptFor("b", DataScope(codes: Self.codings(1..<2))),
        ]
        #expect(Self.decide(contracts).effect == .deny)
    }

    /// Denials that leave nothing over leave the custodian's policy no say; a gap between them does.
    @Test(arguments: [(10, ProvisionEffect.deny), (12, .permit)] as [(Int64, ProvisionEffect)])
    func denialsThatCoverEverythingTogetherDenyTheRequest(_ start: Int64, _ expected: ProvisionEffect) {
        let denials = [
            Self.contract("a", .deny, DataScope(dataPeriod: Interval(start: nil, end: 9))),
            Self.contract("b", .deny, DataScope(dataPeriod: Interval(start: start, end: nil))),
        ].map { StandingContract($0) }
        let decision = ConsentEvaluator.decide(
            sampleRequest([.treatment]), contracts: denials, policies: DecisionPolicies(.allNormal))
        #expect(decision.effect == expected)
        #expect(
            decision.purposes[0].reason
                == (expected == .deny ? .deniedByContract : .noContractApplies(.allNormal)))
    }

    // MARK: limits

    /// A permit of so many codes and nine types, and a denial of the same codes.
    @Test(arguments: [(100, ProvisionEffect.deny), (256, .permit)])
    func aRequestTooLargeToSearchIsPermittedSinceEachResourceIsJudgedAnyway(
        _ codeCount: Int, _ expected: ProvisionEffect
    ) {
        let codes = Self.codings(0..<codeCount)
        let types = [
            "Observation", "Condition", "Media", "List", "Goal", "Flag", "Procedure", "Specimen", "Task",
        ]
        let decision = Self.decide([
            Self.contract("a", .permit, DataScope(classes: types, codes: codes)),
            Self.contract("b", .deny, DataScope(codes: codes)),
        ])
        #expect(decision.effect == expected)
        let resource = ResourceFacts(
            type: "Media", id: "1", custodian: ["Organization/o"], codes: Known([codes[0]]))
        #expect(decision.judge(resource).effect == .deny)
    }

    @Test func moreChoicesThanAreTriedArePermitted() {
        let contracts = [
            Self.exceptFor("a", DataScope(codes: Self.codings(0..<64))),
            Self.exceptFor("b", DataScope(codes: Self.codings(64..<128))),
        ]
        #expect(Self.decide(contracts).effect == .permit)
    }

    /// Where contracts name every type there is, one of those is left.
    @Test func aTypeThatIsDeniedInPartIsFoundAmongAllTypes() {
        let names = ResourceTypes.all
        #expect(names.count > 140)
        let contracts = [
            Self.contract("a", .permit),
            Self.contract("b", .deny, DataScope(classes: names.filter { $0 != "Observation" })),
            Self.contract(
                "c", .deny, DataScope(classes: ["Observation"], codes: Self.codings(1..<2))),
        ]
        #expect(Self.decide(contracts).effect == .permit)
        let all = Self.contract("d", .deny, DataScope(classes: names))
        #expect(Self.decide(contracts + [all]).effect == .deny)
    }

    // MARK: every combination

    /// Contracts of denials with exceptions, held against every resource over a small vocabulary.
    @Test func requestsWithExceptionsArePermittedExactlyWhenSomeResourceCouldBe() {
        var random = SeededGenerator(seed: 31)
        var counts = [0, 0]
        for round in 0..<80 {
            let contracts = (0..<Int.random(in: 2...4, using: &random)).map { index in
                StandingContract(Self.withExceptions("c\(index)", &random))
            }
            let world = EngineWorld(
                contracts: contracts, request: sampleRequest([.treatment]),
                policies: DecisionPolicies(.denyAll))
            let naive = NaiveEvaluator(world)
            let isPermitted = world.decide().effect == .permit
            let couldBe = Self.universe.contains { naive.permits($0, for: .treatment) }
            guard isPermitted == couldBe else {
                Issue.record("round \(round): \(isPermitted), \(contracts.map(\.contract.terms))")
                return
            }
            counts[couldBe ? 1 : 0] += 1
        }
        #expect(counts[0] > 20)
        #expect(counts[1] > 20)
    }

    private static func withExceptions(_ id: String, _ random: inout SeededGenerator) -> CompiledContract {
        func scope(_ random: inout SeededGenerator) -> DataScope {
            let scopes = [
                DataScope(classes: [random.one(of: ["Observation", "Condition"])]),
                DataScope(codes: [random.one(of: EngineWorld.codings)]),
                DataScope(sensitivities: [random.one(of: EngineWorld.sensitivities)]),
                DataScope(data: [random.one(of: EngineWorld.data)]),
                DataScope(
                    classes: [random.one(of: ["Observation", "Condition"])],
                    codes: [random.one(of: EngineWorld.codings)]),
            ]
            return random.one(of: scopes)
        }
        var nested: [Provision] = []
        for effect in [ProvisionEffect.permit, .deny, .permit].prefix(Int.random(in: 1...3, using: &random)) {
            nested.append(Provision(effect, purposes: [.treatment], scope: scope(&random)))
        }
        return contract(
            id, random.one(of: [.deny, .deny, .deny, .permit]),
            Int.random(in: 0..<3, using: &random) > 0 ? DataScope() : scope(&random), nested: nested)
    }

    private static let universe: [ResourceFacts] = {
        func subsets<Element>(_ elements: [Element]) -> [[Element]] {
            elements.reduce([[]]) { subsets, element in subsets + subsets.map { $0 + [element] } }
        }
        var universe: [ResourceFacts] = []
        for name in [
            "Observation/1", "Observation/9", "Condition/1", "Condition/9", "Encounter/1", "Media/9",
        ] {
            let parts = name.split(separator: "/").map(String.init)
            for authors in subsets(["Practitioner/e", "Practitioner/f"]) {
                for codes in subsets(EngineWorld.codings) {
                    for sensitivity in [nil] + EngineWorld.sensitivities.map({ $0 as SensitivityCode? }) {
                        for related in subsets(["Encounter/1"]) {
                            universe.append(
                                ResourceFacts(
                                    type: parts[0], id: parts[1], custodian: ["Organization/o"],
                                    authors: Known(authors), related: Known(related), codes: Known(codes),
                                    labels: ResourceLabels(
                                        .unrestricted, [sensitivity].compactMap { $0 })))
                        }
                    }
                }
            }
        }
        return universe
    }()
}
