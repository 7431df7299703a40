import Kafka
import LedgerCore
import Logging
import Model
import ServiceRuntime

/// The way out to the other validators and the services; what is lost on it is sent again by the core.
struct LedgerBus: Sendable {
    // Without a broker the validator starts all the same: the others may be reached directly.
    private static let greetingMilliseconds = 1_000
    private static let flushMilliseconds: Int32 = 500

    private let producer: KafkaProducer
    private let metrics: LedgerMetrics

    init(_ configuration: KafkaConfiguration, metrics: LedgerMetrics) throws {
        producer = try KafkaProducer(configuration)
        self.metrics = metrics
    }

    /// Hands a message over without waiting for its delivery; false when it was not even taken.
    func send(_ message: OutboundMessage) -> Bool {
        do throws(KafkaFault) {
            try producer.enqueue(
                topic: message.topic.rawValue, partition: nil, key: message.key, value: message.bytes,
                headers: [])
            return true
        } catch {
            metrics.unsentMessages.increment()
            return false
        }
    }

    /// Sends a message and waits a little until the broker has it, so that the first vote meets an open
    /// connection.
    func deliver(_ message: OutboundMessage) async {
        // Without a broker the message is lost like any other, and the first gossip takes its place.
        await withTaskGroup { race in
            race.addTask {
                _ = try? await producer.send(
                    topic: message.topic.rawValue, partition: nil, key: message.key, value: message.bytes,
                    headers: [])
            }
            race.addTask { try? await Task.sleep(for: .milliseconds(Self.greetingMilliseconds)) }
            await race.next()
            race.cancelAll()
        }
    }

    /// Ends the client; what is lost with it the others still hold, or it is sent again after the restart.
    func shutdown() async { await producer.shutdown(flushMilliseconds: Self.flushMilliseconds) }
}
