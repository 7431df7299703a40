import Kafka
import LedgerProtocol
import Logging
import Model

/// Reads changes to the network from their topic, from its beginning: it is compacted and small.
///
/// Validators write every change again each minute, so a topic that was lost heals by itself.
struct NetworkReader: Sendable {
    private static let batchMax = 64
    private static let part = "network"

    let context: MessagingContext
    let board: MessagingBoard

    /// Works until it is cancelled.
    func run() async throws {
        var backoff = Backoff()
        while true {
            try Task.checkCancellation()
            do {
                let consumer = try KafkaConsumer(context.kafka)
                do {
                    try await read(consumer, &backoff)
                } catch {
                    await consumer.shutdown()
                    throw error
                }
            } catch let fault as KafkaFault where fault.reason == .cancelled {
                throw CancellationError()
            } catch let error as CancellationError {
                throw error
            } catch {
                // Until it is read, receipts of validators that joined later do not verify and are asked for
                // again.
                board.count { $0.retryCount += 1 }
                board.report("changes to the network cannot be read: \(error)", in: Self.part)
                try await backoff.pause()
            }
        }
    }

    private func read(_ consumer: KafkaConsumer, _ backoff: inout Backoff) async throws {
        let topic = Topic.ledgerNetwork.rawValue
        let partitionCount = try await consumer.partitions(
            of: topic, timeoutMilliseconds: KafkaPatience.milliseconds)
        var starts: [TopicPartitionStart] = []
        for partition in 0..<partitionCount {
            let low = try await consumer.watermarks(
                topic: topic, partition: partition, timeoutMilliseconds: KafkaPatience.milliseconds
            ).low
            starts.append(TopicPartitionStart(topic: topic, partition: partition, start: .offset(low)))
        }
        try consumer.assign(starts)
        while true {
            try Task.checkCancellation()
            for record in try await consumer.poll(max: Self.batchMax) { take(record) }
            board.clear(Self.part)
            backoff.reset()
        }
    }

    private func take(_ record: KafkaRecord) {
        guard let value = record.value, value.count <= ProtocolLimits.recordBytesMax,
            let change = try? NetworkChange(decoding: value)
        else { return }
        let before = context.network.current.periods.count
        do throws(ProtocolFault) {
            try context.network.accept(change)
        } catch {
            context.logger.warning(
                "a change to the network is not believed",
                metadata: ["height": "\(change.height)", "fault": "\(error.code.rawValue)"])
            return
        }
        let history = context.network.current
        guard history.periods.count > before else { return }
        context.logger.notice(
            "the network changed",
            metadata: ["from": "\(change.height.next)", "validators": "\(history.newest.validators.count)"])
    }
}
