/// Wakes one loop; signals that come while it works are one.
///
/// Dropping signals is what it is for: the loop looks for all its work each time that it wakes.
struct WakeSignal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the loop now, or as soon as it waits.
    func signal() { continuation.yield() }

    /// The wake-ups, for one loop only; the sequence ends when the loop's task is cancelled.
    var wakeUps: AsyncStream<Void> { stream }

    /// Signals at an interval until the task is cancelled, so that a lost notification costs no more
    /// than that.
    func tick(everyMilliseconds milliseconds: Int) async {
        while !Task.isCancelled {
            signal()
            try? await Task.sleep(for: .milliseconds(milliseconds))
        }
    }
}
