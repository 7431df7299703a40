import Cryptography
import Foundation
import FoundationNetworking
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

/// One ledger process whose tables somebody edits while it runs.
@Suite(.serialized) struct DamagedServiceTests {
    private struct Process {
        let port: Int
        let pool: PostgresPool
        let producer: KafkaProducer
        let network: LedgerNetwork

        /// Sends a submission as the relay of a service does: again, until what shows that it is final holds.
        func submit(
            _ sequence: UInt64, _ path: String, until isMet: @escaping @Sendable (Int, String) -> Bool
        ) async throws {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    while true {
                        try await send(sequence)
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                group.addTask { try await wait(path, until: isMet) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }

        func send(_ sequence: UInt64) async throws {
            let submission = try network.submission(sequence: sequence, entryCount: 3)
            _ = try await producer.send(
                topic: Topic.ledgerSubmissions.rawValue, partition: nil, key: submission.keyID.bytes,
                value: submission.encoded, headers: [])
        }

        func get(_ path: String) async throws -> (status: Int, body: String) {
            let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
            let (data, response) = try await URLSession.shared.data(from: url)
            let status = (response as? HTTPURLResponse)?.statusCode ?? 0
            return (status, String(decoding: data, as: UTF8.self))
        }

        func wait(_ path: String, until isMet: (Int, String) -> Bool) async throws {
            while true {
                let (status, body) = try await get(path)
                if isMet(status, body) { return }
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        func execute(_ sql: String) async throws { try await pool.query { try $0.execute(script: sql) } }
    }

    private func withProcess(_ body: @escaping @Sendable (Process) async throws -> Void) async throws {
        let network = try LedgerNetwork(validatorCount: 1)
        let broker = try TestBroker.startWithAllTopics()
        defer { broker.close() }
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let postgres = try await PrivatePostgres.shared().createSchema("validator_1")
        let kafka = KafkaConfiguration(bootstrapServers: broker.bootstrapServers, clientID: "validator-1")
        var configuration = LedgerConfiguration(
            settings: network.settings(0), postgres: postgres, kafka: kafka, signStatePath: path)
        configuration.scrubPace = ScrubPace(sharePercent: 50)
        let pool = PostgresPool(postgres)
        let producer = try KafkaProducer(kafka)
        let logger = Logger(label: "ledger", factory: { _ in SwiftLogNoOpLogHandler() })
        let (ports, port) = AsyncStream.makeStream(of: ServiceApplication.Running.self)
        try await withThrowingTaskGroup { group in
            group.addTask { [configuration] in
                try await LedgerService(configuration, logger: logger).run(trapsSignals: false) {
                    port.yield($0)
                }
            }
            group.addTask {
                for await running in ports {
                    try await body(
                        Process(port: running.port, pool: pool, producer: producer, network: network))
                    await running.stop()
                    return
                }
            }
            defer { group.cancelAll() }
            try await group.waitForAll()
        }
        await producer.shutdown()
        await pool.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func aLostBlockIsNotServedAndNothingIsSignedUntilItIsBack() async throws {
        try await withProcess { process in
            try await process.wait("/readyz") { status, _ in status == 200 }
            try await process.submit(0, "/blocks/1") { status, _ in status == 200 }
            // Nobody else has the blocks of a network of one.
            try await process.execute("CREATE TABLE public.kept AS SELECT * FROM block")
            try await process.execute("UPDATE block SET final_block = set_byte(final_block, 300, 1)")
            let (status, body) = try await process.get("/blocks/1")
            #expect(status == 503)
            #expect(body.contains("store_damaged"))
            try await process.wait("/readyz") { status, body in
                status == 503 && body.contains("block, height 1") && body.contains("signs nothing")
            }
            try await process.send(1)
            try await Task.sleep(for: .seconds(2))
            let missing = try await process.get("/blocks/2").status
            #expect(missing == 404)
            try await process.execute(
                "UPDATE block SET final_block = kept.final_block FROM public.kept WHERE kept.height = 1")
            try await process.wait("/readyz") { status, _ in status == 200 }
            try await process.submit(1, "/blocks/2") { status, _ in status == 200 }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func rowsInTheWayOfTheNextBlockAreRemovedAndItIsStored() async throws {
        try await withProcess { process in
            try await process.wait("/readyz") { status, _ in status == 200 }
            try await process.submit(0, "/notes/1") { status, _ in status == 200 }
            try await process.execute(
                """
                INSERT INTO block
                SELECT 5, 100, 200, block_hash, checkpoint, cosignature, final_block FROM block;
                INSERT INTO key_block SELECT key_id, 2, 7, 8, 9 FROM key_block;
                INSERT INTO note SELECT 2, note FROM note
                """)
            try await process.submit(1, "/notes/2") { status, _ in status == 200 }
            try await process.wait("/blocks/5") { status, _ in status == 404 }
            try await process.wait("/metrics") { _, body in
                body.contains("ledger_repaired_rows_total{table=\"key_block\"} 1")
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func everyDerivedRowComesBackWithinSeconds() async throws {
        try await withProcess { process in
            try await process.wait("/readyz") { status, _ in status == 200 }
            let key = process.network.signer(.consent).keyID.hex
            for sequence in 0..<3 as Range<UInt64> {
                try await process.submit(sequence, "/keys/\(key)") { _, body in
                    body.contains("\"\(sequence + 1)\"")
                }
            }
            // One pass sees everything before anything is edited.
            try await process.wait("/metrics") { _, body in
                !body.contains("ledger_scrub_passes_total 0") && body.contains("ledger_scrub_passes_total")
            }
            let before = try await process.pool.query { session in
                try session.query("SELECT ledger::text FROM ledger")[0].text(0)
            }
            try await process.execute(
                """
                DELETE FROM key_block; UPDATE ledger SET validator = 9;
                UPDATE block SET tree_size = tree_size + 1; UPDATE schema_migration SET name = 'other'
                """)
            let started = ContinuousClock.now
            try await process.wait("/metrics") { _, body in
                ["block", "key_block", "ledger", "schema_migration"].allSatisfy {
                    body.contains("ledger_repaired_rows_total{table=\"\($0)\"}")
                }
            }
            #expect(ContinuousClock.now - started < .seconds(30))
            let after = try await process.pool.query { session in
                try session.query("SELECT ledger::text FROM ledger")[0].text(0)
            }
            #expect(after == before)
        }
    }
}
