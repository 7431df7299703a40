import Kafka
import Model
import Postgres

/// Reads all partitions of one subscribed topic and hands each event to its handler once.
///
/// Every replica does so; the conditional update of the position lets one of them apply a record.
struct DomainConsumer: Sendable {
    let context: MessagingContext
    let board: MessagingBoard
    let freshness: Freshness
    let subscription: Subscription

    /// Works until it is cancelled; after a failure it begins anew from the stored position.
    func run() async throws {
        var backoff = Backoff()
        let part = "consumer of \(subscription.topic.rawValue)"
        while true {
            try Task.checkCancellation()
            do {
                try await follow(part) { backoff.reset() }
            } catch let fault as KafkaFault where fault.reason == .cancelled {
                throw CancellationError()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                board.count { $0.retryCount += 1 }
                board.report("reading is interrupted: \(error)", in: part)
                try await backoff.pause()
            }
        }
    }

    private func follow(_ part: String, didRead: () -> Void) async throws {
        var configuration = context.kafka
        configuration.clientID += ".\(subscription.topic.rawValue)"
        let consumer = try KafkaConsumer(configuration)
        do {
            var session = try await ConsumerSession(self, consumer)
            board.clear(part)
            while true {
                try await session.step()
                didRead()
            }
        } catch {
            await consumer.shutdown()
            throw error
        }
    }
}
