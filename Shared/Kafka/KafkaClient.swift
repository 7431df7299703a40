import CLibrdkafka
import Dispatch
import Glibc
import Synchronization

/// Owns one librdkafka client and the queue of its events.
///
/// Calls that wait run one after another on a dispatch queue of their own; the client is destroyed
/// there too, hence never under a call that waits.
final class KafkaClient: Sendable {
    // librdkafka's handles may be used from any thread; `destroy` is the last to use them.
    nonisolated(unsafe) let handle: OpaquePointer
    nonisolated(unsafe) let events: OpaquePointer
    private struct Topics {
        var handles: [String: OpaquePointer] = [:]
        var learned: Set<String> = []
    }

    // A topic not asked about in time makes its first use late by up to a second, no more.
    private static let learnMaxMilliseconds: Int32 = 1_000

    private let topics = Mutex(Topics())
    private let waitingCalls: DispatchQueue
    private let isDestroyed = Mutex(false)

    /// Creates a client whose events of the kinds in `eventMask` arrive in `events`.
    init(
        _ type: rd_kafka_type_t, properties: [String: String], eventMask: Int32
    ) throws(KafkaFault) {
        let settings = rd_kafka_conf_new()
        do throws(KafkaFault) {
            // Sorted, so that the first bad property named is always the same one.
            for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
                try Self.set(name, value, in: settings)
            }
        } catch {
            rd_kafka_conf_destroy(settings)
            throw error
        }
        rd_kafka_conf_set_events(settings, eventMask)
        // What matters in librdkafka's log arrives as an event; its own log would go to standard error.
        rd_kafka_conf_set_log_cb(settings, nil)
        var text = [CChar](repeating: 0, count: 512)
        guard let handle = rd_kafka_new(type, settings, &text, text.count) else {
            rd_kafka_conf_destroy(settings)
            throw KafkaFault(reason: .other, message: Self.string(text))
        }
        self.handle = handle
        if type == RD_KAFKA_CONSUMER {
            events = rd_kafka_queue_new(handle)
            let main = rd_kafka_queue_get_main(handle)
            rd_kafka_queue_forward(main, events)
            rd_kafka_queue_destroy(main)
        } else {
            events = rd_kafka_queue_get_main(handle)
        }
        waitingCalls = DispatchQueue(label: "kafka.\(properties["client.id"] ?? "client").waiting")
    }

    /// Runs a call that waits for the broker away from Swift's shared threads.
    func waiting<R: Sendable>(
        _ call: @escaping @Sendable (KafkaClient) -> Result<R, KafkaFault>
    ) async throws(KafkaFault) -> R {
        let outcome = await withCheckedContinuation { continuation in
            waitingCalls.async {
                let isDestroyed = self.isDestroyed.withLock { $0 }
                continuation.resume(returning: isDestroyed ? .failure(.closed) : call(self))
            }
        }
        return try outcome.get()
    }

    /// Runs a call on the same queue without waiting for it; dropped when the client has gone.
    func later(_ call: @escaping @Sendable (KafkaClient) -> Void) {
        waitingCalls.async {
            if !self.isDestroyed.withLock({ $0 }) { call(self) }
        }
    }

    /// Makes librdkafka know a topic before it is used; only from a call that may wait.
    ///
    /// librdkafka 2.0 would else start a second late. It is tried once a topic, and a broker that does not
    /// answer is no fault here.
    func learn(_ topic: String) throws(KafkaFault) {
        guard !topics.withLock({ $0.learned.contains(topic) }) else { return }
        switch describe(topic, timeoutMilliseconds: Self.learnMaxMilliseconds) {
        case .failure(let fault) where fault.reason == .unknownTopic: throw fault
        case .success, .failure: _ = topics.withLock { $0.learned.insert(topic) }
        }
    }

    /// Whether `learn` has nothing more to do for a topic.
    func hasLearned(_ topic: String) -> Bool { topics.withLock { $0.learned.contains(topic) } }

    /// Asks the cluster for a topic's number of partitions.
    ///
    /// The topic counts as learned then, so that the next records are handed over at once and in order.
    func partitionCount(of topic: String, timeoutMilliseconds: Int32) async throws(KafkaFault) -> Int32 {
        try await waiting { client in
            let answer = client.describe(topic, timeoutMilliseconds: timeoutMilliseconds)
            if case .success = answer { _ = client.topics.withLock { $0.learned.insert(topic) } }
            return answer
        }
    }

    /// Finds a topic in the list of all, for a question about one topic may create it.
    private func describe(_ topic: String, timeoutMilliseconds: Int32) -> Result<Int32, KafkaFault> {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(handle, 1, nil, &metadata, timeoutMilliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            return .failure(KafkaFault(error, topic: topic))
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        let all = UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
        guard let found = all.first(where: { strcmp($0.topic, topic) == 0 }), found.partition_cnt > 0 else {
            return .failure(KafkaFault(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, topic: topic))
        }
        guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(KafkaFault(found.err, topic: topic))
        }
        // From now on librdkafka knows the topic; opened earlier, it would ask the broker for this one.
        guard open(topic) != nil else { return .failure(KafkaFault(rd_kafka_last_error(), topic: topic)) }
        return .success(found.partition_cnt)
    }

    /// The handle of a topic, kept until the client is destroyed; nil when the name is impossible.
    func open(_ topic: String) -> OpaquePointer? {
        topics.withLock { topics in
            if let known = topics.handles[topic] { return known }
            guard let handle = rd_kafka_topic_new(handle, topic, nil) else { return nil }
            topics.handles[topic] = handle
            return handle
        }
    }

    /// Destroys the client after the waiting calls under way; `cleanUp` first destroys what depends on it.
    func destroy(after cleanUp: @escaping @Sendable (KafkaClient) -> Void) async {
        await withCheckedContinuation { continuation in
            waitingCalls.async {
                let wasDestroyed = self.isDestroyed.withLock { isDestroyed in
                    defer { isDestroyed = true }
                    return isDestroyed
                }
                if !wasDestroyed {
                    cleanUp(self)
                    self.topics.withLock { topics in
                        for topic in topics.handles.values { rd_kafka_topic_destroy(topic) }
                        topics.handles = [:]
                    }
                    rd_kafka_queue_destroy(self.events)
                    rd_kafka_destroy(self.handle)
                }
                continuation.resume()
            }
        }
    }

    private static func set(
        _ name: String, _ value: String, in settings: OpaquePointer?
    ) throws(KafkaFault) {
        var text = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(settings, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
            // librdkafka's own text repeats the value, which may be a password.
            throw KafkaFault(reason: .other, message: "the Kafka property `\(name)` is unknown or badly set")
        }
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
