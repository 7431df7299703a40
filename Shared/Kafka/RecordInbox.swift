import CLibrdkafka
import Synchronization

/// Hands fetched records to the one task that asks for them; what nobody asks for stays in librdkafka.
final class RecordInbox: Sendable {
    typealias Outcome = Result<[KafkaRecord], KafkaFault>

    private struct Waiter {
        let continuation: CheckedContinuation<Outcome, Never>
        let recordCountMax: Int
    }

    private struct State {
        var waiter: Waiter?
        /// Met behind records that went out first.
        var fault: KafkaFault?
        var isClosed = false
        /// Names by topic handle, to make each string once.
        var topicNames: [OpaquePointer: String] = [:]
    }

    // Bounds what one batch holds besides the number of its records.
    private static let batchBytesMax = 4 << 20

    private let client: KafkaClient
    private let state = Mutex(State())

    init(_ client: KafkaClient) {
        self.client = client
    }

    /// Takes the records that are there, or waits for the first.
    func records(max recordCountMax: Int) async throws(KafkaFault) -> [KafkaRecord] {
        precondition(recordCountMax > 0, "a poll asks for at least one record")
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(continuation: continuation, recordCountMax: recordCountMax)
                if let outcome = enter(waiter) { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            wake(with: .failure(.cancelled))
        }
        return try outcome.get()
    }

    /// Gives the waiting task what has arrived.
    func drain() {
        let woken = state.withLock { state -> (Waiter, Outcome)? in
            guard !state.isClosed, let waiter = state.waiter,
                let outcome = take(&state, max: waiter.recordCountMax)
            else { return nil }
            state.waiter = nil
            return (waiter, outcome)
        }
        if let (waiter, outcome) = woken { waiter.continuation.resume(returning: outcome) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        wake(with: .failure(.closed))
    }

    /// Changes what is read, never while a client is being destroyed, and forgets a fault of what was
    /// read.
    func restart<R: Sendable>(_ change: () throws(KafkaFault) -> R) throws(KafkaFault) -> R {
        try state.withLock { state throws(KafkaFault) -> R in
            if state.isClosed { throw .closed }
            state.fault = nil
            return try change()
        }
    }

    /// Reports a fault to the waiting poll, or to the next one.
    func fail(with fault: KafkaFault) {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.waiter == nil { state.fault = fault }
            return state.waiter
        }
        waiter?.continuation.resume(returning: .failure(fault))
    }

    private func enter(_ waiter: Waiter) -> Outcome? {
        state.withLock { state in
            if state.isClosed { return .failure(.closed) }
            if Task.isCancelled { return .failure(.cancelled) }
            guard state.waiter == nil else {
                return .failure(KafkaFault(reason: .other, message: "another task polls this consumer"))
            }
            // Looking comes before waiting and under the same lock as `drain`: no signal falls between.
            if let outcome = take(&state, max: waiter.recordCountMax) { return outcome }
            state.waiter = waiter
            return nil
        }
    }

    private func wake(with outcome: Outcome) {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume(returning: outcome)
    }

    private func take(_ state: inout State, max recordCountMax: Int) -> Outcome? {
        if let fault = state.fault {
            state.fault = nil
            return .failure(fault)
        }
        var records: [KafkaRecord] = []
        var bytes = 0
        while records.count < recordCountMax, bytes < Self.batchBytesMax,
            let event = rd_kafka_queue_poll(client.events, 0)
        {
            defer { rd_kafka_event_destroy(event) }
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH {
                while let message = rd_kafka_event_message_next(event) {
                    bytes += message.pointee.len + message.pointee.key_len
                    records.append(KafkaRecord(message, names: &state.topicNames))
                }
            } else if let fault = KafkaFault(event: event) {
                if records.isEmpty { return .failure(fault) }
                state.fault = fault
                break
            }
        }
        return records.isEmpty ? nil : .success(records)
    }
}

extension KafkaFault {
    /// Reads an error event; nil for passing troubles that librdkafka heals by itself.
    fileprivate init?(event: OpaquePointer) {
        guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR else { return nil }
        let error = rd_kafka_event_error(event)
        let isFatal = rd_kafka_event_error_is_fatal(event) == 1
        let place = rd_kafka_event_topic_partition(event)
        defer { if let place { rd_kafka_topic_partition_destroy(place) } }
        let topic = place?.pointee.topic.map { String(cString: $0) }
        // One broker's connection comes and goes; all being down is news.
        let passing = [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__TIMED_OUT,
        ]
        if !isFatal, topic == nil, passing.contains(error) { return nil }
        let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
        self.init(error, text: text, isFatal: isFatal, topic: topic, partition: place?.pointee.partition)
    }
}

extension KafkaRecord {
    fileprivate init(_ message: UnsafePointer<rd_kafka_message_t>, names: inout [OpaquePointer: String]) {
        let fields = message.pointee
        var topic = ""
        if let handle = fields.rkt {
            topic = names[handle] ?? String(cString: rd_kafka_topic_name(handle))
            names[handle] = topic
        }
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        self.init(
            topic: topic, partition: fields.partition, offset: fields.offset,
            timestampMilliseconds: rd_kafka_message_timestamp(message, &kind),
            key: bytes(fields.key, fields.key_len), value: bytes(fields.payload, fields.len),
            headers: Self.headers(of: message))
    }

    private static func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
            return []
        }
        var headers: [KafkaHeader] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &count)
            == RD_KAFKA_RESP_ERR_NO_ERROR, let name
        {
            headers.append(KafkaHeader(name: String(cString: name), value: bytes(value, count) ?? []))
        }
        return headers
    }
}

private func bytes(_ address: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
    address.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
}
