import Kafka
import LedgerCore
import Logging
import Model
import ServiceRuntime

/// The way out to the other validators and the services; what is lost on it is sent again by the core.
struct LedgerBus: Sendable {
    private let producer: KafkaProducer
    private let metrics: LedgerMetrics

    init(_ configuration: KafkaConfiguration, metrics: LedgerMetrics) throws {
        producer = try KafkaProducer(configuration)
        self.metrics = metrics
    }

    /// Hands a message over without waiting for its delivery.
    func send(_ message: OutboundMessage) {
        do throws(KafkaFault) {
            try producer.enqueue(
                topic: message.topic.rawValue, partition: nil, key: message.key, value: message.bytes,
                headers: [])
        } catch {
            metrics.unsentMessages.increment()
        }
    }

    /// Sends a message and waits until the broker has it, so that the first vote meets an open connection.
    func deliver(_ message: OutboundMessage) async {
        // Without a broker the message is lost like any other, and the first gossip takes its place.
        _ = try? await producer.send(
            topic: message.topic.rawValue, partition: nil, key: message.key, value: message.bytes, headers: []
        )
    }

    func shutdown() async { await producer.shutdown() }
}
