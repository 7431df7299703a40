import Cryptography
import Kafka
import LedgerProtocol
import Logging
import Model
import Postgres

/// What a session does when a partition cannot simply be read on.
extension ConsumerSession {
    /// How often an offset that only heartbeats moved is stored.
    private static let flushMilliseconds: Int64 = 10_000
    /// How many searches in vain make a missing record a problem of readiness.
    private static let vainSearchesMax = 5

    /// Looks for a record from the beginning, unless another replica has applied it already.
    mutating func search(_ target: SearchTarget, _ partition: Int32) async throws {
        try await reload(partition)
        guard let stored = readers[partition]?.stored, target.isMissing(in: stored) else { return }
        let (low, high) = try await watermarks(of: partition)
        guard high > low else { return giveUp(target, partition) }
        readers[partition]?.search(for: target, from: low, upTo: high)
        try seek(partition)
    }

    /// Ends a search in vain: the record is looked for again later, and nothing is passed over for good.
    mutating func giveUp(_ target: SearchTarget, _ partition: Int32) {
        let name = owner.context.network.current.service(keyID: target.producer)?.name ?? target.producer.hex
        let fault = MessagingFault(
            .recordMissing,
            "record `\(target.number)` of `\(name)` is not in `\(topic.rawValue)` partition \(partition); "
                + "its producer must publish it again")
        if (readers[partition]?.noteVain(target) ?? 0) >= Self.vainSearchesMax {
            board.report(fault.description, in: part(partition))
        }
        readers[partition]?.pause(at: Monotonic.milliseconds, then: .search(target))
    }

    /// Stops a partition at a restrictive record, with its name, and looks again from time to time.
    mutating func stop(_ partition: Int32, _ fault: MessagingFault) {
        board.report(fault.description, in: part(partition))
        owner.context.logger.error(
            "a consumer has stopped at a restrictive event",
            metadata: [
                "topic": "\(topic.rawValue)", "partition": "\(partition)", "fault": "\(fault.code.rawValue)",
            ])
        readers[partition]?.pause(at: Monotonic.milliseconds, then: .follow)
    }

    mutating func pause(_ partition: Int32, _ reason: String, isProblem: Bool) {
        if isProblem { board.report(reason, in: part(partition)) }
        readers[partition]?.pause(at: Monotonic.milliseconds, then: .follow)
    }

    mutating func resumeDue() async throws {
        let now = Monotonic.milliseconds
        for reader in readers.values {
            guard let pausedUntil = reader.pausedUntil, pausedUntil <= now else { continue }
            switch reader.resumption {
            case .follow: try await reload(reader.partition)
            case .search(let target): try await search(target, reader.partition)
            }
        }
    }

    /// Takes the position from the database and reads on there.
    mutating func reload(_ partition: Int32) async throws {
        let topic = topic
        let position = try await owner.context.pool.transaction { session in
            try ConsumerTable.position(topic: topic, partition: partition, in: session)
        }
        readers[partition]?.follow(position)
        try seek(partition)
    }

    /// Reads a partition from the oldest record that the broker has.
    mutating func restart(_ partition: Int32) async throws {
        board.count { $0.gapCount += 1 }
        let low = try await watermarks(of: partition).low
        readers[partition]?.readOffset = low
        try seek(partition)
    }

    private func watermarks(of partition: Int32) async throws -> (low: Int64, high: Int64) {
        try await consumer.watermarks(
            topic: topic.rawValue, partition: partition, timeoutMilliseconds: KafkaPatience.milliseconds)
    }

    private func seek(_ partition: Int32) throws {
        guard let offset = readers[partition]?.readOffset else { return }
        try consumer.seek(topic: topic.rawValue, partition: partition, to: .offset(offset))
    }

    /// Stores offsets that only heartbeats moved, so that a restart does not read hours of them.
    mutating func flush() async throws {
        guard Monotonic.milliseconds - lastFlush >= Self.flushMilliseconds else { return }
        lastFlush = Monotonic.milliseconds
        let topic = topic
        for reader in readers.values
        where reader.search == nil && !reader.isPaused && reader.readOffset > reader.stored.nextOffset {
            let (partition, stored, next) = (reader.partition, reader.stored.nextOffset, reader.readOffset)
            do {
                try await owner.context.pool.transaction { session in
                    try ConsumerTable.moveOffset(
                        topic: topic, partition: partition, from: stored, to: next, in: session)
                }
                readers[partition]?.stored.nextOffset = next
            } catch is PositionMoved {
                try await reload(partition)
            }
        }
    }

    func reportOffsets() {
        board.noteOffsets(topic: topic, readers.mapValues(\.readOffset))
    }

    func part(_ partition: Int32) -> String { "\(topic.rawValue) partition \(partition)" }
}
