import Foundation
import Postgres
import Synchronization
import Testing

/// What a finished program left behind.
struct ProgramResult: Sendable {
    let exitCode: Int32
    let output: String
}

/// The whole suite as real processes in a data directory of its own: private Postgres, broker, four
/// validators and the services, on free ports.
struct RunningSuite: Sendable {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    let data: URL

    var network: String { data.appending(path: "network").path }

    /// Starts everything, runs the body, stops everything and removes the data, whatever happens.
    static func withSuite(_ body: (RunningSuite) async throws -> Void) async throws {
        let data = URL(
            filePath: "/var/tmp/consentry-test-\(ProcessInfo.processInfo.processIdentifier)-\(UUID())")
        try FileManager.default.createDirectory(
            at: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let suite = RunningSuite(data: data)
        var failure: (any Error)?
        do {
            let started = try await suite.command("up", "--configuration", "debug")
            try #require(started.exitCode == 0, "the suite did not start: \(started.output)\n\(suite.logs())")
            try await body(suite)
        } catch {
            failure = error
        }
        _ = try await suite.command("down")
        try FileManager.default.removeItem(at: data)
        if let failure { throw failure }
    }

    /// Runs `deploy/suite` with this suite's data.
    @discardableResult
    func command(_ arguments: String...) async throws -> ProgramResult {
        try await suiteProgram(arguments).run()
    }

    /// Starts a process with variables beside those that `deploy/suite` gives it; in a network namespace if
    /// one is named.
    @discardableResult
    func start(
        _ process: String, environment: [String: String], namespace: String? = nil
    ) async throws -> ProgramResult {
        var program = suiteProgram(["start", process])
        program.environment = environment
        return try await (namespace.map { program.inside($0) } ?? program).run()
    }

    private func suiteProgram(_ arguments: [String]) -> Program {
        Program(
            path: Self.root.appending(path: "deploy/suite").path,
            arguments: arguments + ["--data", data.path])
    }

    /// A program of the build, such as `consentry`.
    func program(_ name: String, _ arguments: [String]) -> Program {
        Program(path: Self.root.appending(path: ".build/debug/\(name)").path, arguments: arguments)
    }

    /// The walk, as a client would run it.
    func walk(bundle: String, accesses: Int, output: String = "walk") throws -> Program {
        let folder = data.appending(path: output)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let broker = try text("run/broker.address")
        return program(
            "consentry",
            [
                "walk", "--network", network, "--bundle", bundle, "--output", folder.path, "--kafka", broker,
                "--accesses", String(accesses),
            ])
    }

    /// A text file of the data directory, without its last line break.
    func text(_ path: String) throws -> String {
        try String(contentsOf: data.appending(path: path), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The port of a process, from the suite's settings.
    func port(of process: String) throws -> Int {
        try #require(Int(setting("port_" + process.replacingOccurrences(of: "-", with: "_"))))
    }

    /// One of the suite's settings.
    func setting(_ name: String) throws -> String {
        let line = try text("settings").components(separatedBy: "\n").first { $0.hasPrefix("\(name)=") }
        return try String(#require(line).dropFirst(name.count + 1))
    }

    /// Asks a service's own schema with the service's own role.
    func count(_ sql: String, as role: String) async throws -> Int64 {
        let url = try
            "postgresql://\(role):\(text("passwords/\(role)"))@127.0.0.1:\(port(of: "postgres"))/consentry"
        let pool = PostgresPool(try PostgresConfiguration(url: url, schema: role))
        let rows = try await pool.query { session in try session.query(sql) }
        await pool.close()
        return try #require(rows.first).int(0)
    }

    /// The last lines of every log, to tell why something did not start.
    func logs() -> String {
        let folder = data.appending(path: "logs")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { name in
            let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
            return "== \(name)\n" + text.components(separatedBy: "\n").suffix(6).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

/// A program that a test runs, with its output read as it comes.
struct Program: Sendable {
    let path: String
    let arguments: [String]
    /// Variables beside those of the test process.
    var environment: [String: String] = [:]

    /// The same program in a network namespace.
    func inside(_ namespace: String) -> Program {
        Program(
            path: "/usr/bin/env", arguments: ["ip", "netns", "exec", namespace, path] + arguments,
            environment: environment)
    }

    /// Runs the program to its end; `onLine` sees each line of its output soon after it is written.
    ///
    /// Input and output are files: no event source of the test process hangs on a descriptor that closes.
    func run(
        input: [UInt8] = [], onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> ProgramResult {
        let folder = FileManager.default.temporaryDirectory.appending(path: "consentry-program-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (source, output) = (folder.appending(path: "input"), folder.appending(path: "output"))
        try Data(input).write(to: source)
        try Data().write(to: output)
        let isEnded = Mutex(false)
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
        let (origin, sink) = (try FileHandle(forReadingFrom: source), try FileHandle(forWritingTo: output))
        // Thousands of programs run in one test process.
        defer { for file in [origin, sink] { try? file.close() } }
        process.standardInput = origin
        process.standardOutput = sink
        process.standardError = sink
        process.terminationHandler = { _ in isEnded.withLock { $0 = true } }
        try process.run()
        var lineCount = 0
        while true {
            // The flag is read first: what was written before the end is in the file by then.
            let isLast = isEnded.withLock { $0 }
            let text = try String(decoding: Data(contentsOf: output), as: UTF8.self)
            let lines = text.components(separatedBy: "\n").dropLast()
            lines.dropFirst(lineCount).forEach(onLine)
            lineCount = lines.count
            if isLast { return ProgramResult(exitCode: process.terminationStatus, output: text) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
