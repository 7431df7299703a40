import ConsentEngine
import Model
import Testing

@Suite struct CounterfactualTests {
    private func find(
        _ contracts: [CompiledContract], _ request: AccessRequestFacts = sampleRequest([.treatment]),
        implicit: ImplicitPolicy = .denyAll
    ) throws -> Counterfactual {
        let decision = ConsentEvaluator.decide(request, contracts: contracts, implicit: implicit)
        return try #require(Counterfactual.find(for: request.purposes[0], of: decision))
    }

    private func without(_ contract: CompiledContract, _ place: Int = 0) -> Counterfactual.Change {
        .without(
            Clause(contract: contract, place: place, effect: contract.terms.provisions[place].effect))
    }

    @Test func aPermitFallsWithItsClauses() throws {
        let one = try find([try sampleContract("a")])
        #expect(one.changes == [without(try sampleContract("a"))])
        #expect(one.effect == .deny)
        #expect(
            one.sentence
                == "It would have been denied had clause `provision` of contract `a` been absent.")
        // Of two contracts both would have to go; one that denies is less.
        let two = try find([try sampleContract("a"), try sampleContract("b")])
        let denial = Provision(.deny, actors: ["Practitioner/d"], purposes: [.treatment])
        #expect(two.changes == [.with(denial)])
        #expect(two.isSmallest)
    }

    @Test func aDenialNeedsItsClausesAwayAndAPermit() throws {
        let (permit, deny) = (try sampleContract("a"), try sampleContract("b", type: "deny"))
        let one = try find([permit, deny])
        #expect(one.changes == [without(deny)])
        #expect(one.effect == .permit)
        let more = try find([permit, deny, try sampleContract("c", type: "deny")])
        #expect(more.changes == [without(deny), without(try sampleContract("c", type: "deny"))])
        let alone = try find([deny])
        #expect(
            alone.changes == [
                without(deny),
                .with(Provision(.permit, actors: ["Practitioner/d"], purposes: [.treatment])),
            ])
    }

    @Test func aPolicyIsAnsweredByAContract() throws {
        let permitted = try find([], implicit: .basicNormal)
        #expect(
            permitted.sentence
                == "It would have been denied had there been a contract that denies `Practitioner/d` "
                + "access to all resources for treatment (`TREAT`).")
    }

    @Test func aConditionThatWasNotMetIsNamed() throws {
        let terms = ContractTerms(
            contractID: "c", version: "h", patient: "Patient/p", custodians: ["Organization/o"],
            root: Provision(.permit, conditions: [.session]))
        let found = try find([CompiledContract(terms)])
        let clause = Clause(contract: CompiledContract(terms), place: 0, effect: .permit)
        #expect(found.changes.count == 1)
        guard case .met(let unmet) = found.changes.first else {
            Issue.record("\(found.changes)")
            return
        }
        #expect(unmet.clause == clause)
        #expect(unmet.condition == .session)
        #expect(unmet.truth == .unknown)
    }

    @Test func manyDenialsAreMadeSmallerStepByStep() throws {
        let denials = try (0..<20).map { try sampleContract("d\($0)", type: "deny") }
        let found = try find(denials + [try sampleContract("a")])
        #expect(found.changes.count == 20)
        #expect(!found.isSmallest)
    }

    /// Every answer is checked by doing what it says.
    @Test func whatItSaysTurnsTheDecision() {
        var random = SeededGenerator(seed: 11)
        var foundCount = 0
        for round in 0..<500 {
            let world = EngineWorld(&random)
            let decision = world.decide()
            for decided in decision.purposes {
                guard let found = Counterfactual.find(for: decided.purpose, of: decision) else { continue }
                foundCount += 1
                let after = decide(world, decided.purpose, after: found.changes)
                guard after == decided.effect.opposite, found.effect == after else {
                    Issue.record("round \(round): \(found.sentence)")
                    return
                }
            }
        }
        #expect(foundCount > 400)
    }

    private func decide(
        _ world: EngineWorld, _ purpose: PurposeCode, after changes: [Counterfactual.Change]
    ) -> ProvisionEffect? {
        var contracts = world.contracts
        var conditions = world.request.conditions
        for change in changes {
            switch change {
            case .met(let unmet):
                conditions[
                    ContractCondition(contractID: unmet.clause.contractID, condition: unmet.condition)] = .yes
            case .with(let provision):
                contracts.append(
                    StandingContract(
                        CompiledContract(
                            ContractTerms(
                                contractID: "new", version: "new", patient: world.request.patient,
                                custodians: world.request.custodian, root: provision))))
            case .without(let clause):
                contracts = contracts.map { standing in
                    standing.contract.contractID == clause.contractID
                        ? silenced(standing, clause.place) : standing
                }
            }
        }
        let request = world.request
        let changed = AccessRequestFacts(
            patient: request.patient, linkedPatients: request.linkedPatients, actor: request.actor,
            actingFor: request.actingFor, groups: request.groups, custodian: request.custodian,
            purposes: [purpose], action: request.action, conditions: conditions,
            atMilliseconds: request.atMilliseconds)
        return ConsentEvaluator.decide(changed, contracts: contracts, policies: world.policies).effect
    }

    /// A clause for a purpose that nobody asks for is as good as absent, and keeps the places of the others.
    private func silenced(_ standing: StandingContract, _ place: Int) -> StandingContract {
        let terms = standing.contract.terms
        let nobody = Provision(.permit, actors: ["Practitioner/nobody"])
        return StandingContract(
            CompiledContract(
                ContractTerms(
                    contractID: terms.contractID, version: terms.version, status: terms.status,
                    patient: terms.patient, custodians: terms.custodians,
                    root: place == 0 ? nobody : terms.root,
                    nested: terms.nested.enumerated().map { $0.offset + 1 == place ? nobody : $0.element })),
            standing.standing)
    }
}
