import Synchronization

/// Holds each notified channel at most once until its reader takes it.
final class NotificationMailbox: Sendable {
    private struct State {
        var pending: [String] = []
        var reader: CheckedContinuation<String?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    func post(_ channel: String) {
        let reader = state.withLock { state -> CheckedContinuation<String?, Never>? in
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            if !state.isClosed, !state.pending.contains(channel) { state.pending.append(channel) }
            return nil
        }
        reader?.resume(returning: channel)
    }

    /// Takes the oldest channel, or waits for one; nil once closed or cancelled.
    func next() async -> String? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state -> String?? in
                    if !state.pending.isEmpty { return .some(state.pending.removeFirst()) }
                    if state.isClosed || Task.isCancelled { return .some(nil) }
                    precondition(state.reader == nil, "a stream of notifications has one reader")
                    state.reader = continuation
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            close()
        }
    }

    func close() {
        let reader = state.withLock { state -> CheckedContinuation<String?, Never>? in
            state.isClosed = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }
}
