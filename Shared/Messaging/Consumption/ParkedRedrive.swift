import Kafka
import LedgerProtocol
import Logging
import Model
import Postgres

/// Offers records that were set aside to their handlers again, in their order.
///
/// Only the leader does it, so that no two processes hand one subject's records over at once.
struct ParkedRedrive: Sendable {
    private static let pageMax = 256

    let context: MessagingContext
    let subscriptions: [Subscription]

    /// Goes through the records when a leader begins, which a corrected program does, and each hour.
    func runHourly(_ producer: KafkaProducer) async throws {
        while true {
            for subscription in subscriptions {
                do {
                    try await redrive(subscription, producer)
                } catch {
                    context.logger.warning(
                        "parked records cannot be read", metadata: ["topic": "\(subscription.topic.rawValue)"]
                    )
                }
            }
            try await Task.sleep(for: .seconds(3_600))
        }
    }

    private func redrive(_ subscription: Subscription, _ producer: KafkaProducer) async throws {
        let partitionCount = try await producer.partitionCount(
            topic: subscription.topic.rawValue, timeoutMilliseconds: KafkaPatience.milliseconds)
        let count = try await redrive(subscription, partitionCount: partitionCount)
        guard count > 0 else { return }
        context.logger.info(
            "parked records were handled",
            metadata: ["topic": "\(subscription.topic.rawValue)", "count": "\(count)"])
    }

    /// Goes through a topic's authentic records once.
    ///
    /// A subject's records behind one whose handler fails again stay where they are.
    /// - Returns: how many records were handled.
    private func redrive(_ subscription: Subscription, partitionCount: Int32) async throws -> Int {
        var (handledCount, last) = (0, Int64(0))
        var failed: Set<ParticipantID> = []
        while true {
            let (topic, after) = (subscription.topic, last)
            let page = try await context.pool.query { session in
                try ParkedTable.authenticIDs(topic: topic, after: after, limit: Self.pageMax, in: session)
            }
            guard let newLast = page.last?.id else { return handledCount }
            last = newLast
            for parked in page where !failed.contains(parked.subject) {
                if try await handle(parked.id, subscription, partitionCount) {
                    handledCount += 1
                } else {
                    failed.insert(parked.subject)
                }
            }
        }
    }

    private func handle(
        _ id: Int64, _ subscription: Subscription, _ partitionCount: Int32
    ) async throws -> Bool {
        let verifier = RecordVerifier(network: context.network, unsealer: context.unsealer)
        do {
            return try await context.pool.transaction { session in
                guard let record = try ParkedTable.take(id, in: session) else { return true }
                let authentic = try verifier.authenticate(record, headers: try RecordHeaders(parsing: record))
                try subscription.handle(try verifier.open(authentic, partitionCount: partitionCount), session)
                try ParkedTable.remove(id, in: session)
                return true
            }
        } catch let fault as PostgresFault where fault.isTransient {
            throw fault
        } catch {
            context.logger.warning(
                "a parked record fails again", metadata: ["parked": "\(id)", "error": "\(type(of: error))"])
            return false
        }
    }
}
