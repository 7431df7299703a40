import CLibrdkafka
import Synchronization

/// One partition and where reading it starts.
package struct TopicPartitionStart: Sendable, Equatable {
    /// The topic's name.
    package let topic: String
    /// The partition, from zero on.
    package let partition: Int32
    /// Where reading begins.
    package let start: KafkaConsumer.StartOffset

    /// Creates a start.
    package init(topic: String, partition: Int32, start: KafkaConsumer.StartOffset) {
        self.topic = topic
        self.partition = partition
        self.start = start
    }
}

/// Reads assigned partitions in order; no consumer group, no stored offsets, memory bounded by pulling.
///
/// One task at a time may poll. Call `shutdown()` when done: until then librdkafka's threads run on.
package final class KafkaConsumer: Sendable {
    /// Where reading a partition starts.
    package enum StartOffset: Sendable, Equatable {
        /// The oldest record that the broker still has.
        case beginning
        /// After the newest record, as the broker says soon after `assign`; use `watermarks` to be exact.
        case end
        /// This very offset; when it is not there, `poll` throws `.offsetOutOfRange` and jumps nowhere.
        case offset(Int64)
    }

    private struct Place: Hashable {
        let topic: String
        let partition: Int32
    }

    private struct Assignment {
        /// The latest wish for each partition; an older wish that comes to its turn later is dropped.
        var wishes: [Place: UInt64] = [:]
        var running: Set<Place> = []
        var wishCount: UInt64 = 0
        var isEnding = false
    }

    private let client: KafkaClient
    private let inbox: RecordInbox
    private let signal: QueueSignal
    private let assignment = Mutex(Assignment())

    /// Creates a consumer without partitions; it connects by itself and again whenever it has to.
    /// - Throws: `KafkaFault` when a property is unknown or badly set.
    package init(_ configuration: KafkaConfiguration) throws(KafkaFault) {
        client = try KafkaClient(
            RD_KAFKA_CONSUMER, properties: configuration.consumerProperties, eventMask: RD_KAFKA_EVENT_ERROR)
        inbox = RecordInbox(client)
        signal = QueueSignal(client.events, label: "kafka.\(configuration.clientID).records") { [inbox] in
            inbox.drain()
        }
    }

    /// Reads exactly these partitions from now on, each from its start; what was fetched before is
    /// dropped.
    ///
    /// - Throws: `KafkaFault` when the consumer was shut down. An unknown topic is a fault of the next
    ///   `poll`.
    package func assign(_ starts: [TopicPartitionStart]) throws(KafkaFault) {
        try begin(starts, stopping: nil)
    }

    /// Goes on reading one partition from another place; the others are left alone.
    /// - Throws: `KafkaFault` when the consumer was shut down.
    package func seek(topic: String, partition: Int32, to start: StartOffset) throws(KafkaFault) {
        let place = Place(topic: topic, partition: partition)
        try begin([TopicPartitionStart(topic: topic, partition: partition, start: start)], stopping: [place])
    }

    /// Asks the cluster for a topic's number of partitions.
    /// - Throws: `KafkaFault`, `.unknownTopic` when there is no such topic.
    package func partitions(
        of topic: String, timeoutMilliseconds: Int32 = 5_000
    ) async throws(KafkaFault) -> Int32 {
        try await client.partitionCount(of: topic, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Asks the broker for the oldest offset and for the one that the next record will get.
    /// - Throws: `KafkaFault`.
    package func watermarks(
        topic: String, partition: Int32, timeoutMilliseconds: Int32 = 5_000
    ) async throws(KafkaFault) -> (low: Int64, high: Int64) {
        let marks = try await client.waiting { client in
            client.watermarks(topic, partition, timeoutMilliseconds: timeoutMilliseconds)
        }
        return (low: marks[0], high: marks[1])
    }

    /// Waits until at least one record is there and returns up to `max`, in order within each partition.
    ///
    /// Nothing is fetched far ahead of the polls, so a slow caller costs bounded memory.
    /// - Throws: `KafkaFault`: `.cancelled` when the task is cancelled; `.offsetOutOfRange`, after
    ///   which the partition stands still until `seek` or `assign`; `.brokerUnavailable` while no
    ///   broker can be reached, after which polling again goes on by itself.
    package func poll(max: Int) async throws(KafkaFault) -> [KafkaRecord] {
        try await inbox.records(max: max)
    }

    /// Wakes a waiting poll, stops reading and ends the client.
    package func shutdown() async {
        inbox.close()
        let isFirst = assignment.withLock { assignment in
            defer { assignment.isEnding = true }
            return !assignment.isEnding
        }
        guard isFirst else { return }
        await signal.stop()
        await client.destroy { [self] _ in
            assignment.withLock { assignment in
                for place in assignment.running { stop(place) }
            }
        }
    }

    /// Stops the given partitions, all without a list, and begins the new ones in the background.
    ///
    /// Nothing fetched earlier is seen after the return, for stopping is done at once.
    private func begin(_ starts: [TopicPartitionStart], stopping: [Place]?) throws(KafkaFault) {
        let places = starts.map { Place(topic: $0.topic, partition: $0.partition) }
        let wish = try inbox.restart { () throws(KafkaFault) -> UInt64 in
            assignment.withLock { assignment in
                for place in stopping ?? Array(assignment.running) {
                    if assignment.running.remove(place) != nil { stop(place) }
                }
                if stopping == nil { assignment.wishes = [:] }
                assignment.wishCount += 1
                for place in places { assignment.wishes[place] = assignment.wishCount }
                return assignment.wishCount
            }
        }
        client.later { [self] _ in
            // One time-out is enough to see that no broker answers.
            var asks = true
            for start in starts { begin(start, wish, asks: &asks) }
        }
    }

    private func begin(_ start: TopicPartitionStart, _ wish: UInt64, asks: inout Bool) {
        let place = Place(topic: start.topic, partition: start.partition)
        do throws(KafkaFault) {
            try client.learn(start.topic)
            let offset = client.offset(of: start, asks: &asks)
            try assignment.withLock { assignment throws(KafkaFault) in
                guard assignment.wishes[place] == wish, !assignment.isEnding else { return }
                guard let topic = client.open(start.topic),
                    rd_kafka_consume_start_queue(topic, start.partition, offset, client.events) == 0
                else {
                    throw KafkaFault(rd_kafka_last_error(), topic: start.topic, partition: start.partition)
                }
                assignment.running.insert(place)
            }
        } catch {
            let isWanted = assignment.withLock { $0.wishes[place] == wish }
            if isWanted { inbox.fail(with: error) }
        }
    }

    /// Stops one partition; waits for librdkafka's own thread, never for the network.
    private func stop(_ place: Place) {
        guard let topic = client.open(place.topic) else { return }
        rd_kafka_consume_stop(topic, place.partition)
    }
}

extension KafkaClient {
    // librdkafka asks for the ends by itself when nobody answers in this time.
    private static let resolveMaxMilliseconds: Int32 = 1_000

    /// The oldest and the next offset of a partition.
    fileprivate func watermarks(
        _ topic: String, _ partition: Int32, timeoutMilliseconds: Int32
    ) -> Result<[Int64], KafkaFault> {
        var (low, high) = (Int64(0), Int64(0))
        let error = rd_kafka_query_watermark_offsets(
            handle, topic, partition, &low, &high, timeoutMilliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(KafkaFault(error, topic: topic, partition: partition))
        }
        return .success([low, high])
    }

    /// Resolves the ends of a partition to offsets, which librdkafka 2.0 does half a second late when
    /// it has just met the topic.
    fileprivate func offset(of start: TopicPartitionStart, asks: inout Bool) -> Int64 {
        if case .offset(let offset) = start.start { return offset }
        let isBeginning = start.start == .beginning
        if asks {
            let marks = watermarks(
                start.topic, start.partition, timeoutMilliseconds: Self.resolveMaxMilliseconds)
            if case .success(let marks) = marks { return isBeginning ? marks[0] : marks[1] }
            asks = false
        }
        return Int64(isBeginning ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END)
    }
}
