import Cryptography
import Kafka
import LedgerProtocol
import Model
import Postgres
import TestSupport
import Testing

@testable import Messaging

@Suite("Publishing a backlog", .serialized)
struct PublisherTests {
    private static let permissiveCount = 600
    /// More than one round of numbering takes, so that a heartbeat has something to wait for.
    private static let restrictiveCount = 150

    /// A service in whose queue permissive events wait, and restrictive ones behind them.
    private func serviceWithBacklog(_ suite: TestSuite) async throws -> TestService {
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let (store, at) = (consent.store, suite.clock.now)
        func events(_ type: EventType, _ count: Int) -> [NewEvent] {
            (0..<count).map { _ in NewEvent(id: .random, type: type, subject: .random, data: [:]) }
        }
        let permissive = events(.consentGranted, Self.permissiveCount)
        let restrictive = events(.consentRevoked, Self.restrictiveCount)
        let final = permissive.enumerated().map { place, event in
            FinalEvent(
                id: event.id, submissionSequence: 0, submissionPosition: place, index: UInt64(place),
                height: BlockHeight(1), treeSize: 1_000, receipt: "receipt")
        }
        try await consent.context.pool.transaction { session in
            try store.append(permissive, at: at, in: session)
            _ = try EventTable.markFinal(final, in: session)
            try store.append(restrictive, at: at, in: session)
        }
        return consent
    }

    /// Restrictive events go first, a heartbeat follows them and does not wait for the permissive ones, and
    /// what comes of it is one chain.
    @Test func heartbeatsWaitForRestrictiveEventsOnly() async throws {
        let suite = try TestSuite()
        let consent = try await serviceWithBacklog(suite)
        try await suite.running([consent], withValidator: false) {
            try await eventually(within: 30, "all are published", of: [consent]) {
                let total = Self.permissiveCount + Self.restrictiveCount
                return try await consent.count("SELECT count(*) FROM publication WHERE delivered") == total
            }
        }
        let planner = RecordPlanner(
            topic: .consentEvents, producers: [.consent], partitionCount: 2,
            verifier: RecordVerifier(
                network: NetworkFollower(suite.network.genesis),
                unsealer: try #require(suite.network.unsealers[.records])))
        var stepCount = 0
        for partition in Int32(0)..<2 {
            let records = try await suite.read(.consentEvents, partition: partition)
            let kinds = records.map { record in
                record.header(RecordHeader.finality).map { String(decoding: $0, as: UTF8.self) } ?? "beat"
            }
            let firstBeat = try #require(kinds.firstIndex(of: "beat"))
            let lastPending = try #require(kinds.lastIndex(of: "pending"))
            let lastFinal = try #require(kinds.lastIndex(of: "final"))
            #expect(lastPending < firstBeat && firstBeat < lastFinal)
            let plan = planner.plan(
                records.inOrderOfNumbers, from: PartitionPosition(nextOffset: 0, chains: [:]), searching: nil,
                now: suite.clock.now)
            stepCount += plan.steps.count
            #expect(plan.endName == "complete" && plan.steps.allSatisfy { $0.link != nil })
            #expect(!plan.heartbeats.isEmpty)
        }
        #expect(stepCount == Self.permissiveCount + Self.restrictiveCount)
        suite.broker.close()
    }

    /// In a partition that is filled again a heartbeat would come before records that it covers.
    @Test func aPartitionThatLacksRecordsIsBehind() async throws {
        let suite = try TestSuite()
        let consent = try await serviceWithBacklog(suite)
        let behind = try await consent.context.pool.transaction { session in
            try session.execute(
                """
                INSERT INTO publication (topic, partition, number, event_id, finality, previous, record_hash,
                    key, headers, value, kafka_offset, delivered)
                SELECT 'consent.events', n % 2, n, id, 0, $1, $1, '', '[]', '',
                    CASE WHEN n % 2 = 0 THEN n END, n % 2 = 0
                FROM (SELECT id, row_number() OVER () AS n FROM event LIMIT 4) AS numbered
                """,
                [.bytes(Digest.zero.bytes)])
            let places = (Int32(0)..<3).map { TopicPartition(topic: "consent.events", partition: $0) }
            return try PublicationTable.placesBehind(among: places, in: session)
        }
        #expect(behind == [TopicPartition(topic: "consent.events", partition: 1)])
        suite.broker.close()
    }
}

extension [KafkaRecord] {
    /// The records by their numbers, each heartbeat before the record that comes next, at offsets of their
    /// own.
    ///
    /// The client may mix up the very first records while it still learns where the partitions are;
    /// consumers search then, and what is judged here is the chain.
    fileprivate var inOrderOfNumbers: [KafkaRecord] {
        func rank(_ record: KafkaRecord) -> Int {
            let number = record.header(RecordHeader.sequence).flatMap {
                Int(String(decoding: $0, as: UTF8.self))
            }
            return 2 * (number ?? 0) + (record.header(RecordHeader.finality) == nil ? 0 : 1)
        }
        return sorted { rank($0) < rank($1) }.enumerated().map { $1.with(offset: Int64($0)) }
    }
}
