import Foundation
import TestSupport
import Testing

/// Faults of real processes. Afterwards there is one chain on all validators, and nothing that was answered
/// is lost.
///
/// `CONSENTRY_FAULT_ROUNDS` repeats them for longer; see `deploy/benchmarks/faults`.
@Suite(.serialized, .timeLimit(.minutes(120)))
struct FaultTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["CONSENTRY_FAULT_ROUNDS"].flatMap {
            Int($0)
        } ?? 1

    /// How long a process may take to reach its crash point.
    private static let crashSeconds = 30

    @Test func brokerPostgresAndAValidatorMayFallDuringTheWalk() async throws {
        try await RunningSuite.withSuite { suite in
            for _ in 0..<Self.rounds {
                for (process, step) in [("broker", 3), ("validator-1", 4), ("postgres", 4)] {
                    try await WalkTests.walkWithKill(
                        suite, of: process, atStep: step, bundle: WalkTests.demoBundle)
                }
            }
            try await WalkTests.checkNothingIsLostOrDoubled(suite)
            let chain = try await suite.agreedChain()
            #expect(chain.count > 10)
            try await suite.checkNoEvidence()
        }
    }

    private static let crashPoints = [
        "sign-state-unwritten", "sign-state-written", "sign-state-renamed", "sign-state-durable",
        "block-decided", "block-stored",
    ]

    @Test func validatorsMayFallAtEachCrashPoint() async throws {
        try await RunningSuite.withSuite { suite in
            try await BackgroundLoad.during(suite) {
                for round in 0..<Self.rounds {
                    for (number, point) in Self.crashPoints.enumerated() {
                        let victim = RunningSuite.validators[(round + number) % 4]
                        // At the first passing and at later ones.
                        let passing = 1 + (round * 7 + number * 3) % 9
                        try await Self.crash(suite, victim, at: "\(point):\(passing)")
                    }
                    try await Self.crashWhileCatchingUp(suite, RunningSuite.validators[round % 4])
                }
            }
            try await Self.checkAfterwards(suite)
        }
    }

    @Test func processesMayStandStillAndComeBackFromABackup() async throws {
        try await RunningSuite.withSuite { suite in
            try await BackgroundLoad.during(suite) {
                for round in 0..<Self.rounds {
                    let victim = RunningSuite.validators[round % 4]
                    try await Self.standStill(suite, victim, seconds: 6)
                    try await Self.standStill(suite, "broker", seconds: 3)
                    try await Self.restoreBackup(suite, RunningSuite.validators[(round + 1) % 4])
                    for validator in RunningSuite.validators { try await suite.command("kill", validator) }
                    // Together: the first alone would wait for a quorum in vain.
                    try await withThrowingTaskGroup(of: ProgramResult.self) { group in
                        for validator in RunningSuite.validators {
                            group.addTask { try await suite.command("start", validator) }
                        }
                        for try await started in group {
                            #expect(started.exitCode == 0, "\(started.output)\n\(suite.logs())")
                        }
                    }
                }
            }
            try await Self.checkAfterwards(suite)
        }
    }

    /// SPEC RELIABILITY F8: what was accepted meanwhile is final within a minute of its return.
    @Test func aBrokerMayBeAwayForAMinute() async throws {
        try await RunningSuite.withSuite { suite in
            try await BackgroundLoad.during(suite) {
                let before = try await suite.height(of: "validator-1")
                try await suite.waitForProgress(of: "validator-1", heights: 6, beyond: before)
                try await suite.command("kill", "broker")
                try await Task.sleep(for: .seconds(60))
                let restarted = try await suite.command("start", "broker")
                #expect(restarted.exitCode == 0, "\(restarted.output)")
                try await suite.waitForProgress(of: "validator-1", heights: 6)
                // At least one round of accesses that knew of no fault.
                try await Task.sleep(for: .seconds(5))
            }
            try await Self.checkAfterwards(suite)
        }
    }

    /// SPEC RELIABILITY F16: the sign-state is ahead of the database each time.
    @Test func databasesMayComeBackFromABackupAgainAndAgain() async throws {
        try await RunningSuite.withSuite { suite in
            try await BackgroundLoad.during(suite) {
                for round in 0..<2 * Self.rounds {
                    try await Self.restoreBackup(suite, RunningSuite.validators[round % 4], after: 1)
                }
            }
            try await Self.checkAfterwards(suite)
        }
    }

    private static func checkAfterwards(_ suite: RunningSuite) async throws {
        try await WalkTests.checkNothingIsLostOrDoubled(suite)
        let chain = try await suite.agreedChain()
        #expect(chain.count > 10)
        try await suite.checkNoEvidence()
        let walk = try await suite.walk(bundle: WalkTests.demoBundle, accesses: 1, output: "after").run()
        #expect(walk.exitCode == 0, "\(walk.output)\n\(suite.logs())")
    }

    /// Restarts a validator so that it kills itself at a place, and then as it should be.
    private static func crash(_ suite: RunningSuite, _ victim: String, at point: String) async throws {
        try await suite.command("stop", victim)
        // It may fall before it is ready, which the command says and which is what is wanted.
        try await suite.start(victim, environment: ["CONSENTRY_CRASH_POINT": point])
        try await waitForCrash(suite, victim, at: point)
        let restarted = try await suite.command("start", victim)
        #expect(restarted.exitCode == 0, "after \(point): \(restarted.output)\n\(suite.logs())")
    }

    private static func waitForCrash(
        _ suite: RunningSuite, _ victim: String, at point: String
    ) async throws {
        for _ in 0..<crashSeconds * 20 {
            if try !suite.isRunning(victim) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(victim) never reached \(point)\n\(suite.logs())")
        try await suite.command("stop", victim)
    }

    /// With the bus frozen, what a validator missed can come from the others' stores only.
    private static func crashWhileCatchingUp(_ suite: RunningSuite, _ victim: String) async throws {
        try await suite.command("stop", victim)
        try await Task.sleep(for: .seconds(4))
        try suite.signal("broker", SIGSTOP)
        try await suite.start(victim, environment: ["CONSENTRY_CRASH_POINT": "blocks-fetched"])
        try await waitForCrash(suite, victim, at: "blocks-fetched")
        try suite.signal("broker", SIGCONT)
        let restarted = try await suite.command("start", victim)
        #expect(restarted.exitCode == 0, "\(restarted.output)\n\(suite.logs())")
    }

    private static func standStill(_ suite: RunningSuite, _ process: String, seconds: Int) async throws {
        try suite.signal(process, SIGSTOP)
        try await Task.sleep(for: .seconds(seconds))
        try suite.signal(process, SIGCONT)
        try await Task.sleep(for: .seconds(2))
    }

    /// Gives a validator an old database: its sign-state is ahead, so it catches up before it votes.
    private static func restoreBackup(
        _ suite: RunningSuite, _ victim: String, after seconds: Int = 4
    ) async throws {
        let backup = suite.data.appending(path: "backup.sql").path
        let dumped = try await suite.command("dump", victim, backup)
        #expect(dumped.exitCode == 0, "\(dumped.output)")
        try await Task.sleep(for: .seconds(seconds))
        try await suite.command("stop", victim)
        let restored = try await suite.command("restore", victim, backup)
        #expect(restored.exitCode == 0, "\(restored.output)")
        let started = try await suite.command("start", victim)
        #expect(started.exitCode == 0, "\(started.output)\n\(suite.logs())")
    }
}
