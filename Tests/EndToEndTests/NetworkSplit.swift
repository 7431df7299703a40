import Foundation
import TestSupport
import Testing

/// Some validators of a suite in a network namespace of their own, with one cable to the others.
///
/// They reach their database on any side of a split, as if it were on their own machine. The bus they reach
/// through a proxy that a test may slow or cut, or not at all: then whatever they hear and say goes from
/// validator to validator over HTTP.
struct NetworkSplit: Sendable {
    let suite: RunningSuite
    let name: String
    /// The validators on the far side.
    let far: [String]
    private let number: Int
    /// The far side's ways to the bus; empty when it has none.
    private var bus: [TCPProxy] = []

    /// Whether this process may make network namespaces; containers often may not.
    static let isPossible: Bool = {
        let name = "consentry-probe-\(ProcessInfo.processInfo.processIdentifier)"
        guard run(["netns", "add", name]) else { return false }
        return run(["netns", "delete", name])
    }()

    private var nearAddress: String { "10.213.\(number).1" }
    private var farAddress: String { "10.213.\(number).2" }

    /// Where the test finds each validator.
    var hosts: [String: String] {
        Dictionary(uniqueKeysWithValues: RunningSuite.validators.map { ($0, address(of: $0) ?? "127.0.0.1") })
    }

    /// Moves validators to the far side, runs the body and brings them back.
    static func with(
        _ suite: RunningSuite, far: [String], hasBus: Bool = false,
        _ body: (NetworkSplit) async throws -> Void
    ) async throws {
        let number = Int.random(in: 0...255)
        var split = NetworkSplit(suite: suite, name: "consentry-\(number)", far: far, number: number)
        defer {
            // A test that failed while the sides were apart leaves its route on this machine otherwise, and a
            // namespace lives on, with its end of the cable, until its last socket is gone.
            _ = run(["route", "delete", "blackhole", split.farAddress + "/32"])
            _ = run(["link", "delete", split.cable])
            _ = run(["netns", "delete", split.name])
        }
        try #require(split.connect(), "the namespace \(split.name) could not be made")
        let database = try TCPProxy(
            port: suite.port(of: "postgres"), target: suite.port(of: "postgres"), namespace: split.name)
        defer { database.close() }
        if hasBus {
            split.bus = try await busPorts(suite).map {
                try TCPProxy(port: $0, target: $0, namespace: split.name)
            }
        }
        defer { for proxy in split.bus { proxy.close() } }
        for validator in RunningSuite.validators { try await suite.command("stop", validator) }
        try await split.start()
        try await body(split)
        for validator in RunningSuite.validators { try await suite.command("stop", validator) }
    }

    /// Lets every packet between the two sides vanish, or none.
    ///
    /// By routes and not by the cable: without it packets would leave by whatever other way there is.
    func setCut(_ isCut: Bool) {
        let isDone = Self.run(["route", isCut ? "add" : "delete", "blackhole", farAddress + "/32"])
        #expect(isDone)
        setOneWay(isCut)
    }

    /// Lets the far side's packets to the near side vanish, or not.
    func setOneWay(_ isOneWay: Bool) {
        let isDone = Self.run([
            "-n", name, "route", isOneWay ? "add" : "delete", "blackhole", nearAddress + "/32",
        ])
        #expect(isDone)
    }

    /// Holds what passes between the far side and the bus back for so long, each piece of data.
    func setBusDelay(milliseconds: Int) { for proxy in bus { proxy.setDelay(milliseconds: milliseconds) } }

    /// Cuts the far side off the bus, or not.
    func setBusCut(_ isCut: Bool) { for proxy in bus { proxy.setCut(isCut) } }

    /// The port at which clients ask first, and those that the brokers name in their answers.
    private static func busPorts(_ suite: RunningSuite) async throws -> Set<Int> {
        let address = try suite.text("run/broker.address")
        let metadata = try await Program(path: "/usr/bin/kcat", arguments: ["-b", address, "-L"]).run()
        let brokers = metadata.output.components(separatedBy: "\n").filter {
            $0.contains("broker ") && $0.contains(" at ")
        }
        let ports = ([address] + brokers).compactMap { line in
            line.components(separatedBy: ":").last.flatMap { Int($0.prefix { $0.isNumber }) }
        }
        try #require(!brokers.isEmpty, "kcat names no broker: \(metadata.output)")
        return Set(ports)
    }

    private var cable: String { "csy\(number)" }

    private func connect() -> Bool {
        Self.run(["netns", "add", name])
            && Self.run(["link", "add", cable, "type", "veth", "peer", "name", cable + "f", "netns", name])
            && Self.run(["address", "add", nearAddress + "/24", "dev", cable])
            && Self.run(["link", "set", cable, "up"])
            && Self.run(["-n", name, "address", "add", farAddress + "/24", "dev", cable + "f"])
            && Self.run(["-n", name, "link", "set", cable + "f", "up"])
            && Self.run(["-n", name, "link", "set", "lo", "up"])
    }

    private func start() async throws {
        try await withThrowingTaskGroup(of: ProgramResult.self) { group in
            for validator in RunningSuite.validators {
                let isFar = far.contains(validator)
                let urls = try RunningSuite.validators.map { other in
                    let isSameSide = far.contains(other) == isFar
                    let host = isSameSide ? "127.0.0.1" : far.contains(other) ? farAddress : nearAddress
                    return try suite.url(of: other, host: host)
                }
                let environment = [
                    "CONSENTRY_HOST": "0.0.0.0", "CONSENTRY_PEER_URLS": urls.joined(separator: ","),
                ]
                group.addTask {
                    try await suite.start(
                        validator, environment: environment, namespace: isFar ? name : nil)
                }
            }
            for try await started in group {
                try #require(started.exitCode == 0, "\(started.output)\n\(suite.logs())")
            }
        }
    }

    private func address(of validator: String) -> String? { far.contains(validator) ? farAddress : nil }

    private static func run(_ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["ip"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// Splits between validators; the side with a quorum goes on, and afterwards there is one chain.
@Suite(
    .serialized, .timeLimit(.minutes(30)),
    .enabled(if: NetworkSplit.isPossible, "network namespaces need root and the program `ip`"))
struct NetworkSplitTests {
    @Test(arguments: [["validator-4"], ["validator-3", "validator-4"]])
    func afterASplitThereIsOneChain(far: [String]) async throws {
        try await RunningSuite.withSuite { suite in
            try await NetworkSplit.with(suite, far: far) { split in
                let before = try await suite.agreedChain(hosts: split.hosts).count
                try await BackgroundLoad.during(suite) {
                    for isOneWay in [false, true] {
                        try await Task.sleep(for: .seconds(3))
                        if isOneWay { split.setOneWay(true) } else { split.setCut(true) }
                        try await Task.sleep(for: .seconds(3))
                        let start = try await suite.height(of: "validator-1")
                        try await Task.sleep(for: .seconds(5))
                        let end = try await suite.height(of: "validator-1")
                        // Three of four go on; two and two wait for each other.
                        if far.count == 1 { #expect(end > start) } else { #expect(end == start) }
                        if isOneWay { split.setOneWay(false) } else { split.setCut(false) }
                        try await suite.waitForProgress(of: "validator-1", beyond: end)
                    }
                }
                let chain = try await suite.agreedChain(hosts: split.hosts)
                #expect(chain.count > before)
                try await suite.checkNoEvidence(hosts: split.hosts)
                try await WalkTests.checkNothingIsLostOrDoubled(suite)
            }
        }
    }

    /// The far side needs the near side and has two ways to it; each of them alone is enough, however slow.
    @Test func aSlowOrCutBusCostsTimeOnly() async throws {
        try await RunningSuite.withSuite { suite in
            let far = ["validator-3", "validator-4"]
            try await NetworkSplit.with(suite, far: far, hasBus: true) { split in
                let before = try await suite.agreedChain(hosts: split.hosts).count
                try await BackgroundLoad.during(suite) {
                    split.setBusDelay(milliseconds: 100)
                    try await suite.waitForProgress(of: "validator-1", heights: 3)
                    split.setBusCut(true)
                    try await suite.waitForProgress(of: "validator-1", heights: 3)
                    split.setBusCut(false)
                    split.setBusDelay(milliseconds: 0)
                    split.setCut(true)
                    try await suite.waitForProgress(of: "validator-1", heights: 3)
                    split.setCut(false)
                }
                let chain = try await suite.agreedChain(hosts: split.hosts)
                #expect(chain.count > before)
                try await suite.checkNoEvidence(hosts: split.hosts)
                try await WalkTests.checkNothingIsLostOrDoubled(suite)
            }
        }
    }
}
