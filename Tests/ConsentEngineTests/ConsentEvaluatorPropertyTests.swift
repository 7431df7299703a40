import ConsentEngine
import Model
import Testing

@Suite struct ConsentEvaluatorPropertyTests {
    private func bytes(_ decision: ConsentDecision) throws -> [UInt8] {
        try decision.canonical().canonicalBytes()
    }

    /// What is released of some resources, for each purpose that the request step permits.
    private func released(_ decision: ConsentDecision, _ resources: [ResourceFacts]) -> Set<[Int]> {
        var released: Set<[Int]> = []
        for (place, purpose) in decision.purposes.enumerated() where purpose.effect == .permit {
            for (index, resource) in resources.enumerated()
            where purpose.judge(resource).effect == .permit {
                released.insert([place, index])
            }
        }
        return released
    }

    private func resources(_ random: inout SeededGenerator) -> [ResourceFacts] {
        (0..<20).map { _ in EngineWorld.resource(&random) }
    }

    @Test func packingLosesNothing() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            let contract = EngineWorld.contract(1, &random, nestedMax: 5).contract
            guard CompiledContract(contract.terms) == contract else {
                Issue.record("a contract changes when it is packed again")
                return
            }
        }
    }

    @Test func theOrderOfContractsAndProvisionsNeverMatters() throws {
        var random = SeededGenerator(seed: 2)
        for round in 0..<1_000 {
            let world = EngineWorld(&random)
            let resources = resources(&random)
            let decision = world.decide()
            let shuffled = world.contracts.shuffled(using: &random) + world.contracts.prefix(1)
            let again = world.decide(shuffled)
            guard try bytes(decision) == bytes(again),
                released(decision, resources) == released(again, resources)
            else {
                Issue.record("round \(round) depends on the order of contracts")
                return
            }
            let turned = world.decide(
                world.contracts.map { standing in
                    let terms = standing.contract.terms
                    return StandingContract(
                        CompiledContract(
                            ContractTerms(
                                contractID: terms.contractID, version: terms.version, status: terms.status,
                                patient: terms.patient, custodians: terms.custodians.reversed(),
                                root: terms.root, nested: terms.nested.shuffled(using: &random))),
                        standing.standing)
                })
            guard decision.permittedPurposes == turned.permittedPurposes,
                released(decision, resources) == released(turned, resources)
            else {
                Issue.record("round \(round) depends on the order of provisions")
                return
            }
        }
    }

    @Test func aFurtherDenialNeverReleasesMore() {
        var random = SeededGenerator(seed: 3)
        var restrictedCount = 0
        for round in 0..<1_000 {
            let world = EngineWorld(&random)
            let resources = resources(&random)
            let before = released(world.decide(), resources)
            let denial = EngineWorld.contract(9, &random, root: .deny, nestedMax: 0)
            var worse = [world.contracts + [denial]]
            if !world.contracts.isEmpty {
                worse.append(
                    adding(EngineWorld.provision(.deny, &random), to: world.contracts, using: &random))
            }
            for contracts in worse {
                let after = released(world.decide(contracts), resources)
                guard after.isSubset(of: before) else {
                    Issue.record("round \(round) releases more with a further denial")
                    return
                }
                if after.count < before.count { restrictedCount += 1 }
            }
        }
        // Without this the property would hold just as well for an evaluator that never listens to a denial.
        #expect(restrictedCount > 50)
    }

    /// Puts a leaf provision into one of the contracts.
    private func adding(
        _ provision: Provision, to contracts: [StandingContract], using random: inout SeededGenerator
    ) -> [StandingContract] {
        var contracts = contracts
        let index = Int.random(in: contracts.indices, using: &random)
        let terms = contracts[index].contract.terms
        contracts[index] = StandingContract(
            CompiledContract(
                ContractTerms(
                    contractID: terms.contractID, version: terms.version, status: terms.status,
                    patient: terms.patient, custodians: terms.custodians, root: terms.root,
                    nested: terms.nested + [provision])),
            contracts[index].standing)
        return contracts
    }

    /// Break-glass is left out: a contract that names it, to permit it to some, takes it from the custodian's
    /// policy and so from others.
    @Test func aFurtherPermitNeverReleasesLess() {
        var random = SeededGenerator(seed: 4)
        var widenedCount = 0
        for round in 0..<1_000 {
            let world = EngineWorld(&random)
            let resources = resources(&random)
            let before = world.decide()
            let permit = EngineWorld.contract(9, &random, root: .permit, nestedMax: 0)
            var better = [world.contracts + [permit]]
            if !world.contracts.isEmpty {
                better.append(
                    adding(EngineWorld.provision(.permit, &random), to: world.contracts, using: &random))
            }
            for contracts in better {
                let after = world.decide(contracts)
                for (place, purpose) in before.purposes.enumerated() where purpose.purpose != .breakGlass {
                    let was = released(before, resources).filter { $0[0] == place }
                    let isNow = released(after, resources).filter { $0[0] == place }
                    guard was.isSubset(of: isNow) else {
                        Issue.record("round \(round) releases less with a further permit")
                        return
                    }
                    if isNow.count > was.count { widenedCount += 1 }
                }
            }
        }
        #expect(widenedCount > 50)
    }

    @Test func theResourceStepNeverReleasesWhatTheRequestStepDenies() {
        var random = SeededGenerator(seed: 5)
        var deniedCount = 0
        for round in 0..<1_000 {
            let world = EngineWorld(&random)
            for purpose in world.decide().purposes where purpose.effect == .deny {
                deniedCount += 1
                for resource in resources(&random) where purpose.judge(resource).effect == .permit {
                    Issue.record("round \(round) releases \(resource) which the request step denies")
                    return
                }
            }
        }
        #expect(deniedCount > 400)
    }

    @Test func resourcesAreJudgedAsANaiveReadingWould() {
        var random = SeededGenerator(seed: 6)
        var counts = [0, 0]
        for round in 0..<1_500 {
            let world = EngineWorld(&random)
            let naive = NaiveEvaluator(world)
            for purpose in world.decide().purposes {
                for resource in resources(&random) {
                    let isPermitted = purpose.judge(resource).effect == .permit
                    guard isPermitted == naive.permits(resource, for: purpose.purpose) else {
                        Issue.record("round \(round): \(purpose.purpose), \(resource)")
                        return
                    }
                    counts[isPermitted ? 1 : 0] += 1
                }
            }
        }
        #expect(counts[0] > 5_000)
        #expect(counts[1] > 3_000)
    }

    @Test func requestsArePermittedExactlyWhenSomeResourceCouldBe() {
        var random = SeededGenerator(seed: 7)
        var counts = [0, 0]
        for round in 0..<80 {
            let world = EngineWorld(&random)
            let naive = NaiveEvaluator(world)
            for purpose in world.decide().purposes {
                let couldBe = EngineWorld.universe.contains { naive.permits($0, for: purpose.purpose) }
                guard couldBe == (purpose.effect == .permit) else {
                    Issue.record("round \(round): \(purpose.purpose) is \(purpose.effect)")
                    return
                }
                counts[couldBe ? 1 : 0] += 1
            }
        }
        #expect(counts[0] > 30)
        #expect(counts[1] > 30)
    }

    /// A permit's answer must not depend on which data exist: `decide` is not told, and no judgement changes
    /// it.
    @Test func judgingResourcesChangesNothing() throws {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<200 {
            let world = EngineWorld(&random)
            let decision = world.decide()
            let before = try bytes(decision)
            _ = released(decision, resources(&random))
            #expect(try bytes(decision) == before)
        }
    }
}
