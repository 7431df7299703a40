import LedgerSimulation
import Testing

/// Networks under everything that can be done to them at once; `simulate --seed N` replays a failure.
@Suite struct SeededRunTests {
    @Test(arguments: SimulationSeeds.all) func nothingThatMustHoldIsBroken(seed: UInt64) throws {
        let report = try SeededRun.run(seed: seed)
        #expect(report.violations == [])
    }

    @Test(arguments: Behaviour.allCases) func oneBehaviourBreaksNothing(behaviour: Behaviour) throws {
        let report = try SeededRun.run(seed: 1, validatorCount: 4, behaviour: behaviour)
        #expect(report.violations == [])
        let isThere = report.behaviours.values.contains { $0.contains(behaviour) }
        #expect(isThere)
        #expect(report.blockCount > 0)
    }

    @Test(arguments: [3, 15, 21, 24, 30, 33] as [UInt64])
    func validatorsJoinLeaveAndGetNewKeysUnderFaults(seed: UInt64) throws {
        let report = try SeededRun.run(seed: seed, validatorCount: 4)
        #expect(report.violations == [])
        #expect(report.changeCount > 0)
    }

    @Test func aSeedGivesTheSameRunAgain() throws {
        let (first, second) = (try SeededRun.run(seed: 5), try SeededRun.run(seed: 5))
        #expect(first.digest == second.digest)
        let other = try SeededRun.run(seed: 6)
        #expect(first.digest != other.digest)
    }
}
