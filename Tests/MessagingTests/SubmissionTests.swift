import Cryptography
import Kafka
import LedgerProtocol
import Model
import Postgres
import TestSupport
import Testing

@testable import Messaging

@Suite("Submissions until they are final", .serialized)
struct SubmissionTests {
    @Test func aRelayThatDiesSendsTheSameBytesAgain() async throws {
        let suite = try TestSuite()
        let schema = try await suite.schema(.consent)
        let ledger = suite.ledger
        // The ledger takes the submission and the answer is lost.
        suite.validator.behave { submission in
            _ = try? ledger.answer(submission)
            return .ignore
        }
        let first = try suite.service(.consent, on: schema)
        var id = EntryID.random
        try await suite.running([first]) {
            id = try await first.append()
            try await eventually("it was sent") { !suite.validator.seen.isEmpty }
        }
        suite.validator.behave { _ in .answer }
        let second = try suite.service(.consent, on: schema)
        try await suite.running([second]) {
            let finality = try await second.store.waitUntilFinal(id)
            #expect(finality.index == 0)
        }
        let versions = Set(suite.validator.seen.map(\.hash))
        #expect(versions.count == 1 && suite.ledger.submissionCount == 1)
        let rows = try await second.count("SELECT count(*) FROM submission WHERE state = 'final'")
        #expect(rows == 1)
        suite.broker.close()
    }

    @Test func lostSubmissionsAreSentAgainAfterASecond() async throws {
        let suite = try TestSuite()
        let validator = suite.validator
        suite.validator.behave { _ in validator.seen.count < 3 ? .ignore : .answer }
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        try await suite.running([consent]) {
            let id = try await consent.append()
            let finality = try await consent.store.waitUntilFinal(id, timeoutMilliseconds: 10_000)
            #expect(finality.isFinal && Set(suite.validator.seen.map(\.hash)).count == 1)
        }
        suite.broker.close()
    }

    @Test func severalAnswersMakeOneEventFinalOnce() async throws {
        let suite = try TestSuite()
        suite.validator.behave { _ in .answerTimes(4) }
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        try await suite.running([consent]) {
            for _ in 0..<10 {
                let id = try await consent.append()
                let finality = try await consent.store.waitUntilFinal(id)
                #expect(finality.isFinal)
            }
            try await eventually("all are published") {
                try await consent.count("SELECT count(*) FROM publication WHERE delivered") >= 10
            }
            let published = try await consent.count("SELECT count(*) FROM publication")
            let waiting = try await consent.count("SELECT count(*) FROM unpublished")
            #expect(published + waiting == 10)
        }
        suite.broker.close()
    }

    /// With and without the old receipt on the broker, it is the refusal of its own submission that it
    /// believes.
    @Test(arguments: [false, true])
    func stopsWhenItsSequenceIsTakenByUnknownBytes(onFreshBroker: Bool) async throws {
        let suite = try TestSuite()
        let lost = try suite.service(.consent, on: try await suite.schema(.consent))
        try await suite.running([lost]) {
            let id = try await lost.append()
            let finality = try await lost.store.waitUntilFinal(id)
            #expect(finality.isFinal)
        }
        let after = onFreshBroker ? try TestSuite(ledger: suite.ledger) : suite
        let restored = try after.service(.consent, on: try await after.schema(.consent))
        try await after.running([restored]) {
            let id = try await restored.append()
            try await eventually("it says so", of: [restored]) {
                restored.messaging.readiness().problems.contains { $0.contains("sequenceTaken") }
            }
            let finality = try await restored.store.waitUntilFinal(id, timeoutMilliseconds: 100)
            #expect(finality == .pending && !restored.messaging.readiness().isReady)
        }
        suite.broker.close()
        after.broker.close()
    }

    @Test func aRefusedSubmissionIsHalvedUntilItsEntriesAreTaken() async throws {
        let suite = try TestSuite()
        suite.validator.behave { $0.entryCount > 1 ? .refuse(.kindNotAllowed) : .answer }
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let (store, at) = (consent.store, suite.clock.now)
        let events = (0..<5).map { _ in
            NewEvent(id: .random, type: .consentGranted, subject: .random, data: [:])
        }
        try await consent.context.pool.transaction { try store.append(events, at: at, in: $0) }
        try await suite.running([consent]) {
            try await eventually(within: 20, "all are final") {
                try await consent.count("SELECT count(*) FROM event WHERE final") == events.count
            }
        }
        #expect(suite.ledger.submissionCount == events.count)
        #expect(consent.messaging.statistics().refusalCount > 0)
        let left = try await consent.count("SELECT count(*) FROM outbox")
        let indices = try await consent.count("SELECT count(DISTINCT entry_index) FROM event")
        #expect(left == 0 && indices == events.count)
        suite.broker.close()
    }

    @Test func forgedReceiptsAndRefusalsChangeNothing() async throws {
        let suite = try TestSuite()
        suite.validator.behave { _ in .ignore }
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        try await suite.running([consent]) {
            let id = try await consent.append()
            try await eventually("it was sent") { !suite.validator.seen.isEmpty }
            let submission = suite.validator.seen[0]
            // Another network's validator signs what this network's did not.
            let strangers = TestLedger(try TestNetwork())
            let refusal = strangers.refusal(of: submission, .sequenceTaken)
            var messages = [ReceiptMessage.refusal(refusal)]
            if case .receipt(let receipt) = try strangers.answer(submission) {
                messages.append(.record(receipt.of(suite.network.genesis.networkID)))
            }
            for message in messages {
                try await suite.produce(
                    .ledgerReceipts, partition: 0, key: nil, value: message.encoded, headers: [])
            }
            try await eventually("the receipt was judged") {
                consent.messaging.statistics().invalidReceiptCount == 1
            }
            let before = try await consent.store.waitUntilFinal(id, timeoutMilliseconds: 100)
            #expect(before == .pending && consent.messaging.readiness().problems == [])
            suite.validator.behave { _ in .answer }
            let after = try await consent.store.waitUntilFinal(id)
            #expect(after.isFinal)
        }
        suite.broker.close()
    }

    @Test func aReceiptOfUnknownBytesUnderACopiedNoteStopsNothing() async throws {
        let suite = try TestSuite()
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        try await suite.running([consent]) {
            let first = try await consent.append()
            _ = try await consent.store.waitUntilFinal(first)
            suite.validator.behave { _ in .ignore }
            let id = try await consent.append()
            try await eventually("it was sent") { suite.validator.seen.contains { $0.sequence == 1 } }
            let landed = try #require(suite.validator.seen.first { $0.sequence == 0 })
            guard case .receipt(let genuine) = try suite.ledger.answer(landed) else { return }
            let forged = ReceiptMessage.record(genuine.naming(SHA256.hash([1]), sequence: 1))
            try await suite.produce(
                .ledgerReceipts, partition: 0, key: nil, value: forged.encoded, headers: [])
            try await eventually("it was counted", of: [consent]) {
                consent.messaging.statistics().unknownReceiptCount == 1
            }
            #expect(consent.messaging.readiness().problems == [])
            suite.validator.behave { _ in .answer }
            let after = try await consent.store.waitUntilFinal(id)
            #expect(after.isFinal)
        }
        suite.broker.close()
    }

    @Test func aReplicaThatNoLongerLeadsIsReady() async throws {
        let suite = try TestSuite()
        let schema = try await suite.schema(.consent)
        suite.validator.behave { _ in .refuse(.unknownKey) }
        let consent = try suite.service(.consent, on: schema)
        try await suite.running([consent]) {
            try await consent.append()
            try await eventually("its relay stops") {
                consent.messaging.readiness().problems.contains { $0.hasPrefix("relay") }
            }
            try await PrivatePostgres.shared().terminateSessions(of: schema)
            // The test takes the lock as another replica would.
            let key = MessagingService.lockKey(schema: schema.schema)
            var lock: PostgresAdvisoryLock?
            try await eventually("the lock is free") {
                lock = try await PostgresAdvisoryLock.tryAcquire(configuration: schema, key: key)
                return lock != nil
            }
            try await eventually("it stands by and complains about nothing", of: [consent]) {
                !consent.messaging.statistics().isLeader && consent.messaging.readiness().isReady
            }
            await lock?.release()
        }
        suite.broker.close()
    }

    @Test func outagesOfBrokerAndDatabaseLoseNothing() async throws {
        let suite = try TestSuite()
        let schema = try await suite.schema(.consent)
        let consent = try suite.service(.consent, on: schema)
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents], from: [.consent])
        try await suite.running([consent, records]) {
            let first = try await consent.append()
            _ = try await consent.store.waitUntilFinal(first)
            suite.broker.setBroker(isUp: false)
            var ids = [first]
            for _ in 0..<20 { ids.append(try await consent.append()) }
            try await PrivatePostgres.shared().terminateSessions(of: schema)
            try await Task.sleep(for: .milliseconds(500))
            suite.broker.setBroker(isUp: true)
            let expected = Set(ids)
            try await eventually(
                within: 30, "all arrive",
                of: [consent, records]
            ) {
                try await records.seen().count >= expected.count
            }
            let seen = try await records.seen().map(\.id)
            #expect(Set(seen) == expected && seen.count == expected.count)
        }
        suite.broker.close()
    }
}

extension ReceiptRecord {
    /// The same receipt under the same note, said to be of other bytes.
    func naming(_ hash: Digest, sequence: UInt64) -> ReceiptRecord {
        ReceiptRecord(
            networkID: networkID, keyID: keyID, height: height,
            items: [Item(sequence: sequence, hash: hash, entryCount: 1)], firstIndex: firstIndex,
            nextSequence: sequence + 1, left: left, right: right, note: note)
    }

    /// The same receipt, said to be of another network.
    func of(_ networkID: NetworkID) -> ReceiptRecord {
        ReceiptRecord(
            networkID: networkID, keyID: keyID, height: height, items: items, firstIndex: firstIndex,
            nextSequence: nextSequence, left: left, right: right, note: note)
    }
}
