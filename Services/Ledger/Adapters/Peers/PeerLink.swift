import LedgerCore
import ServiceRuntime
import Synchronization

/// The way to one other validator: what waits for it, and the task that sends it.
final class PeerLink: Sendable {
    private static let firstPauseMilliseconds = 100
    private static let longestPauseMilliseconds = 5_000

    let url: String
    private let client: PeerClient
    private let metrics: LedgerMetrics
    private let queue = Mutex(PeerQueue())
    // Holds at most one signal: that something waits is all that it says.
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(url: String, client: PeerClient, metrics: LedgerMetrics) {
        self.url = url
        self.client = client
        self.metrics = metrics
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts a message where the task finds it; never waits.
    func add(_ message: [UInt8]) {
        let droppedCount = queue.withLock { $0.add(message) }
        if droppedCount > 0 { metrics.unsentPeerMessages.increment(by: Double(droppedCount)) }
        signal.yield()
    }

    /// Ends the task once it has sent what it is sending.
    func close() { signal.finish() }

    /// Sends what waits until the link is closed or the task cancelled.
    ///
    /// A validator that does not answer is tried less and less often, and the queue keeps what is newest
    /// meanwhile.
    func run() async {
        var pause = Self.firstPauseMilliseconds
        for await _ in signals {
            while case let batch = queue.withLock({ $0.take() }), !batch.isEmpty, !Task.isCancelled {
                do throws(PeerFault) {
                    try await client.post(batch, to: url)
                    metrics.sentPeerMessages.increment(by: Double(batch.count))
                    pause = Self.firstPauseMilliseconds
                } catch {
                    metrics.unsentPeerMessages.increment(by: Double(batch.count))
                    try? await Task.sleep(for: .milliseconds(pause))
                    pause = min(pause * 2, Self.longestPauseMilliseconds)
                }
            }
        }
    }
}
