import CLibrdkafka
import Synchronization

/// The records that librdkafka has taken and not yet reported on, with the tasks that wait for them.
final class PendingDeliveries: Sendable {
    typealias Outcome = Result<KafkaDelivery, KafkaFault>
    typealias Continuation = CheckedContinuation<Outcome, Never>

    private struct Pending {
        let bytes: Int
        var continuation: Continuation?
    }

    private struct State {
        var pending: [UInt: Pending] = [:]
        var bytes = 0
        var numberCount: UInt = 0
        var isClosed = false
        var undeliveredCount = 0
        var lastClientError: String?
    }

    private let state = Mutex(State())

    /// The records in flight at this moment.
    var count: Int { state.withLock { $0.pending.count } }

    /// The records that nobody waited for and that were not delivered.
    var undeliveredCount: Int { state.withLock { $0.undeliveredCount } }

    /// Gives each record a number by which its waiting task can be found.
    func nextNumber() -> UInt {
        state.withLock { state in
            state.numberCount += 1
            return state.numberCount
        }
    }

    /// Notes the record and hands it to librdkafka in one step, so that no report comes before the note
    /// and nothing is handed over after `close`.
    /// - Returns: a fault when the record was not taken; its continuation was not kept then.
    func add(
        _ number: UInt, bytes: Int, continuation: Continuation?, produce: () -> KafkaFault?
    ) -> KafkaFault? {
        state.withLock { state in
            if state.isClosed { return .closed }
            if continuation != nil, Task.isCancelled { return .cancelled }
            guard state.pending.count < KafkaProducer.recordsInFlightMax,
                state.bytes + bytes <= KafkaProducer.bytesInFlightMax
            else {
                return KafkaFault(reason: .queueFull, message: "too many records in flight: try again later")
            }
            if let fault = produce() { return fault }
            state.pending[number] = Pending(bytes: bytes, continuation: continuation)
            state.bytes += bytes
            return nil
        }
    }

    /// Stops waiting for a record, which stays in flight.
    func abandon(_ number: UInt) {
        let continuation = state.withLock { state in
            defer { state.pending[number]?.continuation = nil }
            return state.pending[number]?.continuation
        }
        continuation?.resume(returning: .failure(.cancelled))
    }

    /// Takes every report out of the queue and wakes the tasks that wait for them.
    func drain(_ client: KafkaClient) {
        while let event = rd_kafka_queue_poll(client.events, 0) {
            defer { rd_kafka_event_destroy(event) }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_DR:
                while let message = rd_kafka_event_message_next(event) { settle(message.pointee) }
            case RD_KAFKA_EVENT_ERROR:
                let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
                state.withLock { $0.lastClientError = text }
            default:
                break
            }
        }
    }

    /// Refuses what comes from now on; true for the first who asks.
    func close() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }

    /// Wakes whoever still waits once the client has gone.
    func failAll() {
        let rest = state.withLock { state in
            defer { (state.pending, state.bytes) = ([:], 0) }
            return Array(state.pending.values)
        }
        for pending in rest { pending.continuation?.resume(returning: .failure(.closed)) }
    }

    private func settle(_ message: rd_kafka_message_t) {
        let number = UInt(bitPattern: message._private)
        let (pending, lastClientError) = state.withLock { state in
            let pending = state.pending.removeValue(forKey: number)
            state.bytes -= pending?.bytes ?? 0
            if message.err != RD_KAFKA_RESP_ERR_NO_ERROR, pending?.continuation == nil {
                state.undeliveredCount += 1
            }
            return (pending, state.lastClientError)
        }
        guard let continuation = pending?.continuation else { return }
        guard message.err != RD_KAFKA_RESP_ERR_NO_ERROR else {
            let delivery = KafkaDelivery(partition: message.partition, offset: message.offset)
            continuation.resume(returning: .success(delivery))
            return
        }
        var text = String(cString: rd_kafka_err2str(message.err))
        // The reason why no broker took the record was reported earlier and for the client as a whole.
        if message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, let lastClientError {
            text += "; \(lastClientError)"
        }
        let topic = message.rkt.map { String(cString: rd_kafka_topic_name($0)) }
        continuation.resume(
            returning: .failure(
                KafkaFault(message.err, text: text, topic: topic, partition: message.partition)))
    }
}
