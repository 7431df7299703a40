import Cryptography
import Kafka
import LedgerProtocol
import Messaging
import Model
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite("Consuming a topic that misbehaves", .serialized)
struct ConsumptionTests {
    /// What a handler does with events, changed while it runs.
    final class Mood: Sendable {
        let failing = Mutex<Set<EntryID>>([])
        /// How often the handler still asks to be called again later.
        let postponing = Mutex<[EntryID: Int]>([:])

        struct Refused: Error {}

        func check(_ event: InboundEvent) throws {
            if failing.withLock({ $0.contains(event.id) }) { throw Refused() }
            let left = postponing.withLock { postponing in
                let left = postponing[event.id] ?? 0
                postponing[event.id] = left - 1
                return left
            }
            if left > 0 { throw MessagingFault(.retryLater, "what it needs is not here yet") }
        }
    }

    /// Publishes events on a broker of their own and gives the records back in their order.
    private func published(
        _ network: TestNetwork, _ types: [EventType], subject: ParticipantID
    ) async throws -> (ids: [EntryID], records: [KafkaRecord]) {
        let source = try TestSuite(network)
        let consent = try source.service(.consent, on: try await source.schema(.consent))
        var ids: [EntryID] = []
        try await source.running([consent]) {
            for type in types {
                let id = try await consent.append(type, subject: subject)
                _ = try await consent.store.waitUntilFinal(id)
                ids.append(id)
                // Final in the table is not yet on the topic, and a revocation is published before it is
                // final: it would overtake what came before.
                try await eventually("it is published") {
                    let waiting = try await consent.count("SELECT count(*) FROM unpublished")
                    let unsent = try await consent.count(
                        "SELECT count(*) FROM publication WHERE NOT delivered")
                    return waiting + unsent == 0
                }
            }
        }
        let records = try await source.read(.consentEvents, partition: subject.partition(of: 2))
        source.broker.close()
        return (ids, records.filter { $0.header("ce_finality") != nil })
    }

    private func bus(_ network: TestNetwork, mood: Mood = Mood()) async throws -> (TestSuite, TestService) {
        let suite = try TestSuite(network)
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents], from: [.consent],
            check: mood.check)
        return (suite, records)
    }

    @Test func repeatedAndReorderedRecordsAreAppliedOnceEach() async throws {
        let network = try TestNetwork()
        let types = [EventType](repeating: .consentGranted, count: 6)
        let (ids, records) = try await published(network, types, subject: .random)
        let (suite, consumer) = try await bus(network)
        try await suite.running([consumer], withValidator: false) {
            for place in [0, 0, 2, 1, 1, 4, 3, 5, 2, 0, 5, 4, 3] { try await suite.write(records[place]) }
            try await eventually("all are applied") { try await consumer.seen().count >= ids.count }
            try await Task.sleep(for: .milliseconds(300))
            let seen = try await consumer.seen()
            #expect(seen.map(\.id) == ids)
            #expect(consumer.messaging.statistics().duplicateCount > 0)
            try await eventually("nothing is complained about") { consumer.messaging.readiness().isReady }
        }
        suite.broker.close()
    }

    @Test func aMissingRecordIsNamedAndNothingIsPassedOver() async throws {
        let network = try TestNetwork()
        let types = [EventType](repeating: .consentGranted, count: 3)
        let (ids, records) = try await published(network, types, subject: .random)
        let (suite, consumer) = try await bus(network)
        try await suite.running([consumer], withValidator: false) {
            let stranger = Base64.encode([UInt8](repeating: 1, count: 64))
            try await suite.write(records[2].signed(stranger))
            for place in [0, 2] { try await suite.write(records[place]) }
            try await eventually(
                "the missing one is named",
                of: [consumer]
            ) {
                consumer.messaging.readiness().problems.contains { $0.contains("recordMissing") }
            }
            let before = try await consumer.seen().map(\.id)
            #expect(before == [ids[0]])
            // Every search read the forged one again.
            let evidence = try await consumer.count("SELECT count(*) FROM parked")
            #expect(evidence == 1)
            try await suite.write(records[1])
            try await eventually("it goes on") { try await consumer.seen().map(\.id) == ids }
            try await eventually("the complaint is taken back") { consumer.messaging.readiness().isReady }
        }
        suite.broker.close()
    }

    @Test func aHandlerThatFailsParksTheRecordAndItsSubject() async throws {
        let (network, mood, subject) = (try TestNetwork(), Mood(), ParticipantID.random)
        let (ids, records) = try await published(
            network, [.consentGranted, .consentGranted, .consentRevoked], subject: subject)
        let (suite, consumer) = try await bus(network, mood: mood)
        mood.failing.withLock { $0 = [ids[0]] }
        try await suite.running([consumer], withValidator: false) {
            for record in records { try await suite.write(record) }
            try await eventually(
                "the revocation comes through",
                of: [consumer]
            ) { try await consumer.seen().count == 2 }
            let seen = try await consumer.seen()
            #expect(seen.map(\.id) == [ids[2], ids[2]])
            let parked = try await consumer.count("SELECT count(*) FROM parked WHERE subject IS NOT NULL")
            #expect(parked == 2 && consumer.messaging.statistics().parkedCount == 2)
        }
        mood.failing.withLock { $0 = [] }
        let again = try suite.service(
            .records, on: consumer.context.postgres, consuming: [.consentEvents], from: [.consent])
        try await suite.running([again], withValidator: false) {
            try await eventually("the parked ones are handled in order") {
                try await again.seen().map(\.id) == [ids[2], ids[2], ids[0], ids[1]]
            }
            let parked = try await again.count("SELECT count(*) FROM parked")
            #expect(parked == 0)
        }
        suite.broker.close()
    }

    @Test func aHandlerThatAsksForLaterIsCalledAgainInOrder() async throws {
        let (network, mood) = (try TestNetwork(), Mood())
        let (ids, records) = try await published(
            network, [.consentGranted, .consentGranted, .consentGranted], subject: .random)
        let (suite, consumer) = try await bus(network, mood: mood)
        mood.postponing.withLock { $0 = [ids[1]: 3] }
        for record in records { try await suite.write(record) }
        try await suite.running([consumer], withValidator: false) {
            try await eventually("all are applied") { try await consumer.seen().count >= ids.count }
            let seen = try await consumer.seen().map(\.id)
            let parked = try await consumer.count("SELECT count(*) FROM parked")
            #expect(seen == ids && parked == 0)
        }
        suite.broker.close()
    }

    @Test func aRestrictiveHandlerThatFailsStopsItsConsumer() async throws {
        let (network, mood) = (try TestNetwork(), Mood())
        let (ids, records) = try await published(
            network, [.consentGranted, .consentRevoked, .consentGranted], subject: .random)
        let (suite, consumer) = try await bus(network, mood: mood)
        mood.failing.withLock { $0 = [ids[1]] }
        try await suite.running([consumer], withValidator: false) {
            for record in records { try await suite.write(record) }
            try await eventually("the stop is named") {
                consumer.messaging.readiness().problems.contains { $0.contains("restrictiveHandlerFailed") }
            }
            let before = try await consumer.seen().map(\.id)
            #expect(before == [ids[0]])
            mood.failing.withLock { $0 = [] }
            try await eventually("it goes on once the handler works") { try await consumer.seen().count == 4 }
            let after = try await consumer.seen().map(\.id)
            #expect(after == [ids[0], ids[1], ids[1], ids[2]])
        }
        suite.broker.close()
    }

    @Test func forgedRecordsAndHeartbeatsAreRefused() async throws {
        let network = try TestNetwork()
        let (ids, records) = try await published(network, [.consentRevoked], subject: .random)
        let (suite, consumer) = try await bus(network)
        let stranger = Base64.encode([UInt8](repeating: 1, count: 64))
        try await suite.running([consumer], withValidator: false) {
            try await suite.write(records[0].signed(stranger))
            try await suite.write(records[0])
            try await suite.write(records[1])
            try await eventually(
                "the genuine ones are applied",
                of: [consumer]
            ) { try await consumer.seen().count == 2 }
            let seen = try await consumer.seen()
            #expect(seen.map(\.id) == [ids[0], ids[0]] && seen.map(\.isFinal) == [false, true])
            let evidence = try await consumer.count(
                "SELECT count(*) FROM parked WHERE subject IS NULL AND reason = 'bad-signature'")
            #expect(evidence == 1 && consumer.messaging.statistics().refusedRecordCount == 1)
            #expect(!consumer.messaging.freshness(topic: .consentEvents, producer: .consent).isFresh)
        }
        suite.broker.close()
    }

    @Test func knowledgeAgesWhenTheProducerFallsSilent() async throws {
        let suite = try TestSuite()
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents], from: [.consent])
        func view() -> FreshnessView {
            records.messaging.freshness(topic: .consentEvents, producer: .consent)
        }
        try await suite.running([records], withValidator: false) {
            try await suite.running([consent], withValidator: false) {
                try await eventually("it is fresh") { view().isFresh }
            }
            suite.clock.advance(milliseconds: 5_001)
            #expect(!view().isFresh)
        }
        suite.broker.close()
    }

    @Test func aTopicThatWasLostIsFilledAgain() async throws {
        let suite = try TestSuite()
        let (consentSchema, recordsSchema) = (
            try await suite.schema(.consent), try await suite.schema(.records)
        )
        let consent = try suite.service(.consent, on: consentSchema)
        let records = try suite.service(
            .records, on: recordsSchema, consuming: [.consentEvents], from: [.consent])
        var ids: Set<EntryID> = []
        try await suite.running([consent, records]) {
            for _ in 0..<6 { ids.insert(try await consent.append()) }
            try await eventually("all arrive") { try await records.seen().count == ids.count }
        }
        suite.broker.close()
        // Another broker, empty: every topic was lost.
        let after = try TestSuite(ledger: suite.ledger)
        let producer = try after.service(.consent, on: consentSchema)
        let old = try after.service(
            .records, on: recordsSchema, consuming: [.consentEvents], from: [.consent])
        let new = try after.service(
            .records, on: try await after.schema(.records), consuming: [.consentEvents], from: [.consent])
        try await after.running([producer, old, new]) {
            ids.insert(try await producer.append())
            try await eventually("the new consumer gets all") { try await new.seen().count == ids.count }
            try await eventually("the old one gets the new one") { try await old.seen().count == ids.count }
            let (seenByOld, seenByNew) = (try await old.seen().map(\.id), try await new.seen().map(\.id))
            #expect(Set(seenByOld) == ids && Set(seenByNew) == ids)
            try await eventually("both are fresh") {
                [old, new].allSatisfy {
                    $0.messaging.freshness(topic: .consentEvents, producer: .consent).isFresh
                }
            }
        }
        after.broker.close()
    }
}

extension TestSuite {
    /// Reads what a partition holds now.
    func read(_ topic: Topic, partition: Int32) async throws -> [KafkaRecord] {
        let consumer = try KafkaConsumer(
            KafkaConfiguration(bootstrapServers: broker.bootstrapServers, clientID: "reader"))
        var records: [KafkaRecord] = []
        let (low, high) = try await consumer.watermarks(topic: topic.rawValue, partition: partition)
        try consumer.assign([
            TopicPartitionStart(topic: topic.rawValue, partition: partition, start: .beginning)
        ])
        while Int64(records.count) < high - low { records += try await consumer.poll(max: 100) }
        await consumer.shutdown()
        return records
    }

    /// Writes a record as it was elsewhere.
    func write(_ record: KafkaRecord) async throws {
        let topic = try #require(Topic(rawValue: record.topic))
        try await produce(
            topic, partition: record.partition, key: record.key, value: record.value, headers: record.headers)
    }
}

extension KafkaRecord {
    /// The record under another signature.
    fileprivate func signed(_ signature: String) -> KafkaRecord {
        let others = headers.filter { $0.name != "ce_signature" }
        return KafkaRecord(
            topic: topic, partition: partition, offset: offset, timestampMilliseconds: timestampMilliseconds,
            key: key, value: value,
            headers: others + [KafkaHeader(name: "ce_signature", value: Array(signature.utf8))])
    }
}
