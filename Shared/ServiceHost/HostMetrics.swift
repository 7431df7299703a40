import Messaging
import Postgres
import ServiceRuntime

extension ServiceHost {
    /// Shows the figures of messaging and of the database connections at `/metrics`.
    func registerMetrics(of messaging: MessagingService) {
        let gauges: [(String, String, @Sendable (MessagingStatistics) -> Double)] = [
            ("messaging_leader", "1 while this process relays and publishes.", { $0.isLeader ? 1 : 0 }),
            (
                "messaging_outbox_unsent_events", "Events in no submission yet.",
                { Double($0.outboxUnsentCount) }
            ),
            ("messaging_outbox_events", "Events accepted and not yet final.", { Double($0.outboxCount) }),
            (
                "messaging_oldest_unsent_seconds", "Age of the oldest event in no submission.",
                { Double($0.oldestUnsentAgeMilliseconds) / 1_000 }
            ),
            (
                "messaging_oldest_not_final_seconds", "Age of the oldest event that is not final.",
                { Double($0.oldestNotFinalAgeMilliseconds) / 1_000 }
            ),
            (
                "messaging_consumer_lag_records", "Records that the consumers have not read yet.",
                { Double($0.lag.values.reduce(0, +)) }
            ),
        ]
        for (name, help, read) in gauges {
            metrics.gauge(name, help: help) { read(messaging.statistics()) }
        }
        let counters: [(String, String, @Sendable (MessagingStatistics) -> Int)] = [
            ("messaging_published_total", "Events published.", { $0.publishedCount }),
            ("messaging_final_total", "Events that became final.", { $0.finalCount }),
            ("messaging_consumed_total", "Events applied.", { $0.consumedCount }),
            ("messaging_duplicates_total", "Records that had been applied before.", { $0.duplicateCount }),
            ("messaging_gaps_total", "Times that a consumer began anew.", { $0.gapCount }),
            ("messaging_refused_records_total", "Records that were not believed.", { $0.refusedRecordCount }),
            ("messaging_parked_total", "Records put aside.", { $0.parkedCount }),
            ("messaging_invalid_receipts_total", "Receipts that did not verify.", { $0.invalidReceiptCount }),
            ("messaging_refusals_total", "Submissions that validators refused.", { $0.refusalCount }),
            ("messaging_retries_total", "Transient errors that were tried again.", { $0.retryCount }),
        ]
        for (name, help, read) in counters {
            metrics.counter(name, help: help) { Double(read(messaging.statistics())) }
        }
        metrics.gauge("postgres_connections_busy", help: "Connections in use.") { [pool] in
            Double(pool.load.busyCount)
        }
        metrics.gauge("postgres_connections_waiting", help: "Callers that wait for a connection.") { [pool] in
            Double(pool.load.waitingCount)
        }
    }

    /// Asks the database for the simplest answer.
    func databaseCheck() async -> ReadinessCheck {
        do {
            let isReady = try await pool.query { session in try !session.query("SELECT 1").isEmpty }
            return ReadinessCheck("database", isReady: isReady)
        } catch {
            return ReadinessCheck("database", isReady: false, detail: "the database does not answer")
        }
    }

    /// Says whether messaging works, and warns of events that the ledger keeps waiting.
    func messagingCheck(_ messaging: MessagingService) -> ReadinessCheck {
        let problems = messaging.readiness().problems
        guard problems.isEmpty else {
            return ReadinessCheck("messaging", isReady: false, detail: problems.joined(separator: "; "))
        }
        // Commands are still accepted while finality is late, so a late ledger does not take the service
        // away.
        let isOverdue = messaging.statistics().isOverdue
        return ReadinessCheck("messaging", isReady: true, detail: isOverdue ? "finality is overdue" : "")
    }
}
