import LedgerCore
import LedgerProtocol
import Model

/// Whole networks that have a way beside the bus.
enum DirectScenarios {
    private static func network() throws -> Simulation {
        var simulation = Simulation(network: try LedgerNetwork(validatorCount: 4), seed: 11)
        simulation.isDirect = true
        return simulation
    }

    /// The bus falls silent between two submissions; the first after it costs a time-out, the others nothing.
    static func aSilentBusCostsTimeOnly() throws -> Findings {
        var findings = Findings()
        for silence in BusSilence.allCases {
            var simulation = try network()
            try simulation.startAll()
            simulation.submit(try simulation.network.submission(sequence: 0))
            _ = try simulation.run(milliseconds: 1_000)
            simulation.silence = silence
            for sequence in 1..<8 as Range<UInt64> {
                simulation.submit(try simulation.network.submission(sequence: sequence))
                let milliseconds: Int64 = sequence == 1 ? 10_000 : 1_000
                let isFinal = try simulation.run(milliseconds: milliseconds) { $0.isSettled }
                findings.expect(
                    isFinal, "\(sequence) is not final while the bus \(silence): \(simulation.standing)")
            }
            findings.add(simulation.invariants.violations)
        }
        return findings
    }

    /// One validator is down for thirty blocks and comes back while the bus swallows everything.
    static func blocksAreFetchedBesideASilentBus() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        for index in [0, 1, 2] { try simulation.start(index) }
        for sequence in 0..<30 as Range<UInt64> {
            simulation.submit(try simulation.network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 150)
        }
        _ = try simulation.run(milliseconds: 5_000) { $0.isSettled }
        simulation.silence = .swallows
        simulation.loseTopics()
        try simulation.start(3)
        let isThere = try simulation.run(milliseconds: 10_000) { $0.hasEveryBlockEverywhere }
        findings.expect(isThere, "blocks are not fetched: \(simulation.standing)")
        findings.add(simulation.invariants.violations)
        return findings
    }

    /// A proposal or vote that the bus carries goes nowhere else.
    static func aWorkingBusIsEnough() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        simulation.weather.duplicatePercent = 0
        try simulation.startAll()
        _ = try simulation.run(milliseconds: 100)
        let before = simulation.directCount
        for sequence in 0..<5 as Range<UInt64> {
            simulation.submit(try simulation.network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 100)
        }
        findings.expect(simulation.isSettled, "a working bus does not carry: \(simulation.standing)")
        findings.expect(simulation.directCount - before, is: 0, "messages were sent a second time")
        findings.add(simulation.invariants.violations)
        return findings
    }
}
