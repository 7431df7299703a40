import Foundation
import Model
import Synchronization
import Testing

/// The walk against real binaries; one suite serves all checks because starting it costs seconds.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct WalkTests {
    static let demoBundle = RunningSuite.root.appending(path: "deploy/demo/patient.json").path
    private static let syntheaBundle = RunningSuite.root
        .appending(path: "../shared/corpora/synthea/Denny_Bins.json").standardizedFileURL.path

    @Test func accessGoesThroughWithProof() async throws {
        try await RunningSuite.withSuite { suite in
            let walk = try await suite.walk(bundle: Self.demoBundle, accesses: 5).run()
            try #require(walk.exitCode == 0, "\(walk.output)\n\(suite.logs())")
            for step in 1...9 {
                let isShown = walk.output.contains("] \(step). ")
                #expect(isShown, "step \(step) is missing in:\n\(walk.output)")
            }
            try await Self.checkSubscriber(suite)
            try Self.checkRecordsAreByteExact(suite)
            try await Self.checkNothingIsLostOrDoubled(suite)
            let stopped = try await suite.command("down")
            #expect(stopped.exitCode == 0, "\(stopped.output)")
            try await Self.checkReceipt(suite, with: suite.program("consentry", ["verify", "receipt"]))
            let script = RunningSuite.root.appending(path: "Tests/Conformance/verify_receipt.py").path
            try await Self.checkReceipt(suite, with: Program(path: "/usr/bin/python3", arguments: [script]))
            try await Self.checkSecondStartOnTheSameData(suite)
        }
    }

    @Test func servicesKilledInTheMiddleOfTheWalkLoseNothing() async throws {
        let bundle =
            FileManager.default.fileExists(atPath: Self.syntheaBundle) ? Self.syntheaBundle : Self.demoBundle
        try await RunningSuite.withSuite { suite in
            for (service, step) in [("identity", 1), ("consent", 3), ("records", 4), ("notification", 5)] {
                try await Self.walkWithKill(suite, of: service, atStep: step, bundle: bundle)
                try await Self.walkWithKill(suite, of: service, atStep: step + 2, bundle: bundle)
            }
            try await Self.checkNothingIsLostOrDoubled(suite)
            try await Self.checkTermination(suite)
        }
    }

    /// Kills one service with SIGKILL as a step begins, starts it again, and expects the walk to end well.
    static func walkWithKill(
        _ suite: RunningSuite, of service: String, atStep step: Int, bundle: String
    ) async throws {
        let reached = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        async let walk = suite.walk(bundle: bundle, accesses: 5, output: "walk-\(service)-\(step)").run {
            line in
            if line.contains("] \(step). ") { reached.continuation.yield() }
            if line.contains("] 9. ") { reached.continuation.finish() }
        }
        var steps = reached.stream.makeAsyncIterator()
        _ = await steps.next()
        try await suite.command("kill", service)
        let restarted = try await suite.command("start", service)
        #expect(restarted.exitCode == 0, "\(restarted.output)\n\(suite.logs())")
        let result = try await walk
        #expect(result.exitCode == 0, "\(service) killed at step \(step): \(result.output)\n\(suite.logs())")
    }

    /// A verifier accepts the receipt with no service running, and fails with a sentence for a changed byte.
    ///
    /// One of the two is the suite's own, the other shares no code with it.
    private static func checkReceipt(_ suite: RunningSuite, with verifier: Program) async throws {
        let files = [
            ("--receipt", "walk/receipt.txt"), ("--event", "walk/event.json"),
            ("--genesis", "network/genesis.json"),
        ]
        func check(_ paths: [URL]) async throws -> ProgramResult {
            let arguments = zip(files, paths).flatMap { [$0.0, $1.path] }
            return try await Program(path: verifier.path, arguments: verifier.arguments + arguments).run()
        }
        let paths = files.map { suite.data.appending(path: $0.1) }
        let accepted = try await check(paths)
        #expect(accepted.exitCode == 0, "\(accepted.output)")
        for (position, path) in paths.enumerated() {
            var bytes = try Data(contentsOf: path)
            bytes[bytes.count / 2] ^= 1
            var changedPaths = paths
            changedPaths[position] = suite.data.appending(path: "changed")
            try bytes.write(to: changedPaths[position])
            let refused = try await check(changedPaths)
            #expect(refused.exitCode == 1, "\(path.lastPathComponent): \(refused.output)")
            let saysSo = refused.output.contains("valid") || refused.output.contains("genesis")
            #expect(saysSo, "\(path.lastPathComponent): \(refused.output)")
        }
    }

    /// A subscriber reads its topic with kcat and opens what it is entitled to.
    private static func checkSubscriber(_ suite: RunningSuite) async throws {
        let broker = try suite.text("run/broker.address")
        let read = try await Program(
            path: "/usr/bin/kcat", arguments: ["-b", broker, "-C", "-e", "-q", "-t", "access.events.demo"]
        ).run()
        #expect(read.exitCode == 0)
        let opened = try await suite.program(
            "consentry",
            [
                "events", "open", "-", "--key", "\(suite.network)/subscribers/demo/sealing.key", "--genesis",
                "\(suite.network)/genesis.json",
            ]
        ).run(input: Array(read.output.utf8))
        #expect(opened.exitCode == 0, "\(opened.output)")
        let hasDecision = opened.output.contains("access.decided.v1")
        #expect(hasDecision, "\(opened.output)")
    }

    /// Every resource that was released stands in the Bundle with exactly the same bytes.
    private static func checkRecordsAreByteExact(_ suite: RunningSuite) throws {
        let released = try resources(in: suite.data.appending(path: "walk/records.json"))
        let stored = try resources(in: URL(filePath: demoBundle))
        #expect(released.count == 11)
        let isExact = released.isSubset(of: stored)
        #expect(isExact, "a released resource differs from the one that was stored")
    }

    private static func resources(in bundle: URL) throws -> Set<[UInt8]> {
        let bytes = [UInt8](try Data(contentsOf: bundle))
        let ranges = try JSONScanner.elements(of: bytes, arrayNamed: "entry", memberNamed: "resource")
        return Set(ranges.map { Array(bytes[$0]) })
    }

    /// Everything accepted is final within a minute (RELIABILITY I1), and each event has its one notice.
    static func checkNothingIsLostOrDoubled(_ suite: RunningSuite) async throws {
        var eventCount: Int64 = 0
        for service in ["identity", "consent", "records"] {
            var pending: Int64 = -1
            for _ in 0..<600 where pending != 0 {
                pending = try await suite.count(
                    "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM event WHERE NOT final)",
                    as: service)
                if pending != 0 { try await Task.sleep(for: .milliseconds(100)) }
            }
            #expect(pending == 0, "\(service) has \(pending) events that never became final")
            eventCount += try await suite.count(
                "SELECT count(*) FROM event WHERE type LIKE 'access.%' OR type LIKE 'consent.%'", as: service)
        }
        var noticeCount: Int64 = -1
        for _ in 0..<600 where noticeCount != eventCount {
            noticeCount = try await suite.count("SELECT count(*) FROM notice", as: "notification")
            if noticeCount != eventCount { try await Task.sleep(for: .milliseconds(100)) }
        }
        #expect(noticeCount == eventCount)
    }

    private static func checkSecondStartOnTheSameData(_ suite: RunningSuite) async throws {
        let started = try await suite.command("up")
        try #require(started.exitCode == 0, "\(started.output)\n\(suite.logs())")
        let walk = try await suite.walk(bundle: demoBundle, accesses: 1, output: "walk-again").run()
        #expect(walk.exitCode == 0, "\(walk.output)\n\(suite.logs())")
    }

    /// SIGTERM ends each process within five seconds and with exit code 0.
    private static func checkTermination(_ suite: RunningSuite) async throws {
        for name in ["identity", "consent", "records", "notification", "validator-1", "broker"] {
            let start = ContinuousClock.now
            let stopped = try await suite.command("stop", name)
            let duration = ContinuousClock.now - start
            #expect(stopped.exitCode == 0, "\(stopped.output)")
            let isPrompt = duration < .seconds(5)
            #expect(isPrompt, "\(name) took \(duration) to end")
        }
    }
}
