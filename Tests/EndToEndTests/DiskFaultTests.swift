import Foundation
import Testing

/// Disks that are full or that do not sync, under real processes (SPEC RELIABILITY F15).
@Suite(.serialized, .timeLimit(.minutes(30)))
struct DiskFaultTests {
    /// What was signed and cannot be written down must not leave the process; it ends and says why.
    @Test func aValidatorWhoseSignStateCannotBeWrittenEnds() async throws {
        try await RunningSuite.withSuite { suite in
            let disk = FaultyDisk(suite, of: suite.data.appending(path: "sign-state").path)
            try await BackgroundLoad.during(suite) {
                for (victim, fault, reason) in [
                    ("validator-2", "sync EIO", "it cannot be synced: Input/output error"),
                    ("validator-3", "write ENOSPC", "it cannot be written: No space left on device"),
                ] {
                    try await suite.command("stop", victim)
                    let started = try await suite.start(victim, environment: disk.environment)
                    try #require(started.exitCode == 0, "\(started.output)\n\(suite.logs())")
                    try disk.fail(fault)
                    try await suite.wait("\(victim) never ended") { try !suite.isRunning(victim) }
                    let log = try suite.text("logs/\(victim).log")
                    #expect(log.contains("the sign-state is unusable, \(reason)"), "\(log.suffix(2_000))")
                    // Three of four go on without it.
                    try await suite.waitForProgress(of: "validator-1", heights: 3)
                    try disk.heal()
                    let restarted = try await suite.command("start", victim)
                    #expect(restarted.exitCode == 0, "\(restarted.output)\n\(suite.logs())")
                    try await suite.waitForProgress(of: victim, heights: 3)
                }
            }
            try await Self.checkAfterwards(suite)
        }
    }

    /// All validators and services share this Postgres: nothing can be stored anywhere, and nothing is lost.
    @Test func aPostgresWhoseDiskIsFullOrFailsCostsTimeOnly() async throws {
        try await RunningSuite.withSuite { suite in
            let folder = try suite.setting("postgres_data")
            let serverLog = "\(folder)/server.log"
            try await BackgroundLoad.during(suite) {
                for (fault, place, trace) in [
                    ("write ENOSPC", "base", "No space left on device"),
                    ("sync EIO", "pg_wal", "PANIC"),
                ] {
                    let disk = FaultyDisk(suite, of: "\(folder)/\(place)")
                    try await suite.command("stop", "postgres")
                    let started = try await suite.start("postgres", environment: disk.environment)
                    try #require(started.exitCode == 0, "\(started.output)")
                    try disk.fail(fault)
                    try await suite.wait("\(fault) never struck") {
                        try String(contentsOfFile: serverLog, encoding: .utf8).contains(trace)
                    }
                    try await Task.sleep(for: .seconds(5))
                    try disk.heal()
                    // It ended itself where recovery could not sync either.
                    let restarted = try await suite.command("start", "postgres")
                    #expect(restarted.exitCode == 0, "\(restarted.output)")
                    for validator in RunningSuite.validators {
                        try await suite.waitForProgress(of: validator, heights: 3)
                    }
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
    }
}

/// The switch of a disk below a folder; processes that are started with its environment meet its faults.
private struct FaultyDisk {
    private let control: URL
    private let folder: String

    init(_ suite: RunningSuite, of folder: String) {
        control = suite.data.appending(path: "faulty-disk")
        self.folder = folder
    }

    var environment: [String: String] {
        let library = RunningSuite.root.appending(path: ".build/debug/libFaultyDisk.so").path
        return ["LD_PRELOAD": library, "FAULTY_DISK": control.path]
    }

    /// - Parameter fault: kind of call and error, as `Tests/FaultyDisk` reads them.
    func fail(_ fault: String) throws {
        try Data("\(fault) \(folder)\n".utf8).write(to: control, options: .atomic)
        // Postgres has a user of its own.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: control.path)
    }

    func heal() throws { try FileManager.default.removeItem(at: control) }
}
