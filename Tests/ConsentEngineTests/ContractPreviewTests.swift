import ConsentEngine
import Model
import Testing

@Suite struct ContractPreviewTests {
    static let now: Int64 = 1_700_000_000_000

    private func contract(
        _ id: String, _ root: Provision, _ nested: [Provision] = []
    ) -> CompiledContract {
        CompiledContract(
            ContractTerms(
                contractID: id, version: "h-\(id)", patient: "Patient/p", custodians: ["Organization/o"],
                root: root, nested: nested))
    }

    private func preview(_ draft: CompiledContract, besides others: [CompiledContract] = [])
        -> ContractPreview
    {
        ContractPreview(
            of: draft, besides: others.map { StandingContract($0) }, policies: DecisionPolicies(.denyAll),
            atMilliseconds: Self.now)
    }

    private func line(_ lines: [AccessLine], _ actor: String?, _ code: String) -> AccessLine? {
        lines.first { $0.actor == actor && $0.purpose.code == code }
    }

    private static let hiv = [SensitivityCode(code: "HIV")].compactMap { $0 }

    @Test func saysWhoCouldSeeWhatAndUntilWhen() throws {
        let end: Int64 = 1_767_225_599_999
        let draft = contract(
            "a",
            Provision(
                .permit, actors: ["Organization/w"], purposes: [.treatment],
                period: Interval(start: nil, end: end)),
            [Provision(.deny, purposes: [.treatment], scope: DataScope(sensitivities: Self.hiv))])
        let lines = preview(draft).access
        let treating = try #require(line(lines, "Organization/w", "ETREAT"))
        #expect(treating.untilMilliseconds == end)
        guard case .some(let residual) = treating.extent else {
            Issue.record("\(treating.extent)")
            return
        }
        #expect(residual.flatMap(\.exceptions).map(\.clause.path) == ["provision.provision[0]"])
        #expect(line(lines, "Organization/w", "HRESCH")?.extent == .nothing)
        #expect(line(lines, nil, "TREAT")?.extent == .nothing)
        #expect(line(lines, nil, "TREAT")?.untilMilliseconds == nil)
    }

    @Test func saysWhatWouldChange() {
        let inForce = contract("a", Provision(.permit, purposes: [.treatment]))
        let draft = contract(
            "b", Provision(.deny, actors: ["Practitioner/e"], purposes: [.treatment]))
        let changes = preview(draft, besides: [inForce]).changes
        #expect(Set(changes.map(\.after.actor)) == ["Practitioner/e"])
        #expect(changes.allSatisfy { $0.before.extent == .everything && $0.after.extent == .nothing })
        #expect(Set(changes.map(\.after.purpose.code)).isSuperset(of: ["TREAT", "ETREAT", "COC"]))
        #expect(!changes.contains { $0.after.purpose == .breakGlass })
    }

    @Test func saysWhoCouldSeeOneResource() {
        let draft = contract(
            "a", Provision(.permit, actors: ["Practitioner/d", "Practitioner/e"], purposes: [.treatment]),
            [
                Provision(
                    .deny, actors: ["Practitioner/e"], purposes: [.treatment],
                    scope: DataScope(sensitivities: Self.hiv))
            ])
        let survey = AccessSurvey(
            [StandingContract(draft)], policies: DecisionPolicies(.denyAll), custodian: ["Organization/o"],
            Self.now)
        func readers(_ labels: ResourceLabels?) -> Set<String?> {
            Set(
                survey.whoCouldSee(
                    ResourceFacts(
                        type: "Observation", id: "1", custodian: ["Organization/o"], labels: labels)
                ).map(\.actor))
        }
        #expect(readers(ResourceLabels(.normal)) == ["Practitioner/d", "Practitioner/e"])
        #expect(readers(ResourceLabels(.restricted, Self.hiv)) == ["Practitioner/d"])
        #expect(readers(nil) == ["Practitioner/d"])
    }

    @Test func conditionsCountAsMet() {
        let draft = contract("a", Provision(.permit, purposes: [.treatment], conditions: [.session]))
        #expect(line(preview(draft).access, nil, "TREAT")?.extent == .everything)
    }

    @Test func isSaidInWords() {
        let end: Int64 = 1_767_225_599_999
        let permit = Provision(
            .permit, actors: ["Organization/w"], purposes: [.treatment],
            period: Interval(start: nil, end: end))
        let draft = contract(
            "a", permit,
            [
                Provision(.deny, purposes: [.treatment], scope: DataScope(sensitivities: Self.hiv)),
                Provision(
                    .permit, actors: ["Organization/w"], purposes: purposes("ETREAT"), period: permit.period),
            ])
        #expect(
            PreviewExplanation.sentences(preview(draft)) == [
                "who could see what:",
                "  `Organization/w`, for TREAT: all resources but not all resources sensitive for HIV/AIDS "
                    + "information sensitivity (`HIV`), until 2025-12-31T23:59:59.999Z",
                "what would change:",
                "  `Organization/w`, for TREAT: all resources but not all resources sensitive for HIV/AIDS "
                    + "information sensitivity (`HIV`), until 2025-12-31T23:59:59.999Z",
                "clauses that can never matter:",
                "  `provision.provision[1]`: `provision` of `a` says it already",
            ])
    }

    @Test func policiesOpenDataUpToALabel() {
        let draft = contract("a", Provision(.permit, actors: ["Group/g"], purposes: purposes("HRESCH")))
        func extent(_ policies: DecisionPolicies, _ actor: String?, _ code: String) -> AccessLine.Extent? {
            let survey = AccessSurvey(
                [StandingContract(draft)], policies: policies, custodian: ["Organization/o"], Self.now)
            return line(survey.lines(by: [StandingContract(draft)]), actor, code)?.extent
        }
        #expect(extent(DecisionPolicies(.basicNormal), nil, "TREAT") == .upTo(.normal))
        let whole = BreakGlassPolicy(mayDeclare: ["Group/g"])
        let limited = BreakGlassPolicy(mayDeclare: ["Group/g"], scopeMax: .restricted)
        #expect(extent(DecisionPolicies(.denyAll, breakGlass: whole), "Group/g", "BTG") == .everything)
        #expect(
            extent(DecisionPolicies(.denyAll, breakGlass: limited), "Group/g", "BTG") == .upTo(.restricted))
        #expect(extent(DecisionPolicies(.denyAll, breakGlass: limited), nil, "BTG") == .nothing)
    }

    // MARK: clauses that can never matter

    @Test func findsIdleClauses() {
        let treat: [PurposeCode] = [.treatment]
        let root = Provision(.permit, purposes: treat)
        let past = Provision(.deny, purposes: treat, period: Interval(start: nil, end: 1))
        let never = Provision(.deny, purposes: treat, period: Interval(start: 9, end: 8))
        let narrow = Provision(.permit, actors: ["Practitioner/d"], purposes: purposes("ETREAT"))
        let denied = Provision(.deny, purposes: treat, scope: DataScope(classes: ["Media"]))
        let deniedAgain = Provision(
            .permit, actors: ["Practitioner/d"], purposes: treat, scope: DataScope(classes: ["Media"]))
        let draft = contract("a", root, [past, never, narrow, denied, deniedAgain])
        func clause(_ place: Int) -> Clause {
            Clause(contract: draft, place: place, effect: draft.terms.provisions[place].effect)
        }
        #expect(
            preview(draft).idle == [
                IdleClause(clause: clause(1), reason: .neverInForce),
                IdleClause(clause: clause(2), reason: .neverInForce),
                IdleClause(clause: clause(3), reason: .saidBy(clause(0))),
                IdleClause(clause: clause(5), reason: .saidBy(clause(0))),
            ])
        let other = contract("b", Provision(.deny, purposes: treat))
        let inForce = Clause(contract: other, place: 0, effect: .deny)
        #expect(preview(contract("c", root), besides: [other]).idle.map(\.reason) == [.deniedBy(inForce)])
        let permitting = contract("d", Provision(.permit))
        #expect(
            preview(contract("c", root), besides: [permitting]).idle.map(\.reason)
                == [.saidBy(Clause(contract: permitting, place: 0, effect: .permit))])
    }

    /// A draft, what is in force beside it, and whether that makes a clause of the draft idle.
    struct Pair: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var draft: [Provision] = [Provision(.permit, purposes: [.treatment])]
        let other: [Provision]
        var standing: StandingContract.Standing = .full
        var custodians = ["Organization/o"]
        var isIdle = false
    }

    private static func treating(
        _ effect: ProvisionEffect, until end: Int64? = nil, on condition: AccessCondition? = nil,
        types: [String] = []
    ) -> Provision {
        Provision(
            effect, purposes: [.treatment], period: end.map { Interval(start: nil, end: $0) },
            conditions: [condition].compactMap { $0 }, scope: DataScope(classes: types))
    }

    static let pairs: [Pair] = [
        Pair(testDescription: "the other permits all of it", other: [treating(.permit)], isIdle: true),
        Pair(
            testDescription: "it overrides its parent",
            draft: [treating(.deny), treating(.permit, types: ["Media"])], other: [treating(.permit)]),
        Pair(
            testDescription: "the other does not permit yet", other: [treating(.permit)],
            standing: .restrictionsOnly),
        Pair(
            testDescription: "the other denies already", other: [treating(.deny)],
            standing: .restrictionsOnly, isIdle: true),
        Pair(
            testDescription: "an exception overrides the denial",
            other: [treating(.deny), treating(.permit, types: ["Media"])]),
        Pair(
            testDescription: "each has a condition of its own", draft: [treating(.permit, on: .session)],
            other: [treating(.deny, on: .session)]),
        Pair(
            testDescription: "the same resources", draft: [treating(.permit, types: ["Media"])],
            other: [treating(.deny, types: ["Media"])], isIdle: true),
        Pair(
            testDescription: "other resources", draft: [treating(.permit, types: ["Media"])],
            other: [treating(.deny, types: ["List"])]),
        Pair(
            testDescription: "another custodian", other: [treating(.permit)], custodians: ["Organization/z"]),
        Pair(
            testDescription: "another custodian as well", other: [treating(.permit)],
            custodians: ["Organization/z", "Organization/o"], isIdle: true),
        Pair(
            testDescription: "it lasts longer", draft: [treating(.permit, until: now + 9)],
            other: [treating(.permit, until: now + 8)]),
        Pair(
            testDescription: "it ends with the other", draft: [treating(.permit, until: now + 9)],
            other: [treating(.permit, until: now + 9)], isIdle: true),
        Pair(
            testDescription: "it names break-glass", draft: [Provision(.permit, purposes: [.breakGlass])],
            other: [Provision(.permit, purposes: [.breakGlass])]),
    ]

    @Test(arguments: pairs)
    func aClauseIsIdleOnlyWhereTheOtherStandsForAllOfIt(_ pair: Pair) {
        let draft = contract("a", pair.draft[0], Array(pair.draft.dropFirst()))
        let other = CompiledContract(
            ContractTerms(
                contractID: "b", version: "h-b", patient: "Patient/p", custodians: pair.custodians,
                root: pair.other[0], nested: Array(pair.other.dropFirst())))
        let idle = IdleClause.find(
            in: draft, besides: [StandingContract(other, pair.standing)], atMilliseconds: Self.now)
        #expect(idle.isEmpty == !pair.isIdle)
    }

    /// What is called idle is taken away, and nothing may change.
    @Test func withoutAnIdleClauseEverythingIsDecidedAlike() {
        var random = SeededGenerator(seed: 21)
        var idleCount = 0
        for round in 0..<3_000 {
            let world = EngineWorld(&random)
            guard let last = world.contracts.last else { continue }
            let others = Array(world.contracts.dropLast())
            let draft = last.contract
            let idle = IdleClause.find(in: draft, besides: others, atMilliseconds: EngineWorld.now)
            for clause in idle {
                idleCount += 1
                guard isAlike(world, others, draft, without: clause.clause.place, &random) else {
                    Issue.record("round \(round): \(clause)")
                    return
                }
            }
        }
        #expect(idleCount > 200)
    }

    private func isAlike(
        _ world: EngineWorld, _ others: [StandingContract], _ draft: CompiledContract, without place: Int,
        _ random: inout SeededGenerator
    ) -> Bool {
        let terms = draft.terms
        let nobody = Provision(.permit, actors: ["Practitioner/nobody"])
        let changed = CompiledContract(
            ContractTerms(
                contractID: terms.contractID, version: terms.version, status: terms.status,
                patient: terms.patient, custodians: terms.custodians,
                root: place == 0 ? nobody : terms.root,
                nested: terms.nested.enumerated().map { $0.offset + 1 == place ? nobody : $0.element }))
        let with = world.decide(others + [StandingContract(draft)])
        let without = world.decide(others + [StandingContract(changed)])
        guard with.permittedPurposes == without.permittedPurposes else { return false }
        for _ in 0..<40 {
            let resource = EngineWorld.resource(&random)
            for (one, two) in zip(with.purposes, without.purposes)
            where one.judge(resource).effect != two.judge(resource).effect { return false }
        }
        return true
    }
}
