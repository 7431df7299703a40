import Foundation
import Kafka
import LedgerCore
import LedgerProtocol
import Logging
import Model
import ServiceRuntime

/// Reads topics of the ledger from their ends on, and gives the validator what verified.
///
/// Two of them run, so that votes never wait behind the verification of submissions.
struct LedgerConsumer: Sendable {
    private static let recordsMax = 256
    // A signature takes 50 µs: whatever else wants a thread waits a millisecond at most.
    private static let shareRecordCount = 16
    private static let shareCount = ProcessInfo.processInfo.activeProcessorCount
    private static let pauseMilliseconds = 200
    // A broker that is away must not hold up the end of the process.
    private static let askMilliseconds: Int32 = 1_000

    let topics: [Topic]
    /// How many records before its end a topic is read again, for what a restarted validator may lack.
    let recordsBack: Int64
    let configuration: KafkaConfiguration
    let network: NetworkView
    let validator: Validator
    let transport: LedgerTransport
    let metrics: LedgerMetrics
    let logger: Logger

    /// Runs until the task is cancelled.
    ///
    /// - Throws: what ended the validator; `KafkaFault` when the client can do nothing more.
    func run() async throws {
        let consumer = try KafkaConsumer(configuration)
        let outcome: Result<Void, any Error>
        do {
            try await read(consumer)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await consumer.shutdown()
        try outcome.get()
    }

    private func read(_ consumer: KafkaConsumer) async throws {
        var isAssigned = false
        while !Task.isCancelled {
            let records: [KafkaRecord]
            do throws(KafkaFault) {
                if !isAssigned {
                    try consumer.assign(try await starts(consumer))
                    isAssigned = true
                }
                records = try await consumer.poll(max: Self.recordsMax)
            } catch {
                switch error.reason {
                case .cancelled, .closed: return
                case .fatal: throw error
                // The topic was cut or made anew: nothing of it is authority, so reading goes on at its end.
                case .offsetOutOfRange: isAssigned = false
                case .unknownTopic, .brokerUnavailable, .queueFull, .messageTooLarge, .other: break
                }
                logger.warning("the bus does not answer", metadata: ["cause": "\(error)"])
                try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
                continue
            }
            let messages = await messages(in: records)
            if !messages.isEmpty { try await validator.receive(messages) }
        }
    }

    private func starts(_ consumer: KafkaConsumer) async throws(KafkaFault) -> [TopicPartitionStart] {
        var starts: [TopicPartitionStart] = []
        for topic in topics {
            let count = try await consumer.partitions(
                of: topic.rawValue, timeoutMilliseconds: Self.askMilliseconds)
            for partition in 0..<count {
                let marks = try await consumer.watermarks(
                    topic: topic.rawValue, partition: partition, timeoutMilliseconds: Self.askMilliseconds)
                let offset = max(marks.low, marks.high - recordsBack)
                starts.append(
                    TopicPartitionStart(topic: topic.rawValue, partition: partition, start: .offset(offset)))
            }
        }
        return starts
    }

    /// Verifies records on all cores, and gives what verified in their order.
    private func messages(in records: [KafkaRecord]) async -> [InboundMessage] {
        guard records.count > Self.shareRecordCount else { return records.compactMap { message(in: $0) } }
        let starts = stride(from: 0, to: records.count, by: Self.shareRecordCount)
        return await withTaskGroup(of: (Int, [InboundMessage]).self) { group in
            var shares: [Int: [InboundMessage]] = [:]
            for (place, start) in starts.enumerated() {
                if place >= Self.shareCount, let (start, share) = await group.next() { shares[start] = share }
                let share = records[start..<min(start + Self.shareRecordCount, records.count)]
                group.addTask { (start, share.compactMap { message(in: $0) }) }
            }
            for await (start, share) in group { shares[start] = share }
            return starts.flatMap { shares[$0] ?? [] }
        }
    }

    private func message(in record: KafkaRecord) -> InboundMessage? {
        // What this validator sent it has applied before; that it came back shows that the bus works.
        if record.topic == Topic.ledgerConsensus.rawValue, let value = record.value,
            transport.returned(value)
        {
            return nil
        }
        guard let value = record.value, let inbound = verify(value, of: record.topic) else {
            metrics.refusedMessages.increment()
            return nil
        }
        metrics.count(inbound)
        return inbound
    }

    private func verify(_ value: [UInt8], of topic: String) -> InboundMessage? {
        if topic == Topic.ledgerBlocks.rawValue { return network.verify(blockRecord: value) }
        return (try? LedgerMessage(decoding: value)).flatMap { network.verify($0) }
    }
}
