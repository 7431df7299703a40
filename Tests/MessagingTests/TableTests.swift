import Cryptography
import Kafka
import LedgerProtocol
import Model
import Postgres
import TestSupport
import Testing

@testable import Messaging

@Suite("What the tables refuse", .serialized)
struct TableTests {
    private func makeContext() async throws -> MessagingContext {
        let postgres = try await PrivatePostgres.shared().createSchema("consent")
        let context = try TestNetwork().context(.consent, postgres: postgres)
        try await MessagingSchema.prepare(context)
        return context
    }

    @Test func anEventBecomesFinalOnceAndIsQueuedOnce() async throws {
        let context = try await makeContext()
        let (store, id, at) = (EventStore(context), EntryID.random, context.clock())
        try await context.pool.transaction { session in
            try store.append(id: id, type: .consentGranted, subject: .random, data: [:], at: at, in: session)
        }
        @Sendable func final(index: UInt64) -> FinalEvent {
            FinalEvent(
                id: id, submissionSequence: 0, submissionPosition: 0, index: index, height: BlockHeight(1),
                treeSize: 9, receipt: "receipt")
        }
        let marked = try await context.pool.transaction { session in
            [
                try EventTable.markFinal([final(index: 4), final(index: 4)], in: session),
                try EventTable.markFinal([final(index: 5)], in: session),
            ]
        }
        #expect(marked == [[id], []])
        let (finality, queued) = try await context.pool.query { session in
            (
                try store.finality(of: id, in: session),
                try session.query("SELECT count(*) FROM unpublished")[0].int(0)
            )
        }
        #expect(finality?.index == 4 && queued == 1)
        await context.pool.close()
    }

    @Test func aPositionMovesOnlyFromWhereItIs() async throws {
        let context = try await makeContext()
        func move(_ from: Int64, _ to: Int64) async throws {
            try await context.pool.transaction { session in
                _ = try ConsumerTable.position(topic: .consentEvents, partition: 0, in: session)
                try ConsumerTable.moveOffset(
                    topic: .consentEvents, partition: 0, from: from, to: to, in: session)
            }
        }
        try await move(0, 5)
        await #expect(throws: PositionMoved.self) { try await move(0, 6) }
        try await move(5, 2)
        await context.pool.close()
    }

    @Test func aChainMovesOnlyFromWhereItIs() async throws {
        let context = try await makeContext()
        let producer = context.signer.keyID
        let first = ProducerChain().advanced(to: SHA256.hash([1]))
        let second = first.advanced(to: SHA256.hash([2]))
        func move(_ from: ProducerChain, _ to: ProducerChain) async throws {
            try await context.pool.transaction { session in
                try ConsumerTable.moveChain(
                    topic: .consentEvents, partition: 0, producer: producer, from: from, to: to, in: session)
            }
        }
        try await move(ProducerChain(), first)
        await #expect(throws: PositionMoved.self) { try await move(ProducerChain(), first) }
        let forked = ProducerChain(next: first.next, head: SHA256.hash([3]))
        await #expect(throws: PositionMoved.self) { try await move(forked, second) }
        try await move(first, second)
        let position = try await context.pool.transaction { session in
            try ConsumerTable.position(topic: .consentEvents, partition: 0, in: session)
        }
        #expect(position.chains == [producer: second])
        await context.pool.close()
    }

    @Test func evidenceIsKeptOnceAndHidesNoAuthenticRecord() async throws {
        let context = try await makeContext()
        var forge = try RecordForge(try TestNetwork())
        let record = try forge.next()
        let junk = ParkedRecord(record, reason: "bad-signature")
        let verifier = RecordVerifier(
            network: NetworkFollower(forge.network.genesis), unsealer: context.unsealer)
        let authentic = ParkedRecord(
            try verifier.authenticate(record, headers: try RecordHeaders(parsing: record)),
            reason: ParkedTable.handlerFailed)
        let counts = try await context.pool.transaction { session in
            try [[junk, junk], [junk], [authentic]].map {
                try ParkedTable.park($0, at: Timestamp(milliseconds: 0), in: session)
            }
        }
        #expect(counts == [1, 0, 1])
        await context.pool.close()
    }

    @Test func evidenceMovesNoPositionBack() async throws {
        let context = try await makeContext()
        var forge = try RecordForge(try TestNetwork())
        let record = try forge.next().with(offset: 3)
        let subscription = Subscription(topic: .consentEvents, producers: [.consent]) { _, _ in }
        let applier = StepApplier(
            context: context, board: MessagingBoard(), subscription: subscription, partition: 0)
        var position = try await context.pool.transaction { session in
            _ = try ConsumerTable.position(topic: .consentEvents, partition: 0, in: session)
            try ConsumerTable.moveOffset(topic: .consentEvents, partition: 0, from: 0, to: 9, in: session)
            return try ConsumerTable.position(topic: .consentEvents, partition: 0, in: session)
        }
        let step = PlannedStep(
            action: .park(ParkedRecord(record, reason: "bad-signature")), record: record, link: nil,
            nextOffset: 4)
        _ = await applier.apply([step], upTo: 4, &position)
        let (stored, parkedCount) = try await context.pool.transaction { session in
            (
                try ConsumerTable.position(topic: .consentEvents, partition: 0, in: session),
                try session.query("SELECT count(*) FROM parked")[0].int(0)
            )
        }
        #expect(stored.nextOffset == 9 && position == stored && parkedCount == 1)
        await context.pool.close()
    }

    @Test func evidenceIsBoundedAndAuthenticRecordsAreNot() async throws {
        let context = try await makeContext()
        var forge = try RecordForge(try TestNetwork())
        let record = try forge.next()
        let form = ParkedForm.read(
            ParkedForm.write(record), topic: record.topic, partition: record.partition, offset: record.offset)
        #expect(form == record)
        let parked = ParkedRecord(record, reason: "bad-signature")
        let count = try await context.pool.transaction { session in
            try session.execute(
                """
                INSERT INTO parked (topic, partition, kafka_offset, reason, record, parked_at)
                SELECT 'consent.events', 0, n, 'bad-signature', '', 0 FROM generate_series(1, $1) AS n
                """,
                [.int(Int64(ParkedTable.countMax))])
            try ParkedTable.park([parked], at: Timestamp(milliseconds: 0), in: session)
            return try session.query("SELECT count(*) FROM parked")[0].int(0)
        }
        #expect(count == Int64(ParkedTable.countMax))
        await context.pool.close()
    }
}
