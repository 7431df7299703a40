import Cryptography
import Glibc
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

/// The seeds of a run: six, or as many as `CONSENTRY_SIMULATION_SEEDS` says.
enum SimulationSeeds {
    static let all: [UInt64] = {
        let count = getenv("CONSENTRY_SIMULATION_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 6
        return Array(1...max(count, 1))
    }()
}

/// Whole networks of validator cores over a faulty bus; a failure names its seed.
@Suite struct SimulationTests {
    @Test(arguments: [1, 2, 3, 4, 7], SimulationSeeds.all)
    func everySubmissionBecomesFinalOnOneChain(validatorCount: Int, seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: validatorCount)
        var simulation = Simulation(network: network, seed: seed)
        try simulation.startAll()
        for sequence in 0..<6 as Range<UInt64> {
            simulation.submit(try network.submission(by: .consent, sequence: sequence, entryCount: 3))
            simulation.submit(try network.submission(by: .records, sequence: sequence))
            _ = try simulation.run(milliseconds: 15) { _ in false }
        }
        let isSettled = try simulation.run(milliseconds: 20_000) { $0.isSettled }
        #expect(isSettled)
        try check(simulation)
        // A network without work stands still.
        _ = try simulation.run(milliseconds: 3_000) { _ in false }
        let height = simulation.nodes[0].commits.count
        _ = try simulation.run(milliseconds: 5_000) { _ in false }
        #expect(simulation.nodes[0].commits.count == height)
        try checkReceipts(simulation)
    }

    @Test(arguments: [1, 4, 7], SimulationSeeds.all)
    func aHealthyNetworkDecidesInTheFirstRoundAndSoon(validatorCount: Int, seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: validatorCount)
        let weather = Weather(delayMilliseconds: 1...5, duplicatePercent: 0)
        var simulation = Simulation(network: network, seed: seed, weather: weather)
        try simulation.startAll()
        _ = try simulation.run(milliseconds: 2_000) { _ in false }
        for sequence in 0..<40 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 25) { _ in false }
        }
        let isSettled = try simulation.run(milliseconds: 100) { $0.isSettled }
        #expect(isSettled)
        let lateRounds = simulation.nodes[0].commits.map(\.certificate.round).filter { $0 > 0 }
        #expect(lateRounds.isEmpty)
        // Ten milliseconds of interval, four hops and a commit.
        let slowest = simulation.waits.max()
        #expect(try #require(slowest) <= 60)
        try check(simulation)
    }

    @Test(arguments: [4, 7], SimulationSeeds.all)
    func aDeadProposerIsReplaced(validatorCount: Int, seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: validatorCount)
        var simulation = Simulation(network: network, seed: seed)
        // Validator 1 proposes at height 1 and never comes up.
        for index in 0..<validatorCount where index != 1 { try simulation.start(index) }
        for sequence in 0..<5 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 700) { _ in false }
        }
        let isSettled = try simulation.run(milliseconds: 30_000) { $0.isSettled }
        #expect(isSettled)
        try check(simulation)
        try simulation.start(1)
        let hasCaughtUp = try simulation.run(milliseconds: 10_000) { $0.isSettled }
        #expect(hasCaughtUp)
        try check(simulation)
    }

    @Test(arguments: [1, 4, 7], SimulationSeeds.all)
    func crashesAndLossesCostTimeOnly(validatorCount: Int, seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: validatorCount)
        let weather = Weather(delayMilliseconds: 1...120, duplicatePercent: 30, lossPercent: 10)
        var simulation = Simulation(network: network, seed: seed, weather: weather)
        try simulation.startAll()
        var numbers = SeededNumbers(seed: seed &* 31)
        for sequence in 0..<10 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence, entryCount: 2))
            let victim = Int.random(in: 0..<validatorCount, using: &numbers)
            let pause = Int64.random(in: 1...150, using: &numbers)
            _ = try simulation.run(milliseconds: pause) { _ in false }
            simulation.crash(victim)
            _ = try simulation.run(milliseconds: pause * 2) { _ in false }
            try simulation.start(victim)
        }
        let isSettled = try simulation.run(milliseconds: 180_000) { $0.isSettled }
        #expect(isSettled)
        try check(simulation)
    }

    @Test(arguments: SimulationSeeds.all)
    func allAtOnceStoppedGoOnWithTheSameChain(seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: 4)
        var simulation = Simulation(network: network, seed: seed)
        try simulation.startAll()
        for sequence in 0..<8 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: Int64(7 + seed * 5)) { _ in false }
            for index in 0..<4 { simulation.crash(index) }
            try simulation.startAll()
        }
        let isSettled = try simulation.run(milliseconds: 60_000) { $0.isSettled }
        #expect(isSettled)
        try check(simulation)
    }

    @Test(arguments: SimulationSeeds.all)
    func anOlderDatabaseNeverLeadsToASecondVote(seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: 4)
        var simulation = Simulation(network: network, seed: seed)
        try simulation.startAll()
        for sequence in 0..<12 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: Int64(20 + seed * 3)) { _ in false }
            guard sequence % 3 == 2 else { continue }
            // Others help with a height once a second.
            _ = try simulation.run(milliseconds: 1_100) { _ in false }
            let victim = Int(seed % 4)
            simulation.crash(victim)
            simulation.restore(victim, withoutBlocks: Int(sequence))
            try simulation.start(victim)
        }
        let isSettled = try simulation.run(milliseconds: 60_000) { $0.isSettled }
        #expect(isSettled)
        try check(simulation)
        // A height that was cosigned with the lost database may stay without a note; the newest has one, and
        // with it receipts for all before.
        let isNoted = try simulation.run(milliseconds: 10_000) { simulation in
            simulation.nodes.allSatisfy { node in
                node.commits.last.map { node.notes[$0.block.height] != nil } ?? false
            }
        }
        #expect(isNoted)
    }

    @Test(arguments: SimulationSeeds.all)
    func anEquivocatingValidatorIsFoundAndHarmless(seed: UInt64) throws {
        let network = try LedgerNetwork(validatorCount: 4)
        var simulation = Simulation(
            network: network, seed: seed, behaviours: [2: [.equivocatingVotes]])
        try simulation.startAll()
        for sequence in 0..<5 as Range<UInt64> {
            simulation.submit(try network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 40) { _ in false }
        }
        let isSettled = try simulation.run(milliseconds: 60_000) { $0.isSettled }
        #expect(isSettled)
        try check(simulation)
        let accused = Set(simulation.evidence.map(\.first.validator.position))
        #expect(accused == [2])
    }

    private func check(_ simulation: Simulation) throws {
        let violations = simulation.invariants.violations
        #expect(violations.isEmpty)
    }

    /// Every entry has a receipt that its submitter's light client believed.
    private func checkReceipts(_ simulation: Simulation) throws {
        let entryCount = simulation.invariants.chain.flatMap(\.block.submissions).reduce(0) {
            $0 + $1.entryCount
        }
        #expect(simulation.invariants.receiptCount >= entryCount)
        #expect(simulation.refusals.isEmpty)
    }
}
