import Cryptography
import Kafka
import LedgerProtocol
import Messaging
import Model
import ServiceHost
import TestSupport
import Testing
import Tokens

@testable import NotificationAdapters

/// The subscribers' topics: sealed, pseudonymous, gapless, and filled again when they are lost.
@Suite struct SubscriberPublisherTests {
    private static let topics: [(name: String, partitions: Int32)] = NotificationFixture.subscriberNames.map {
        (name: "access.events.\($0)", partitions: 1)
    }

    @Test func recordOpensWithTheSubscribersKeyOnly() async throws {
        let broker = try TestBroker.start(Self.topics)
        defer { broker.close() }
        let fixture = try await NotificationFixture(kafka: broker.bootstrapServers)
        let event = try fixture.event("decision", .accessDecided, Cast.decision())
        try await fixture.apply(event)
        try await fixture.apply(fixture.event("consent", .consentGranted, Cast.consent()))
        let read = try await publish(fixture, until: 1)
        let record = try #require(read["demo"]?.first)
        let value = try JSONValue(parsing: try #require(record.value))
        let opened = try SubscriberRecord(opening: value, with: Cast.unsealer("subscriber demo"))
        #expect(opened.disclosure.bytes == event.disclosureBytes)
        #expect(opened.receipt == [UInt8]("receipt of decision".utf8))
        for name in ["subscriber second", "sealing notification"] {
            #expect(throws: SealedEnvelopeFault.notARecipient) {
                try SubscriberRecord(opening: value, with: Cast.unsealer(name))
            }
        }
        try checkHeaders(of: record, event: event.id)
        let other = try #require(read["second"]?.first)
        let areJoined = other.key == record.key
        #expect(!areJoined, "two subscribers have the same pseudonym for a patient")
        await fixture.close()
    }

    private func checkHeaders(of record: KafkaRecord, event: EntryID) throws {
        func text(_ name: String) -> String? {
            record.header(name).map { String(decoding: $0, as: UTF8.self) }
        }
        let expected = [
            "ce_specversion": "1.0", "ce_id": event.description,
            "ce_source": "urn:consentry:test:notification",
            "ce_type": "access.decided.v1", "ce_time": Cast.time.description,
            "content-type": "application/json", "ce_sequence": "0", "ce_previous": Digest.zero.hex,
        ]
        for (name, value) in expected { #expect(text(name) == value) }
        let pseudonym = try #require(text("ce_subject"))
        #expect(record.key == [UInt8](pseudonym.utf8))
        #expect(Digest(hex: pseudonym) != nil)
        #expect(record.headers.count == 10)
    }

    @Test func topicsNamePatientsToNobody() async throws {
        let broker = try TestBroker.start(Self.topics)
        defer { broker.close() }
        let fixture = try await NotificationFixture(kafka: broker.bootstrapServers)
        try await fixture.apply(fixture.enrolment(Cast.practitioner, .practitioner, name: "CANARY-NAME"))
        try await fixture.apply(
            fixture.event("decision", .accessDecided, ["actor": "CANARY-ACTOR", "effect": "permit"]))
        let records = try await publish(fixture, until: 1).values.flatMap { $0 }
        #expect(records.count == 2)
        for record in records {
            let parts = [record.key ?? [], record.value ?? []] + record.headers.map(\.value)
            let text = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
            let needles = [
                "CANARY", Cast.patient.description, Hex.encode(Cast.patient.bytes),
                Base64.encode([UInt8]("CANARY".utf8)),
            ]
            for canary in needles {
                let isThere = text.contains(canary)
                #expect(!isThere, "`\(canary)` is in a record")
            }
        }
        await fixture.close()
    }

    @Test func numbersAreGaplessAcrossRestarts() async throws {
        let broker = try TestBroker.start(Self.topics)
        defer { broker.close() }
        var fixture = try await NotificationFixture(kafka: broker.bootstrapServers)
        for run in 1...3 {
            for number in 0..<50 {
                let event = try fixture.event("decision \(run) \(number)", .accessDecided, Cast.decision())
                try await fixture.apply(event)
                // The broker and the ledger may deliver an event twice.
                try await fixture.apply(event)
            }
            let read = try await publish(fixture, until: run * 50)
            for records in read.values { try checkChain(records, signer: "signing notification") }
            let restarted = try await NotificationFixture(kafka: broker.bootstrapServers, on: fixture)
            await fixture.close()
            fixture = restarted
        }
        await fixture.close()
    }

    @Test func twoReplicasWriteOneChain() async throws {
        let broker = try TestBroker.start(Self.topics)
        defer { broker.close() }
        let first = try await NotificationFixture(kafka: broker.bootstrapServers)
        let second = try await NotificationFixture(kafka: broker.bootstrapServers, on: first)
        let publishing = Task { try await second.service.publishToSubscribers() }
        defer { publishing.cancel() }
        for number in 0..<100 {
            try await first.apply(first.event("decision \(number)", .accessDecided, Cast.decision()))
        }
        let read = try await publish(first, until: 100)
        publishing.cancel()
        _ = await publishing.result
        for records in read.values { try checkChain(records, signer: "signing notification") }
        await first.close()
        await second.close()
    }

    @Test func lostTopicIsFilledAgainWithTheSameRecords() async throws {
        let broker = try TestBroker.start(Self.topics)
        let fixture = try await NotificationFixture(kafka: broker.bootstrapServers)
        for number in 0..<5 {
            try await fixture.apply(fixture.event("decision \(number)", .accessDecided, Cast.decision()))
        }
        let before = try await publish(fixture, until: 5)
        broker.close()
        let empty = try TestBroker.start(Self.topics)
        defer { empty.close() }
        let restarted = try await NotificationFixture(kafka: empty.bootstrapServers, on: fixture)
        let after = try await publish(restarted, until: 5)
        for name in NotificationFixture.subscriberNames {
            #expect(after[name]?.map(\.value) == before[name]?.map(\.value))
            #expect(after[name]?.map(\.headers) == before[name]?.map(\.headers))
        }
        await fixture.close()
        await restarted.close()
    }

    @Test func missingTopicKeepsNobodyElseWaiting() async throws {
        let broker = try TestBroker.start([Self.topics[1]])
        defer { broker.close() }
        let fixture = try await NotificationFixture(kafka: broker.bootstrapServers)
        try await fixture.apply(fixture.event("decision", .accessDecided, Cast.decision()))
        let read = try await publish(fixture, until: 1, subscribers: ["second"])
        #expect(read["second"]?.count == 1)
        await fixture.close()
    }

    /// Runs the publisher until each topic has so many records, and returns them.
    private func publish(
        _ fixture: NotificationFixture, until count: Int,
        subscribers: [String] = NotificationFixture.subscriberNames
    ) async throws -> [String: [KafkaRecord]] {
        try await withThrowingTaskGroup(of: [String: [KafkaRecord]].self) { group in
            group.addTask {
                try await fixture.service.publishToSubscribers()
                return [:]
            }
            group.addTask {
                let consumer = try KafkaConsumer(fixture.service.host.context.kafka)
                var read: [String: [KafkaRecord]] = [:]
                for name in subscribers {
                    read[name] = try await Self.records(count, of: "access.events.\(name)", consumer)
                }
                await consumer.shutdown()
                return read
            }
            var read: [String: [KafkaRecord]] = [:]
            while read.isEmpty, let next = try await group.next() { read = next }
            group.cancelAll()
            while try await group.next() != nil {}
            return read
        }
    }

    private static func records(
        _ count: Int, of topic: String, _ consumer: KafkaConsumer
    ) async throws -> [KafkaRecord] {
        try consumer.assign([TopicPartitionStart(topic: topic, partition: 0, start: .beginning)])
        var records: [KafkaRecord] = []
        while records.count < count { records += try await consumer.poll(max: count - records.count) }
        return records
    }

    /// Follows the chain from its beginning as a subscriber does, by what the records say.
    private func checkChain(_ records: [KafkaRecord], signer: String) throws {
        let fixtureNetwork = try NotificationFixture.genesis().networkID
        let key = Cast.signer(signer).publicKey
        var head = Digest.zero
        for (number, record) in records.enumerated() {
            func text(_ name: String) throws -> String {
                String(decoding: try #require(record.header(name)), as: UTF8.self)
            }
            let sequence = try text("ce_sequence")
            let previous = try text("ce_previous")
            guard sequence == String(number), previous == head.hex else {
                Issue.record("record \(number) says \(sequence) after \(previous)")
                return
            }
            let event = try #require(EntryID(try text("ce_id")))
            var writer = BinaryWriter(magic: "CSU1")
            writer.append(UInt16(record.topic.utf8.count))
            writer.append(record.topic)
            writer.append(UInt64(number))
            writer.append(head)
            writer.append(event.bytes)
            writer.append(SHA256.hash(try #require(record.value)))
            head = SHA256.hash(writer.bytes)
            let signature = Base64.decode(try text("ce_signature")).flatMap { Signature($0) }
            let statement = DomainTag.record + fixtureNetwork.bytes + head.bytes
            guard let signature, key.verifies(signature, of: statement) else {
                Issue.record("the signature of record \(number) does not verify")
                return
            }
        }
    }
}
