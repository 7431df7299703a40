import LedgerCore
import LedgerProtocol
import Model

/// Whole networks in which one thing is wrong and one guard makes up for it.
enum NetworkScenarios {
    /// Runs until all is final everywhere and adds what was broken meanwhile.
    private static func settle(
        _ simulation: inout Simulation, within milliseconds: Int64, _ sentence: String,
        _ findings: inout Findings
    ) throws {
        let isSettled = try simulation.run(milliseconds: milliseconds) { $0.isSettled }
        findings.expect(isSettled, "\(sentence): \(simulation.standing)")
        findings.add(simulation.invariants.violations)
    }

    private static func network(_ count: Int = 4, seed: UInt64 = 7) throws -> Simulation {
        Simulation(network: try LedgerNetwork(validatorCount: count), seed: seed)
    }

    /// One validator is down and another does not hear a third, which it needs; the fourth tells it.
    static func gossipCarriesOthersMessages() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        simulation.cut = Link.between([0], [3])
        for index in [0, 2, 3] { try simulation.start(index) }
        for sequence in 0..<3 as Range<UInt64> {
            simulation.submit(try simulation.network.submission(sequence: sequence))
        }
        try settle(&simulation, within: 60_000, "messages are not passed on", &findings)
        return findings
    }

    /// A submission reaches one validator, and its service never sends it again.
    static func submissionsReachThoseThatMissedThem() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        try simulation.startAll()
        simulation.submit(
            try simulation.network.submission(sequence: 0), to: [2], isRepeated: false)
        try settle(&simulation, within: 20_000, "submissions are not passed on", &findings)
        return findings
    }

    /// One validator is down and another missed the submission that the proposal names.
    static func missingSubmissionsAreAskedForAndAnswered() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        for index in [0, 1, 2] { try simulation.start(index) }
        simulation.submit(
            try simulation.network.submission(sequence: 0), to: [0, 1], isRepeated: false)
        // Soon: not after a second, when submissions are passed on unasked.
        try settle(&simulation, within: 600, "a missing submission is not asked for", &findings)
        return findings
    }

    /// A validator that hears nobody's status learns that its height is over from the answer to its votes.
    static func oldHeightsAreAnswered() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        try simulation.startAll()
        simulation.censored = [.status]
        simulation.cut = Link.between([3], [0, 1, 2])
        for sequence in 0..<3 as Range<UInt64> {
            simulation.submit(try simulation.network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 700)
        }
        simulation.cut = []
        try settle(&simulation, within: 30_000, "old heights are not answered", &findings)
        return findings
    }

    /// A validator that was down while a hundred submissions became final comes back.
    static func longAbsenceIsCaughtUp() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        for index in [0, 1, 2] { try simulation.start(index) }
        for sequence in 0..<100 as Range<UInt64> {
            simulation.submit(try simulation.network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 150)
        }
        findings.expect(
            simulation.invariants.chain.count >= 30, "the others stand still without one validator")
        try simulation.start(3)
        try settle(&simulation, within: 30_000, "a validator does not catch up", &findings)
        return findings
    }

    /// Every size decides with f validators down, and nothing with fewer than a quorum up.
    static func everySizeHasItsQuorum(_ count: Int) throws -> Findings {
        var findings = Findings()
        let quorum = 2 * count / 3 + 1
        var simulation = try network(count)
        for index in (count - quorum)..<count { try simulation.start(index) }
        simulation.submit(try simulation.network.submission(sequence: 0))
        try settle(&simulation, within: 60_000, "\(quorum) of \(count) do not decide", &findings)
        simulation = try network(count)
        for index in (count - quorum + 1)..<count { try simulation.start(index) }
        simulation.submit(try simulation.network.submission(sequence: 0))
        _ = try simulation.run(milliseconds: 10_000)
        findings.expect(simulation.invariants.chain.isEmpty, "\(quorum - 1) of \(count) decide")
        findings.add(simulation.invariants.violations)
        return findings
    }

    static func noEmptyBlocks() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        try simulation.startAll()
        _ = try simulation.run(milliseconds: 20_000)
        findings.expect(simulation.invariants.chain.isEmpty, "blocks are made without work")
        for sequence in 0..<3 as Range<UInt64> {
            simulation.submit(try simulation.network.submission(sequence: sequence))
            _ = try simulation.run(milliseconds: 500)
        }
        try settle(&simulation, within: 5_000, "submissions are not final", &findings)
        let height = simulation.invariants.chain.count
        findings.expect(height, is: 3, "three submissions far apart make another number of blocks")
        _ = try simulation.run(milliseconds: 20_000)
        findings.expect(simulation.invariants.chain.count, is: height, "blocks are made after the work")
        findings.add(simulation.invariants.violations)
        return findings
    }

    static func heartbeatsAreMade() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        simulation.adjust = { $0.heartbeatMilliseconds = 2_000 }
        simulation.invariants.heartbeatsAreMade = true
        try simulation.startAll()
        _ = try simulation.run(milliseconds: 21_000)
        let count = simulation.invariants.chain.count
        findings.expect((8...11).contains(count), "\(count) heartbeats in 21 s with one every 2 s")
        findings.add(simulation.invariants.violations)
        return findings
    }

    /// A service signs eight versions of one sequence and shows each validator two of them.
    static func manyVersionsStallNothing() throws -> Findings {
        var (findings, simulation) = (Findings(), try network())
        try simulation.startAll()
        for index in 0..<4 {
            for number in 0..<2 {
                let version = try simulation.network.submission(
                    by: .notification, sequence: 0, salt: "\(index) \(number)")
                simulation.inject(version.encoded, to: [index])
            }
        }
        simulation.submit(try simulation.network.submission(sequence: 0))
        try settle(&simulation, within: 10_000, "versions of one sequence stall the others", &findings)
        return findings
    }

    /// Every validator is stopped after each of its actions in turn, and all goes on.
    static func everyStopIsSurvived() throws -> Findings {
        var findings = Findings()
        for actions in 1...14 {
            var simulation = try network(seed: UInt64(actions))
            try simulation.startAll()
            for sequence in 0..<4 as Range<UInt64> {
                simulation.submit(try simulation.network.submission(sequence: sequence))
                let victim = Int(sequence)
                simulation.crash(victim, afterActions: actions)
                _ = try simulation.run(milliseconds: 300)
                simulation.crash(victim)
                try simulation.start(victim)
            }
            try settle(&simulation, within: 60_000, "a stop after \(actions) actions", &findings)
        }
        return findings
    }

    /// Databases older than the sign-state: they catch up before they vote.
    static func olderDatabasesCatchUp() throws -> Findings {
        var findings = Findings()
        for seed in 1...6 as ClosedRange<UInt64> {
            var simulation = try network(seed: seed)
            try simulation.startAll()
            for sequence in 0..<9 as Range<UInt64> {
                simulation.submit(try simulation.network.submission(sequence: sequence))
                _ = try simulation.run(milliseconds: Int64(40 + seed * 7))
                guard sequence % 3 == 2 else { continue }
                simulation.crash(Int(seed % 4))
                simulation.restore(Int(seed % 4), withoutBlocks: Int(sequence))
                try simulation.start(Int(seed % 4))
            }
            try settle(&simulation, within: 60_000, "an older database", &findings)
        }
        return findings
    }
}
