import Kafka
import Logging
import Model
import Postgres

/// Compares the end of each partition with the publication table and marks what is missing as
/// undelivered.
///
/// A topic is a copy of its producer's table: a topic that was lost, cut or replaced is filled again
/// from there.
struct PublicationRepair: Sendable {
    let context: MessagingContext
    let reader: KafkaConsumer
    let places: [TopicPartition]

    /// Compares every partition.
    func run() async throws {
        for place in places { try await compare(place) }
    }

    private func compare(_ place: TopicPartition) async throws {
        let newest = try await context.pool.query { session in
            try PublicationTable.newestDelivered(in: place, session: session)
        }
        guard let newest else { return }
        let (low, high) = try await reader.watermarks(
            topic: place.topic, partition: place.partition, timeoutMilliseconds: KafkaPatience.milliseconds)
        if newest.offset >= high {
            // What lay at the end is gone; when all of it is, the partition is new.
            try await markLost(place, fromOffset: high > low ? high : 0)
            if high > low { try await compare(place) }
        } else if newest.offset >= low {
            guard try await holds(newest.headers, at: newest.offset, in: place) else {
                // Another history stands where this one stood.
                return try await markLost(place, fromOffset: 0)
            }
        }
        // Below the low watermark the topic's retention took it: the topic is no archive.
    }

    /// Whether the record at an offset is the one that this service wrote there.
    private func holds(
        _ headers: [KafkaHeader], at offset: Int64, in place: TopicPartition
    ) async throws -> Bool {
        let start = TopicPartitionStart(
            topic: place.topic, partition: place.partition, start: .offset(offset))
        try reader.assign([start])
        defer { try? reader.assign([]) }
        let reader = reader
        let record = try await withThrowingTaskGroup(of: KafkaRecord?.self) { group in
            group.addTask { try await reader.poll(max: 1).first }
            group.addTask {
                try await Task.sleep(for: .milliseconds(KafkaPatience.milliseconds))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let record else {
            throw KafkaFault(
                reason: .brokerUnavailable, message: "the newest record cannot be read back",
                topic: place.topic,
                partition: place.partition)
        }
        let signature = headers.first { $0.name == RecordHeader.signature }?.value
        return record.offset == offset && record.header(RecordHeader.signature) == signature
    }

    private func markLost(_ place: TopicPartition, fromOffset offset: Int64) async throws {
        let count = try await context.pool.transaction { session in
            try PublicationTable.markLost(in: place, fromOffset: offset, session: session)
        }
        context.logger.error(
            "a topic lost records and gets them again",
            metadata: ["topic": "\(place.topic)", "partition": "\(place.partition)", "records": "\(count)"])
    }
}
