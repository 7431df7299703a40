import Postgres
import Kafka
import Messaging
import Model
import TestSupport
import Testing

@Suite struct MeasureTests {
    @Test func latency() async throws {
        let suite = try TestSuite()
        let consent = try suite.service(.consent, on: try await suite.schema(.consent))
        let records = try suite.service(
            .records, on: try await suite.schema(.records), consuming: [.consentEvents], from: [.consent])
        try await suite.running([consent, records]) {
            _ = try await consent.store.waitUntilFinal(try await consent.append())
            try await Task.sleep(for: .seconds(1))
            var times: [Duration] = []
            for _ in 0..<60 {
                let start = ContinuousClock.now
                let id = try await consent.append()
                _ = try await consent.store.waitUntilFinal(id)
                times.append(ContinuousClock.now - start)
                try await Task.sleep(for: .milliseconds(13))
            }
            times.sort()
            print("LATENCY append→final p50 \(times[30]) p95 \(times[57]) max \(times[59])")
            times = []
            for _ in 0..<30 {
                let start = ContinuousClock.now
                let id = try await consent.append(.consentRevoked)
                while try await !records.seen().contains(where: { $0.id == id }) {}
                times.append(ContinuousClock.now - start)
            }
            times.sort()
            print("LATENCY", times.map { $0.components.attoseconds / 1_000_000_000_000_000 })
            print("LATENCY \(records.messaging.statistics()) \(consent.messaging.statistics())")
            print("LATENCY revoke→seen p50 \(times[15]) p95 \(times[28])")
            let start = ContinuousClock.now
            let count = 3000
            for _ in 0..<30 {
                let (store, at) = (consent.store, suite.clock.now)
                let events = (0..<100).map { _ in NewEvent(id: .random, type: .consentGranted, subject: .random, data: ["n": 1]) }
                try await consent.context.pool.transaction { try store.append(events, at: at, in: $0) }
            }
            print("APPENDED \(ContinuousClock.now - start)")
            while try await consent.count("SELECT count(*) FROM outbox") > 0 { try await Task.sleep(for: .milliseconds(10)) }
            print("FINAL \(ContinuousClock.now - start)")
            while records.messaging.statistics().consumedCount < count { try await Task.sleep(for: .milliseconds(10)) }
            print("CONSUMED \(ContinuousClock.now - start)")
        }
        suite.broker.close()
    }
}
