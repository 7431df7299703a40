import Cryptography
import Foundation
import Kafka
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Logging
import Model
import Postgres
import ServiceRuntime
import Synchronization
import TestSupport
import Testing
import TransparencyLog

/// Four ledger processes in one, over a broker and a database of their own.
@Suite(.serialized) struct LedgerServiceTests {
    /// A validator that runs until it is stopped.
    private final class Runner: Sendable {
        let configuration: LedgerConfiguration
        private let running = Mutex<ServiceApplication.Running?>(nil)

        init(_ configuration: LedgerConfiguration) { self.configuration = configuration }

        func run() async throws {
            var logger = Logger(label: "ledger")
            logger.logLevel = .error
            try await LedgerService(configuration, logger: logger).run(trapsSignals: false) { running in
                self.running.withLock { $0 = running }
            }
        }

        func port() async throws -> Int {
            while true {
                if let running = running.withLock({ $0 }) { return running.port }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        func stop() async {
            let running = self.running.withLock { running in
                defer { running = nil }
                return running
            }
            await running?.stop()
        }
    }

    /// The service's side: sends submissions and waits for their receipts.
    private struct Client {
        let producer: KafkaProducer
        let consumer: KafkaConsumer

        init(_ servers: String) async throws {
            let configuration = KafkaConfiguration(bootstrapServers: servers, clientID: "client")
            producer = try KafkaProducer(configuration)
            consumer = try KafkaConsumer(configuration)
            let topic = Topic.ledgerReceipts.rawValue
            try consumer.assign([TopicPartitionStart(topic: topic, partition: 0, start: .beginning)])
        }

        func send(_ submission: Submission) async throws {
            _ = try await producer.send(
                topic: Topic.ledgerSubmissions.rawValue, partition: nil, key: submission.keyID.bytes,
                value: submission.encoded, headers: [])
        }

        /// Waits until every submission has a receipt that the light client believes.
        func receipts(of submissions: [Submission], genesis: Genesis) async throws {
            var light = LightClient(genesis: genesis)
            var open = Set(submissions.map(\.hash))
            while !open.isEmpty {
                for record in try await consumer.poll(max: 100) {
                    guard let value = record.value,
                        case .record(let receipt) = try ReceiptMessage(decoding: value)
                    else { continue }
                    let own = receipt.items.compactMap { item in submissions.first { $0.hash == item.hash } }
                    guard own.count == receipt.items.count else { continue }
                    _ = try light.accept(receipt, submissions: own)
                    for submission in own { open.remove(submission.hash) }
                }
            }
        }

        /// Sends a submission that had its receipt again, each second as services do, until it has one more.
        func receiptAgain(of submission: Submission) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await nextReceipt(of: submission) }
                group.addTask {
                    while true {
                        try await send(submission)
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        }

        private func nextReceipt(of submission: Submission) async throws {
            while true {
                for record in try await consumer.poll(max: 100) {
                    guard let value = record.value,
                        case .record(let receipt) = try ReceiptMessage(decoding: value)
                    else { continue }
                    if receipt.items.contains(where: { $0.hash == submission.hash }) { return }
                }
            }
        }

        func shutdown() async {
            await producer.shutdown()
            await consumer.shutdown()
        }
    }

    private func configurations(
        _ network: LedgerNetwork, servers: String, folder: String
    ) async throws -> [LedgerConfiguration] {
        var configurations: [LedgerConfiguration] = []
        for index in network.keys.indices {
            var postgres = try await PrivatePostgres.shared().createSchema("validator_\(index + 1)")
            postgres.connectionCountMax = 2
            configurations.append(
                LedgerConfiguration(
                    settings: network.settings(index), postgres: postgres,
                    kafka: KafkaConfiguration(bootstrapServers: servers, clientID: "validator-\(index + 1)"),
                    signStatePath: "\(folder)/validator-\(index + 1)"))
        }
        return configurations
    }

    private func get(_ path: String, port: Int) async throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["curl", "-s", "--max-time", "5", "http://127.0.0.1:\(port)\(path)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test(.timeLimit(.minutes(2)))
    func fourValidatorsMakeReceiptsAndOneMayRestart() async throws {
        let network = try LedgerNetwork(validatorCount: 4)
        let broker = try TestBroker.startWithAllTopics()
        defer { broker.close() }
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configurations = try await configurations(
            network, servers: broker.bootstrapServers, folder: folder)
        let runners = configurations.map { Runner($0) }
        let client = try await Client(broker.bootstrapServers)
        try await withThrowingTaskGroup { group in
            for runner in runners { group.addTask { try await runner.run() } }
            for runner in runners { try await becomeReady(runner) }
            let first = try await submit(0..<20, client, network)
            try await client.receipts(of: first, genesis: network.genesis)
            // A submission sent again is answered again, from the store.
            try await client.receiptAgain(of: first[3])
            // A database that ends its sessions costs no block.
            try await PrivatePostgres.shared().terminateSessions(of: configurations[0].postgres)
            // One is gone, and comes back to what the others decided meanwhile.
            await runners[2].stop()
            _ = try await group.next()
            let second = try await submit(20..<25, client, network)
            try await client.receipts(of: second, genesis: network.genesis)
            let again = Runner(configurations[2])
            group.addTask { try await again.run() }
            try await expectAgreement(runners[0], again)
            for runner in [runners[0], runners[1], runners[3], again] { await runner.stop() }
            try await group.waitForAll()
        }
        await client.shutdown()
    }

    private func becomeReady(_ runner: Runner) async throws {
        let port = try await runner.port()
        while try await !get("/readyz", port: port).contains("\"status\":\"ready\"") {
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func submit(
        _ sequences: Range<UInt64>, _ client: Client, _ network: LedgerNetwork
    ) async throws -> [Submission] {
        var submissions: [Submission] = []
        for sequence in sequences {
            let submission = try network.submission(sequence: sequence, entryCount: 5)
            submissions.append(submission)
            try await client.send(submission)
            try await Task.sleep(for: .milliseconds(25))
        }
        return submissions
    }

    /// The newcomer serves the newest block of the other, and both serve a checkpoint of it.
    private func expectAgreement(_ runner: Runner, _ newcomer: Runner) async throws {
        let ports = (try await runner.port(), try await newcomer.port())
        let note = try SignedNote(parsing: try await get("/checkpoint", port: ports.0))
        while true {
            let answer = try await get("/checkpoint", port: ports.1)
            if let other = try? SignedNote(parsing: answer), other.text == note.text { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test func aSecondProcessWithTheSameSignStateEnds() async throws {
        let network = try LedgerNetwork(validatorCount: 1)
        let broker = try TestBroker.startWithAllTopics()
        defer { broker.close() }
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configuration = try await configurations(
            network, servers: broker.bootstrapServers, folder: folder)[0]
        let runner = Runner(configuration)
        try await withThrowingTaskGroup { group in
            group.addTask { try await runner.run() }
            _ = try await runner.port()
            await #expect(throws: SignStateFault.self) { try await Runner(configuration).run() }
            await runner.stop()
            try await group.waitForAll()
        }
    }
}
