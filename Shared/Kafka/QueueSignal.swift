import CLibrdkafka
import Dispatch

/// Calls a handler on a serial queue after librdkafka has put something into an empty event queue.
///
/// The signal comes when an empty queue becomes non-empty, never again before it was emptied; so
/// whoever leaves something in the queue must look again without a signal.
final class QueueSignal: Sendable {
    // Dispatch sources may be used from any thread; only the mark is missing from their type.
    private nonisolated(unsafe) let source: any DispatchSourceUserDataOr
    private let queue: DispatchQueue
    // librdkafka's queues may be used from any thread.
    private nonisolated(unsafe) let events: OpaquePointer

    /// Starts to watch `events`; the handler is called once at first, for what is there already.
    init(_ events: OpaquePointer, label: String, handler: @escaping @Sendable () -> Void) {
        self.events = events
        queue = DispatchQueue(label: label)
        source = DispatchSource.makeUserDataOrSource(queue: queue)
        source.setEventHandler(handler: handler)
        source.activate()
        // The library holds one reference, taken back in `stop`.
        let context = Unmanaged.passRetained(self).toOpaque()
        rd_kafka_queue_cb_event_enable(
            events,
            { _, context in
                guard let context else { return }
                Unmanaged<QueueSignal>.fromOpaque(context).takeUnretainedValue().source.or(data: 1)
            }, context)
        source.or(data: 1)
    }

    /// Returns when the handler runs no more; to be called once, before the client is destroyed.
    func stop() async {
        // The library calls back under the queue's own lock, which this call takes too: afterwards no
        // callback is under way.
        rd_kafka_queue_cb_event_enable(events, nil, nil)
        source.cancel()
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
        Unmanaged.passUnretained(self).release()
    }
}
