import Kafka
import LedgerProtocol
import Messaging
import Model
import Postgres
import TestSupport
import Testing

@Suite("An event on its way from one service to another", .serialized)
struct PipelineTests {
    @Test func arrivesOnceWithItsProof() async throws {
        let suite = try TestSuite()
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents], from: [.consent])
        try await suite.running([consent, records]) {
            let id = try await consent.append(data: ["contract": "7", "text": "ä\n\"quoted\""])
            let finality = try await consent.store.waitUntilFinal(id)
            #expect(finality == .final(index: 0, height: BlockHeight(1), treeSize: 2))
            try await eventually("the other service got it") { try await records.seen().count == 1 }
            let seen = try await records.seen()[0]
            #expect(seen.id == id && seen.isFinal)
            let own = try await consent.context.pool.query { try consent.store.disclosure(of: id, in: $0) }
            #expect(own?.disclosure == seen.disclosure && own?.receipt == seen.receipt)
            let verified = try ReceiptVerifier.verify(
                receipt: Array(try #require(seen.receipt).utf8), disclosure: seen.disclosure,
                history: NetworkHistory(suite.network.genesis))
            #expect(verified.payload.data["text"]?.string == "ä\n\"quoted\"")
            try await eventually("the view is fresh") {
                records.messaging.freshness(topic: .consentEvents, producer: .consent).isFresh
            }
            #expect(records.messaging.readiness().problems == [])
            #expect(consent.messaging.readiness().problems == [])
        }
        let leftOver = try await consent.count("SELECT count(*) FROM outbox")
        #expect(leftOver == 0)
        suite.broker.close()
    }

    @Test func revocationsArriveTwiceAndThePendingOneFirst() async throws {
        let suite = try TestSuite()
        suite.validator.behave { _ in .ignore }
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents], from: [.consent])
        try await suite.running([consent, records]) {
            let id = try await consent.append(.consentRevoked)
            try await eventually("the pending one arrives") { try await records.seen().count == 1 }
            let before = try await consent.context.pool.query { try consent.store.finality(of: id, in: $0) }
            #expect(before == .pending)
            suite.validator.behave { _ in .answer }
            try await eventually("the final one arrives") { try await records.seen().count == 2 }
            let seen = try await records.seen()
            #expect(seen.map(\.isFinal) == [false, true] && seen.map(\.id) == [id, id])
            #expect(seen[0].receipt == nil && seen[0].disclosure == seen[1].disclosure)
        }
        suite.broker.close()
    }

    @Test func manyEventsAreEachAppliedOnceByTwoReplicas() async throws {
        let suite = try TestSuite()
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let schema = try await suite.schema(.records)
        let replicas = try (0..<2).map { _ in
            try suite.service(.records, on: schema, consuming: [.consentEvents], from: [.consent])
        }
        try await suite.running([consent] + replicas) {
            var ids: Set<EntryID> = []
            for _ in 0..<20 {
                let (store, at) = (consent.store, suite.clock.now)
                let events = (0..<10).map { number in
                    NewEvent(
                        id: .random, type: .consentGranted, subject: .random,
                        data: ["n": .number(.init(number))])
                }
                try await consent.context.pool.transaction { try store.append(events, at: at, in: $0) }
                ids.formUnion(events.map(\.id))
            }
            try await eventually("all arrive") { try await replicas[0].seen().count >= ids.count }
            let seen = try await replicas[0].seen().map(\.id)
            #expect(seen.count == ids.count && Set(seen) == ids)
            try await eventually("both replicas are fresh") {
                replicas.allSatisfy {
                    $0.messaging.freshness(topic: .consentEvents, producer: .consent).isFresh
                }
            }
            let applied = replicas.reduce(0) { $0 + $1.messaging.statistics().consumedCount }
            #expect(applied == ids.count)
        }
        suite.broker.close()
    }

    @Test func oneReplicaLeadsAndTheOtherTakesOver() async throws {
        let suite = try TestSuite()
        let schema = try await suite.schema(.consent)
        let (first, second) = (
            try suite.service(.consent, on: schema), try suite.service(.consent, on: schema)
        )
        try await suite.running([second]) {
            try await suite.running([first], withValidator: false) {
                try await eventually("one leads") {
                    first.messaging.statistics().isLeader != second.messaging.statistics().isLeader
                }
                let id = try await first.append()
                let byFirst = try await first.store.waitUntilFinal(id)
                let bySecond = try await second.store.waitUntilFinal(id)
                #expect(byFirst.isFinal && byFirst == bySecond)
            }
            let id = try await second.append()
            let finality = try await second.store.waitUntilFinal(id)
            #expect(finality.isFinal && second.messaging.statistics().isLeader)
        }
        suite.broker.close()
    }

    @Test func endsWithinTwoSecondsWhenCancelled() async throws {
        let suite = try TestSuite()
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents, .identityEvents])
        let started = ContinuousClock.now
        var cancelled = started
        try await suite.running([records]) {
            try await eventually("it leads") { records.messaging.statistics().isLeader }
            try await Task.sleep(for: .milliseconds(300))
            cancelled = ContinuousClock.now
        }
        #expect(ContinuousClock.now - cancelled < .seconds(2))
        suite.broker.close()
    }

    @Test func restartsAtAnyMomentLoseAndDoubleNothing() async throws {
        let suite = try TestSuite()
        let (consentSchema, recordsSchema) = (
            try await suite.schema(.consent), try await suite.schema(.records)
        )
        var pauses = [37, 210, 5, 420, 96, 150, 11, 333].makeIterator()
        var expected: [EntryID: Int] = [:]
        while let pause = pauses.next() {
            let consent = try suite.service(.consent, on: consentSchema)
            let records = try suite.service(
                .records, on: recordsSchema, consuming: [.consentEvents], from: [.consent])
            try await suite.running([consent, records]) {
                for number in 0..<12 {
                    let isRevocation = number % 3 == 0
                    let id = try await consent.append(isRevocation ? .consentRevoked : .consentGranted)
                    expected[id] = isRevocation ? 2 : 1
                }
                try await Task.sleep(for: .milliseconds(pause))
            }
            for service in [consent, records] { await service.context.pool.close() }
        }
        let consent = try suite.service(.consent, on: consentSchema)
        let records = try suite.service(
            .records, on: recordsSchema, consuming: [.consentEvents], from: [.consent])
        try await suite.running([consent, records]) {
            let total = expected.values.reduce(0, +)
            try await eventually(within: 30, "all arrive") { try await records.seen().count >= total }
            var times: [EntryID: Int] = [:]
            for seen in try await records.seen() { times[seen.id, default: 0] += 1 }
            let wrong = expected.filter { times[$0.key] != $0.value }
            #expect(wrong.isEmpty && times.count == expected.count)
            #expect(suite.ledger.size == expected.count + suite.ledger.submissionCount)
        }
        suite.broker.close()
    }
}
