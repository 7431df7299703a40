import Cryptography
import Kafka
import Logging
import Model
import NotificationCore
import Postgres

/// Gives access events their numbers in the subscribers' topics and writes them there in order.
///
/// One process at a time does it, under an advisory lock. A record is stored with its number before it
/// is sent, and everything is sent from the table, so a process that dies is followed by one that sends
/// the same bytes again, and subscribers pass over numbers that they have.
struct SubscriberPublisher: Sendable {
    /// How many events get their numbers in one transaction; each is sealed once a subscriber.
    private static let composeCountMax = 32
    /// How many records are sent together.
    private static let sendCountMax = 128
    /// How many bytes are sent together; the embedded broker loses records above 2.4 MB in flight to a
    /// partition.
    private static let sendBytesMax = 1 << 20
    /// How often a process that stands by tries to take the lock over.
    private static let standbyInterval: Duration = .seconds(1)
    /// The longest pause after failures in a row.
    private static let pauseMaxMilliseconds = 2_000

    let subscribers: [Subscriber]
    let composer: NumberedRecordComposer
    let notices: NoticeTable
    let postgres: PostgresConfiguration
    let kafka: KafkaConfiguration
    let channel: String
    let logger: Logger
    let figures: PublisherFigures

    /// Works until it is cancelled.
    func run() async throws {
        let listener = PostgresListener(configuration: postgres, channels: [channel])
        var failureCount = 0
        while !Task.isCancelled {
            do {
                try await leadOnce(listener) {
                    failureCount = 0
                    figures.problem = nil
                }
            } catch {
                if Task.isCancelled { break }
                failureCount += 1
                report(error)
            }
            figures.isLeader = false
            let pause = min(50 << min(failureCount, 10), Self.pauseMaxMilliseconds)
            try? await Task.sleep(for: failureCount == 0 ? Self.standbyInterval : .milliseconds(pause))
        }
        await listener.close()
    }

    /// Leads while the lock is held; returns when another process leads.
    private func leadOnce(_ listener: PostgresListener, _ succeeded: () -> Void) async throws {
        let lock = try await PostgresAdvisoryLock.tryAcquire(configuration: postgres, key: lockKey)
        guard let lock else { return }
        do {
            try await lead(lock, listener, succeeded)
        } catch {
            await lock.release()
            throw error
        }
        await lock.release()
    }

    private func lead(
        _ lock: PostgresAdvisoryLock, _ listener: PostgresListener, _ succeeded: () -> Void
    ) async throws {
        figures.isLeader = true
        try await compareTopics(lock)
        let producer = try KafkaProducer(kafka)
        do {
            // The first turn comes at once: a listener reports its channels when it is asked.
            for await _ in await listener.notifications() {
                try await turn(lock, producer)
                succeeded()
            }
        } catch {
            await producer.shutdown()
            throw error
        }
        await producer.shutdown()
        try Task.checkCancellation()
    }

    /// Numbers and sends all that waits.
    private func turn(_ lock: PostgresAdvisoryLock, _ producer: KafkaProducer) async throws {
        var mayHaveMore = true
        while mayHaveMore {
            let count = try await compose(lock)
            mayHaveMore = count == Self.composeCountMax
            var failure: (any Error)?
            for subscriber in subscribers {
                do {
                    try await send(subscriber, lock, producer)
                } catch let fault as KafkaFault {
                    // The topic of one subscriber does not keep the others waiting.
                    failure = fault
                }
            }
            if let failure { throw failure }
        }
    }

    /// Gives waiting events their numbers; returns how many.
    private func compose(_ lock: PostgresAdvisoryLock) async throws -> Int {
        try await lock.transaction { session in
            let events = try SubscriberQueue.first(Self.composeCountMax, notices: notices, in: session)
            guard !events.isEmpty else { return 0 }
            for subscriber in subscribers {
                var chain = try SubscriberRecordTable.chain(of: subscriber.name, in: session)
                let records = try events.map { try composer.record(of: $0, for: subscriber, chain: &chain) }
                try SubscriberRecordTable.insert(records, in: session)
            }
            try SubscriberQueue.remove(events, in: session)
            return events.count
        }
    }

    /// Sends a subscriber's records until the broker has confirmed all of them.
    private func send(
        _ subscriber: Subscriber, _ lock: PostgresAdvisoryLock, _ producer: KafkaProducer
    ) async throws {
        while true {
            let records = try await lock.transaction { session in
                try SubscriberRecordTable.undelivered(
                    of: subscriber.name, countMax: Self.sendCountMax, bytesMax: Self.sendBytesMax, in: session
                )
            }
            guard let first = records.first, let last = records.last else { return }
            let lostCount = producer.undeliveredCount
            for record in records.dropLast() {
                try producer.enqueue(
                    topic: subscriber.topic, partition: 0, key: record.key, value: record.value,
                    headers: record.headers)
            }
            // An idempotent producer keeps the order: reports on the records before come before the last
            // one's.
            let delivery = try await producer.send(
                topic: subscriber.topic, partition: 0, key: last.key, value: last.value, headers: last.headers
            )
            guard producer.undeliveredCount == lostCount else {
                throw KafkaFault(
                    reason: .brokerUnavailable, message: "records were not confirmed", topic: subscriber.topic
                )
            }
            try await lock.transaction { session in
                try SubscriberRecordTable.markDelivered(
                    first.number...last.number, of: subscriber.name, offset: delivery.offset, in: session)
            }
            figures.countDelivered(records.count)
        }
    }

    /// Finds the records that topics have lost since they were confirmed, and has them sent again.
    private func compareTopics(_ lock: PostgresAdvisoryLock) async throws {
        let reader = try KafkaConsumer(kafka)
        do {
            for subscriber in subscribers {
                try await compare(subscriber, reader, lock)
            }
        } catch {
            await reader.shutdown()
            throw error
        }
        await reader.shutdown()
    }

    private func compare(
        _ subscriber: Subscriber, _ reader: KafkaConsumer, _ lock: PostgresAdvisoryLock
    ) async throws {
        // Without the topic nothing can be compared, and sending to it will say so; the others go on.
        guard let high = try await highWatermark(of: subscriber.topic, reader) else { return }
        let lostCount = try await lock.transaction { session in
            try SubscriberRecordTable.markLost(of: subscriber.name, highWatermark: high, in: session)
        }
        guard lostCount > 0 else { return }
        logger.error(
            "a subscriber's topic lost records and gets them again",
            metadata: ["topic": "\(subscriber.topic)", "records": "\(lostCount)"])
    }

    /// Asks for the offset that the topic's next record will get; nil when there is no such topic.
    private func highWatermark(of topic: String, _ reader: KafkaConsumer) async throws -> Int64? {
        do {
            return try await reader.watermarks(topic: topic, partition: 0).high
        } catch {
            if error.reason == .unknownTopic { return nil }
            throw error
        }
    }

    private func report(_ error: any Error) {
        let cause: String
        switch error {
        case let fault as KafkaFault: cause = "\(fault)"
        case let fault as PostgresFault: cause = "\(fault)"
        default: cause = String(reflecting: type(of: error))
        }
        figures.problem = cause
        logger.warning("subscribers' topics are not written, trying again", metadata: ["cause": "\(cause)"])
    }

    /// The lock's name among all locks of the database, which several services may share.
    private var lockKey: Int64 {
        let name = "consentry/notification/subscriber-publisher/v1\n\(postgres.schema)"
        return SHA256.hash([UInt8](name.utf8)).bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}
