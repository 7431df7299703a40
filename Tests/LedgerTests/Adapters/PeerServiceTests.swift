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

/// Ledger processes that reach each other over HTTP, with a broker that is not to be relied on.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PeerServiceTests {
    /// Four validators on free ports, as far as they were started.
    private final class Validators: Sendable {
        let network: LedgerNetwork
        let configurations: [LedgerConfiguration]
        private let running = Mutex<[Int: ServiceApplication.Running]>([:])

        /// What stands before each validator, where there is something.
        let proxies: [TCPProxy]

        init(_ servers: String, folder: String, isProxied: Bool) async throws {
            let network = try LedgerNetwork(validatorCount: 4)
            let ports = try FreePorts.take(4)
            let proxies = isProxied ? try ports.map { try TCPProxy(target: $0) } : []
            self.proxies = proxies
            let reached = isProxied ? proxies.map(\.port) : ports
            var configurations: [LedgerConfiguration] = []
            for index in 0..<4 {
                var postgres = try await PrivatePostgres.shared().createSchema("validator_\(index + 1)")
                postgres.connectionCountMax = 2
                var configuration = LedgerConfiguration(
                    settings: network.settings(index), postgres: postgres,
                    kafka: KafkaConfiguration(bootstrapServers: servers, clientID: "validator-\(index + 1)"),
                    signStatePath: "\(folder)/validator-\(index + 1)", port: ports[index])
                configuration.peerURLs = Dictionary(
                    uniqueKeysWithValues: reached.enumerated().map {
                        (ValidatorIndex(UInt16($0.offset)), "http://127.0.0.1:\($0.element)")
                    })
                configurations.append(configuration)
            }
            self.network = network
            self.configurations = configurations
        }

        func run(_ index: Int) async throws {
            var logger = Logger(label: "ledger")
            logger.logLevel = .critical
            let service = LedgerService(configurations[index], logger: logger)
            try await service.run(trapsSignals: false) { running in
                self.running.withLock { $0[index] = running }
            }
        }

        /// Stands in for another validator that gives one block, whoever asks for whatever.
        func serve(_ block: [UInt8], as index: Int) async throws {
            var logger = Logger(label: "peer")
            logger.logLevel = .critical
            let application = ServiceApplication(
                name: "peer", host: "127.0.0.1", port: configurations[index].port,
                routes: [
                    .get("/blocks") { _ in
                        .bytes(MessageBatch.encode([block]), contentType: "application/octet-stream")
                    }
                ],
                readiness: { [] }, metrics: Metrics(), logger: logger)
            try await application.run(trapsSignals: false) { running in
                self.running.withLock { $0[index] = running }
            }
        }

        func stopAll() async {
            for running in running.withLock({ Array($0.values) }) { await running.stop() }
        }

        func url(_ index: Int, _ path: String) -> String {
            "http://127.0.0.1:\(configurations[index].port)\(path)"
        }

        func waitUntilAlive(_ index: Int) async throws {
            while try await Curl.get(url(index, "/livez")).status != "200" {
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        func nextSequence(_ index: Int) async throws -> String {
            let keyID = network.signer(.consent).keyID
            return try await Curl.get(url(index, "/keys/\(keyID.hex)")).text
        }

        func waitForSequence(_ sequence: UInt64, at indices: [Int]) async throws {
            for index in indices {
                while try await !nextSequence(index).contains("\"nextSequence\":\"\(sequence)\"") {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    private func withValidators(
        isProxied: Bool = false,
        _ body: (Validators, MockBroker, inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
    ) async throws {
        let broker = try TestBroker.startWithAllTopics()
        defer { broker.close() }
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let validators = try await Validators(
            broker.bootstrapServers, folder: folder, isProxied: isProxied)
        defer { for proxy in validators.proxies { proxy.close() } }
        try await withThrowingTaskGroup { group in
            do {
                try await body(validators, broker, &group)
            } catch {
                await validators.stopAll()
                throw error
            }
            await validators.stopAll()
            try await group.waitForAll()
        }
    }

    @Test func withoutABrokerFourValidatorsDecideAndALateOneCatchesUp() async throws {
        try await withValidators { validators, broker, group in
            broker.close()
            for index in 0..<3 { group.addTask { try await validators.run(index) } }
            for index in 0..<3 { try await validators.waitUntilAlive(index) }
            // Brought to one of them, which tells the others.
            for sequence in 0..<20 as Range<UInt64> {
                let submission = try validators.network.submission(sequence: sequence, entryCount: 3)
                let answer = try await Curl.post(
                    submission.encoded, to: validators.url(0, "/submissions"))
                #expect(answer.status == "202", "\(answer.text)")
                try await validators.waitForSequence(sequence + 1, at: [0])
            }
            try await validators.waitForSequence(20, at: [0, 1, 2])
            group.addTask { try await validators.run(3) }
            try await validators.waitForSequence(20, at: [3])
            for height in 1...5 {
                let blocks = try await (0..<4).asyncMap {
                    try await Curl.get(validators.url($0, "/blocks/\(height)")).bytes
                }
                #expect(Set(blocks).count == 1)
                #expect(blocks[0].count > 300)
            }
            let metrics = try await Curl.get(validators.url(3, "/metrics")).text
            #expect(!metrics.contains("ledger_fetched_blocks_total 0\n"))
        }
    }

    /// Without a broker, over connections that are slow, and cut now and then.
    @Test func slowAndCutConnectionsCostTimeOnly() async throws {
        try await withValidators(isProxied: true) { validators, broker, group in
            broker.close()
            for index in 0..<4 { group.addTask { try await validators.run(index) } }
            for index in 0..<4 { try await validators.waitUntilAlive(index) }
            for proxy in validators.proxies { proxy.setDelay(milliseconds: 15) }
            for sequence in 0..<8 as Range<UInt64> {
                // One after another is cut off; three are left.
                let proxy = validators.proxies[Int(sequence % 4)]
                proxy.setCut(true)
                let submission = try validators.network.submission(sequence: sequence, entryCount: 2)
                let answer = try await Curl.post(
                    submission.encoded, to: validators.url(Int(sequence + 1) % 4, "/submissions"))
                #expect(answer.status == "202", "\(answer.text)")
                try await validators.waitForSequence(sequence + 1, at: [Int(sequence + 1) % 4])
                proxy.setCut(false)
            }
            try await validators.waitForSequence(8, at: [0, 1, 2, 3])
        }
    }

    @Test func strangersAreRefusedAndLimitsHold() async throws {
        try await withValidators { validators, _, group in
            group.addTask { try await validators.run(0) }
            let stranger = try LedgerNetwork(validatorCount: 1, name: "stranger")
            let foreign = try stranger.submission(sequence: 0).encoded
            let cases: [(String, [UInt8], String)] = [
                ("/messages", [1, 2, 3], "400"),
                ("/messages", MessageBatch.encode([foreign]), "403"),
                ("/messages", MessageBatch.encode([[0x43, 0x53, 0x57, 0x31]]), "403"),
                ("/submissions", [1, 2, 3], "400"),
                ("/submissions", foreign, "422"),
                ("/submissions", try validators.network.submission(sequence: 16).encoded, "422"),
                ("/submissions", try validators.network.submission(sequence: 0).encoded, "202"),
            ]
            try await validators.waitUntilAlive(0)
            for (path, body, status) in cases {
                let answer = try await Curl.post(body, to: validators.url(0, path))
                #expect(answer.status == status, "\(path): \(answer.text)")
            }
            for (query, status) in [("from=0", "400"), ("from=1&count=0", "400"), ("from=9", "404")] {
                let answer = try await Curl.get(validators.url(0, "/blocks?\(query)"))
                #expect(answer.status == status, "\(query): \(answer.text)")
            }
        }
    }

    @Test func aValidatorThatComputesAnotherRootStaysUpAndIsNotReady() async throws {
        try await withValidators { validators, broker, group in
            broker.close()
            // Two others claim to be ahead and give the same block, whose root is not that of its entries.
            let network = validators.network
            let (block, statuses) = try Self.wrongBlock(network)
            for index in [1, 2] {
                group.addTask { try await validators.serve(block, as: index) }
                try await validators.waitUntilAlive(index)
            }
            group.addTask { try await validators.run(0) }
            try await validators.waitUntilAlive(0)
            while true {
                _ = try await Curl.post(MessageBatch.encode(statuses), to: validators.url(0, "/messages"))
                let ready = try await Curl.get(validators.url(0, "/readyz"))
                if ready.text.contains("read the report beside the sign-state") {
                    #expect(ready.status == "503")
                    break
                }
                try await Task.sleep(for: .milliseconds(200))
            }
            let path = validators.configurations[0].signStatePath + ".divergence-1"
            let report = try String(contentsOfFile: path, encoding: .utf8)
            let hasBlock = report.contains(Hex.encode(block))
            #expect(hasBlock)
            let alive = try await Curl.get(validators.url(0, "/livez"))
            let refused = try await Curl.post(
                try network.submission(sequence: 0).encoded, to: validators.url(0, "/submissions"))
            #expect(alive.status == "200")
            #expect(refused.status == "503")
        }
    }

    private static func wrongBlock(_ network: LedgerNetwork) throws -> (block: [UInt8], statuses: [[UInt8]]) {
        let built = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 10),
            submissions: [], next: network.genesis.initial)
        let root = Base64.encode(SHA256.hash([9]).bytes)
        let text = "\(network.genesis.origin)\n1\n\(root)\n"
        let precommits = (1...3).map { index in
            Vote.make(
                networkID: network.genesis.networkID, step: .precommit, height: BlockHeight(1), round: 0,
                blockHash: FinalBlock.hash(ofCheckpointText: text), validator: ValidatorIndex(UInt16(index)),
                signer: network.keys[index].consensus)
        }
        let certificate = Certificate.make(of: precommits, quorum: network.genesis.initial.quorum)
        let block = FinalBlock(
            blockEntry: built.entry, checkpointText: text, certificate: try #require(certificate),
            submissions: [])
        let statuses = (1...3).map { index in
            HeightStatus.make(
                networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)),
                height: BlockHeight(2), signer: network.keys[index].consensus
            ).encoded
        }
        return (block.encoded, statuses)
    }

    private static func doubleVote(in network: LedgerNetwork) -> DoubleVote {
        let votes = [SHA256.hash([1]), nil].map { hash in
            Vote.make(
                networkID: network.genesis.networkID, step: .precommit, height: BlockHeight(1), round: 4,
                blockHash: hash, validator: ValidatorIndex(2), signer: network.keys[2].consensus)
        }
        return DoubleVote(votes[0], votes[1])
    }

    /// Whoever missed the message, or lost the row while its process was away, has it from the others.
    @Test func evidenceIsTakenOverFromThoseWhoKeepIt() async throws {
        try await withValidators { validators, broker, group in
            broker.close()
            group.addTask { try await validators.run(0) }
            try await validators.waitUntilAlive(0)
            let proof = Self.doubleVote(in: validators.network)
            _ = try await Curl.post(
                MessageBatch.encode([proof.encoded]), to: validators.url(0, "/messages"))
            let shown = Base64.encode(proof.first.encoded)
            let waitUntilShown = { (index: Int) in
                while try await !Curl.get(validators.url(index, "/evidence")).text
                    .replacingOccurrences(of: "\\/", with: "/").contains(shown)
                {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            try await waitUntilShown(0)
            group.addTask { try await validators.run(1) }
            try await validators.waitUntilAlive(1)
            try await waitUntilShown(1)
        }
    }

    @Test func evidenceIsKeptAndShownWithTheKeys() async throws {
        try await withValidators { validators, _, group in
            group.addTask { try await validators.run(0) }
            try await validators.waitUntilAlive(0)
            let network = validators.network
            let proof = Self.doubleVote(in: network)
            let answer = try await Curl.post(
                MessageBatch.encode([proof.encoded]), to: validators.url(0, "/messages"))
            #expect(answer.status == "204")
            let member = network.genesis.validators[2]
            let parts = [
                member.name, Base64.encode(member.consensusKey.bytes), Base64.encode(proof.first.encoded),
                Base64.encode(proof.second.encoded), "\"round\":\"4\"", "\"unreadableRows\":\"0\"",
            ]
            while true {
                let shown = try await Curl.get(validators.url(0, "/evidence")).text
                    .replacingOccurrences(of: "\\/", with: "/")
                if parts.allSatisfy({ shown.contains($0) }) { break }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    @Test func aSecondProcessOnTheSameSchemaEnds() async throws {
        try await withValidators { validators, _, group in
            group.addTask { try await validators.run(0) }
            try await validators.waitUntilAlive(0)
            // A copy with a sign-state of its own, which the first lock does not see.
            var copy = validators.configurations[0]
            copy.signStatePath += "-copy"
            copy.port = 0
            var logger = Logger(label: "ledger")
            logger.logLevel = .critical
            let service = LedgerService(copy, logger: logger)
            let fault = await #expect(throws: StoreFault.self) { try await service.run(trapsSignals: false) }
            #expect(fault?.description.contains("another process works on the schema") == true)
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
