import LedgerCore
import LedgerProtocol
import Model

/// One validator of four comes back after many blocks, while the others go on with their work.
package struct Absence: Sendable {
    /// How many blocks were made without it.
    package let missedCount: Int
    /// How many blocks the others made while it caught up.
    package let meanwhileCount: Int
    /// How long it took to hold everything, in simulated milliseconds.
    package let caughtUpMilliseconds: Int64
    /// How long a block took with three of four, before and while the fourth caught up, in simulated
    /// milliseconds.
    package let blockMilliseconds: (before: Double, meanwhile: Double)
    /// What did not hold.
    package let findings: [String]

    /// Blocks that a validator must catch up in a second, over HTTP beside the bus; the simulated one asks
    /// for 64 five times a second, and itself in every fourth turn.
    private static let caughtUpPerSecond: Int64 = 200

    /// Lets three of four validators make so many blocks, one for each submission, and starts the fourth.
    ///
    /// - Throws: what the forms of messages or genesis refuse, which is a fault of the scenario.
    package static func run(blocks: Int, progress: (Int) -> Void = { _ in }) throws -> Absence {
        var findings = Findings()
        var simulation = Simulation(network: try LedgerNetwork(validatorCount: 4), seed: 7)
        simulation.isDirect = true
        for index in [0, 1, 2] { try simulation.start(index) }
        for _ in 0..<blocks {
            try addBlock(to: &simulation, &findings)
            progress(simulation.invariants.chain.count)
        }
        let missed = simulation.invariants.chain.count
        let before = Double(simulation.time) / Double(max(missed, 1))

        let startedAt = simulation.time
        let limit = startedAt + 5_000 + Int64(missed) * 1_000 / caughtUpPerSecond
        try simulation.start(3)
        while simulation.nodes[3].commits.count < simulation.invariants.chain.count, simulation.time < limit {
            try addBlock(to: &simulation, &findings)
        }
        let took = simulation.time - startedAt
        let meanwhile = simulation.invariants.chain.count - missed
        findings.expect(
            simulation.nodes[3].commits.count >= missed,
            "after \(took) ms it holds \(simulation.nodes[3].commits.count) of \(missed) blocks")
        let pace = Double(took) / Double(max(meanwhile, 1))
        findings.expect(
            pace <= 1.25 * before + 50,
            "a block takes \(pace) ms while it catches up, \(before) ms while it is away")
        findings.add(simulation.invariants.violations)
        return Absence(
            missedCount: missed, meanwhileCount: meanwhile, caughtUpMilliseconds: took,
            blockMilliseconds: (before, pace), findings: findings.lines)
    }

    private static func addBlock(to simulation: inout Simulation, _ findings: inout Findings) throws {
        let height = simulation.invariants.chain.count
        simulation.submit(try simulation.network.submission(sequence: UInt64(height)))
        let isMade = try simulation.run(milliseconds: 10_000) { $0.invariants.chain.count > height }
        findings.expect(isMade, "no block follows \(height) within 10 s: \(simulation.standing)")
    }
}
