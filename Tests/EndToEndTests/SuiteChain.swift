import Foundation
import Synchronization
import TestSupport
import Testing

/// What the validators of a running suite serve, seen from outside.
extension RunningSuite {
    static let validators = (1...4).map { "validator-\($0)" }

    /// How long a network may need to agree again once a fault has ended.
    private static let patience: Duration = .seconds(60)

    /// The process id of a running process.
    func processID(of process: String) throws -> Int32 {
        try #require(Int32(text("run/\(process).pid")))
    }

    /// Sends a signal to a process.
    func signal(_ process: String, _ signal: Int32) throws { _ = try kill(processID(of: process), signal) }

    /// Whether a process that was started still runs; one that ended and was not waited for does not.
    func isRunning(_ process: String) throws -> Bool {
        let identifier = try processID(of: process)
        let status = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
        return !status.isEmpty && !status.contains(") Z ")
    }

    /// The base URL of a validator as the test reaches it.
    func url(of process: String, host: String = "127.0.0.1") throws -> String {
        "http://\(host):\(try port(of: process))"
    }

    /// The block entries and checkpoint texts of a validator by height, without certificates, which may name
    /// different quorums.
    func headers(at url: String) async throws -> [[UInt8]] {
        var headers: [[UInt8]] = []
        while true {
            let answer = try await Curl.get("\(url)/blocks?from=\(headers.count + 1)&count=64")
            if answer.status == "404" { return headers }
            guard answer.status == "200" else {
                // Old blocks are given only so fast.
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            headers += try Self.headers(in: answer.bytes)
        }
    }

    /// Waits until all validators serve the same chain, and gives it.
    ///
    /// A height at which two differ is a fork, however long one waits.
    func agreedChain(hosts: [String: String] = [:]) async throws -> [[UInt8]] {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            var chains: [[[UInt8]]] = []
            for validator in Self.validators {
                chains.append(
                    try await headers(at: url(of: validator, host: hosts[validator] ?? "127.0.0.1")))
            }
            let shared = chains.map(\.count).min() ?? 0
            let prefixes = Set(chains.map { Array($0.prefix(shared)) })
            try #require(prefixes.count == 1, "the chain forked:\n\(logs())")
            if Set(chains.map(\.count)).count == 1 { return chains[0] }
            try #require(
                ContinuousClock.now < deadline, "heights stay apart: \(chains.map(\.count))\n\(logs())")
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// The newest height that a validator holds.
    func height(of validator: String) async throws -> Int {
        let metrics = try await Curl.get("\(try url(of: validator))/metrics").text
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("ledger_height ") }
        return try #require(line.flatMap { Double($0.dropFirst("ledger_height ".count)) }.map { Int($0) })
    }

    /// Waits until a validator is so many heights further, or than a height that it had.
    ///
    /// SPEC RELIABILITY F13: within 10 s of healing; a debug build under load gets twice that.
    func waitForProgress(of validator: String, heights: Int = 1, beyond height: Int? = nil) async throws {
        var start = height
        if start == nil { start = try await self.height(of: validator) }
        let target = try #require(start) + heights
        try await wait("\(validator) makes no progress", seconds: 20) {
            try await self.height(of: validator) >= target
        }
    }

    /// Waits until something is so, and fails with a sentence and the logs if that takes too long.
    func wait(_ complaint: String, seconds: Int = 60, until isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !isSo() {
            try #require(ContinuousClock.now < deadline, "\(complaint)\n\(logs())")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// No validator has seen another one vote twice.
    func checkNoEvidence(hosts: [String: String] = [:]) async throws {
        for validator in Self.validators {
            let url = try url(of: validator, host: hosts[validator] ?? "127.0.0.1")
            let answer = try await Curl.get("\(url)/evidence")
            let isEmpty = answer.text.contains("\"evidence\":[]")
            #expect(isEmpty, "\(validator): \(answer.text)")
        }
    }

    private static func headers(in batch: [UInt8]) throws -> [[UInt8]] {
        func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
        // The form of a final block: magic, height, block entry of 116 bytes, length and text of the
        // checkpoint.
        let textStart = 4 + 8 + 116 + 2
        var headers: [[UInt8]] = []
        var position = 0
        while position + 4 <= batch.count {
            let block = batch[(position + 4)...].prefix(number(batch[position..<position + 4]))
            position = block.endIndex
            let start = block.startIndex
            try #require(block.count > textStart)
            let length = number(block[(start + textStart - 2)..<(start + textStart)])
            headers.append(Array(block.prefix(textStart + length).dropFirst(12)))
        }
        return headers
    }
}

/// Accesses that are asked for until it is over.
final class BackgroundLoad: Sendable {
    private let suite: RunningSuite
    private let isOver = Atomic(false)

    private init(_ suite: RunningSuite) { self.suite = suite }

    /// Runs the body while accesses come in, and expects that some of their rounds went through whole.
    static func during(
        _ suite: RunningSuite, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let load = BackgroundLoad(suite)
        async let rounds = load.run()
        do {
            try await body()
        } catch {
            load.isOver.store(true, ordering: .relaxed)
            _ = try await rounds
            throw error
        }
        load.isOver.store(true, ordering: .relaxed)
        let didWork = try await rounds > 0
        #expect(didWork, "no round of accesses went through:\n\(suite.logs())")
    }

    /// Gives the number of rounds that went through without any failure.
    private func run() async throws -> Int {
        var rounds = 0
        while !isOver.load(ordering: .relaxed) {
            // A round in which a client lost its patience is no failure: what it was answered counts.
            let result = try await suite.program(
                "consentry",
                [
                    "load", "--network", suite.network, "--bundle", WalkTests.demoBundle, "--rate", "4",
                    "--seconds", "2",
                ]
            ).run()
            if result.exitCode == 0 { rounds += 1 }
        }
        return rounds
    }
}
