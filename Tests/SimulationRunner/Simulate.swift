import ArgumentParser
import Cryptography
import Glibc
import LedgerSimulation

/// Runs whole networks of validator cores under seeded faults and says what did not hold.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs networks of validators under seeded faults; exit code 1 when something did not hold.")

    @Option(help: "How many seeds are run.")
    var seeds: UInt64 = 10_000

    @Option(help: "The first seed.")
    var first: UInt64 = 1

    @Option(help: "How many validators every network has; drawn from the seed unless it is stated.")
    var validators: Int?

    @Option(help: "What every Byzantine validator does, besides what is drawn from the seed.")
    var behaviour: String?

    @Option(help: "How many seeds are run at a time.")
    var jobs: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN))

    @Option(help: "Replay this one seed and print every step of it.")
    var seed: UInt64?

    @Option(help: "Stop after so many failing scenarios and seeds.")
    var failuresMax = 10

    @Flag(help: "Run the directed scenarios, each of one guard, before the seeds.")
    var scenarios = false

    @Option(help: "Instead of seeds: one of four validators is away for so many blocks, then catches up.")
    var absence: Int?

    func validate() throws {
        if let behaviour, Behaviour(rawValue: behaviour) == nil {
            let names = Behaviour.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("unknown behaviour `\(behaviour)`; choose one of \(names)")
        }
        guard absence ?? 1 > 0 else { throw ValidationError("an absence is of at least 1 block") }
        guard (1...64).contains(validators ?? 4), jobs > 0, failuresMax > 0 else {
            throw ValidationError("a network has 1 to 64 validators; jobs and failures are at least 1")
        }
    }

    func run() async throws {
        if let seed {
            try replay(seed)
            return
        }
        if let absence {
            try runAbsence(of: absence)
            return
        }
        var tally = Tally()
        if scenarios { tally.failures += try runScenarios() }
        if tally.failures < failuresMax { try await runSeeds(&tally) }
        print(tally.summary)
        if tally.failures > 0 { throw ExitCode(1) }
    }

    private func replay(_ seed: UInt64) throws {
        let report = try report(of: seed) { print($0) }
        print(Tally.line(of: report))
        if !report.violations.isEmpty { throw ExitCode(1) }
    }

    private func report(of seed: UInt64, trace: ((String) -> Void)? = nil) throws -> RunReport {
        try SeededRun.run(
            seed: seed, validatorCount: validators,
            behaviour: behaviour.flatMap { Behaviour(rawValue: $0) }, trace: trace)
    }

    private func runAbsence(of blockCount: Int) throws {
        let absence = try Absence.run(blocks: blockCount) { height in
            if height % 10_000 == 0 { print("\(height) blocks without it") }
            fflush(nil)
        }
        let pace = absence.blockMilliseconds
        print(
            """
            away for \(absence.missedCount) blocks, it holds everything after \
            \(absence.caughtUpMilliseconds / 1_000) s of the simulated clock; a block took the others \
            \(Int(pace.before)) ms before and \(Int(pace.meanwhile)) ms meanwhile, in which they made \
            \(absence.meanwhileCount)
            """)
        for finding in absence.findings { print(finding) }
        if !absence.findings.isEmpty { throw ExitCode(1) }
    }

    private func runScenarios() throws -> Int {
        var failures = 0
        for scenario in Scenario.allCases where failures < failuresMax {
            let findings = try scenario.run()
            guard !findings.isEmpty else { continue }
            failures += 1
            for finding in findings { print("scenario \(scenario.rawValue): \(finding)") }
        }
        print("\(Scenario.allCases.count) scenarios, \(failures) failed")
        return failures
    }

    private func runSeeds(_ tally: inout Tally) async throws {
        guard seeds > 0 else { return }
        tally = try await withThrowingTaskGroup(of: RunReport.self) { [tally] group in
            var tally = tally
            var next = first
            let end = first + seeds
            for _ in 0..<jobs where next < end {
                let seed = next
                group.addTask { try report(of: seed) }
                next += 1
            }
            while let report = try await group.next() {
                tally.add(report)
                if !report.violations.isEmpty { print(Tally.line(of: report)) }
                if tally.runs % 100 == 0 { print("\(tally.runs) of \(seeds): \(tally.progress)") }
                // Whoever reads a pipe wants to see how far it is.
                fflush(nil)
                if next < end, tally.failures < failuresMax {
                    let seed = next
                    group.addTask { try self.report(of: seed) }
                    next += 1
                }
            }
            return tally
        }
    }
}

/// What a number of runs came to.
struct Tally {
    var runs: UInt64 = 0
    var failures = 0
    private var blocks = 0
    private var faults: [FaultKind: Int] = [:]
    private var behaviours: [Behaviour: Int] = [:]
    private var slowest: (milliseconds: Int64, seed: UInt64) = (0, 0)
    // Independent of the order in which the runs end.
    private var digests: [UInt64: Digest] = [:]

    mutating func add(_ report: RunReport) {
        runs += 1
        if !report.violations.isEmpty { failures += 1 }
        blocks += report.blockCount
        faults.merge(report.faults) { $0 + $1 }
        for behaviour in report.behaviours.values.joined() { behaviours[behaviour, default: 0] += 1 }
        if report.healedMilliseconds > slowest.milliseconds {
            slowest = (report.healedMilliseconds, report.seed)
        }
        digests[report.seed] = report.digest
    }

    var progress: String {
        "\(blocks) blocks, \(faults.values.reduce(0, +)) faults, \(failures) seeds failed"
    }

    var summary: String {
        let faultLines = FaultKind.allCases.map { "  \($0.rawValue): \(faults[$0] ?? 0)" }
        let behaviourLines = Behaviour.allCases.map { "  \($0.rawValue): \(behaviours[$0] ?? 0)" }
        let digest = SHA256.hash(digests.sorted { $0.key < $1.key }.flatMap(\.value.bytes))
        return """
            faults:
            \(faultLines.joined(separator: "\n"))
            runs with a Byzantine validator of the behaviour:
            \(behaviourLines.joined(separator: "\n"))
            slowest to settle after the faults: \(slowest.milliseconds) ms, seed \(slowest.seed)
            digest of all runs: \(digest)
            \(runs) seeds: \(progress)
            """
    }

    static func line(of report: RunReport) -> String {
        let byzantine = report.behaviours.sorted { $0.key < $1.key }.map { index, behaviours in
            "\(index): \(behaviours.sorted().map(\.rawValue).joined(separator: "+"))"
        }
        let shown = report.violations.prefix(5).map { "\n  \($0)" }.joined()
        let rest = report.violations.count > 5 ? "\n  and \(report.violations.count - 5) more" : ""
        return """
            seed \(report.seed): \(report.validatorCount) validators, Byzantine \
            [\(byzantine.joined(separator: "; "))], \(report.blockCount) blocks, \
            \(report.faultCount) faults, \(report.violations.count) violations\(shown)\(rest)
            """
    }
}
