import CLibrdkafka

/// Says what went wrong between this process and Kafka.
package struct KafkaFault: Error, Sendable {
    /// The kinds of failure that callers tell apart.
    package enum Reason: Sendable, Equatable {
        /// The wanted offset is not in the partition: the topic was truncated or replaced, or the
        /// offset is wrong.
        case offsetOutOfRange
        case unknownTopic
        /// No broker answered in time; a record may or may not have been stored.
        case brokerUnavailable
        /// The limit on records in flight was reached: answer 503 or wait.
        case queueFull
        case messageTooLarge
        /// The task was cancelled; a record that was being sent may still be stored.
        case cancelled
        /// The client was shut down.
        case closed
        /// The client can do nothing more: shut it down and make a new one.
        case fatal
        case other
    }

    /// The kind of failure.
    package let reason: Reason
    /// librdkafka's error number, zero when the fault arose in this module.
    package let code: Int32
    /// One sentence without keys or values.
    package let message: String
    /// The topic it is about, where there is one.
    package let topic: String?
    /// The partition it is about, where there is one.
    package let partition: Int32?

    /// Creates a fault; tests of callers use it too.
    package init(
        reason: Reason, code: Int32 = 0, message: String, topic: String? = nil, partition: Int32? = nil
    ) {
        self.reason = reason
        self.code = code
        self.message = message
        self.topic = topic
        self.partition = partition
    }

    /// Whether the same call may succeed later with no change.
    package var isRetriable: Bool {
        switch reason {
        case .brokerUnavailable, .queueFull: true
        case .offsetOutOfRange, .unknownTopic, .messageTooLarge, .cancelled, .closed, .fatal: false
        case .other: Self.retriable.contains(code)
        }
    }

    static let cancelled = KafkaFault(reason: .cancelled, message: "the task was cancelled")
    static let closed = KafkaFault(reason: .closed, message: "the Kafka client was shut down")

    private static let retriable: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
            RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__CONFLICT, RD_KAFKA_RESP_ERR__STATE,
        ].map { $0.rawValue })
}

extension KafkaFault: CustomStringConvertible {
    /// The message with the place it speaks of.
    package var description: String {
        guard let topic else { return message }
        return partition.map { "`\(topic)` partition \($0): \(message)" } ?? "`\(topic)`: \(message)"
    }
}

extension KafkaFault {
    /// Sorts librdkafka's error into this module's kinds.
    init(
        _ error: rd_kafka_resp_err_t, text: String? = nil, isFatal: Bool = false, topic: String? = nil,
        partition: Int32? = nil
    ) {
        self.init(
            reason: isFatal ? .fatal : Self.reason(of: error), code: error.rawValue,
            message: text ?? String(cString: rd_kafka_err2str(error)), topic: topic, partition: partition)
    }

    private static func reason(of error: rd_kafka_resp_err_t) -> Reason {
        switch error {
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: .offsetOutOfRange
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            .unknownTopic
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
            .brokerUnavailable
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: .queueFull
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: .messageTooLarge
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__DESTROY:
            .closed
        case RD_KAFKA_RESP_ERR__FATAL: .fatal
        default: .other
        }
    }
}
