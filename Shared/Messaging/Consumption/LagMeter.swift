import Kafka
import Model

/// Compares what the consumers have read with the ends of their partitions, apart from their own work.
struct LagMeter: Sendable {
    private static let intervalMilliseconds = 5_000

    let context: MessagingContext
    let board: MessagingBoard

    /// Works until it is cancelled.
    func run() async throws {
        var configuration = context.kafka
        configuration.clientID += ".lag"
        let consumer = try KafkaConsumer(configuration)
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Self.intervalMilliseconds))
            for (topic, offsets) in board.readOffsets where !Task.isCancelled {
                // A figure that cannot be had now stays as it was: the consumer itself reports the
                // broker's absence.
                guard let lag = try? await lag(of: topic, offsets, consumer) else { continue }
                board.count { $0.lag[topic] = lag }
            }
        }
        await consumer.shutdown()
    }

    private func lag(
        of topic: Topic, _ offsets: [Int32: Int64], _ consumer: KafkaConsumer
    ) async throws -> Int64 {
        var lag: Int64 = 0
        for (partition, offset) in offsets {
            let (low, high) = try await consumer.watermarks(
                topic: topic.rawValue, partition: partition, timeoutMilliseconds: KafkaPatience.milliseconds)
            lag += max(0, high - max(low, offset))
        }
        return lag
    }
}
