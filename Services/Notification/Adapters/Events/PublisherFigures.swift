import Synchronization

/// What the publisher of this process counts and complains about.
final class PublisherFigures: Sendable {
    private struct State {
        var isLeader = false
        var deliveredCount = 0
        var problem: String?
    }

    private let state = Mutex(State())

    /// Whether this process writes the subscribers' topics.
    var isLeader: Bool {
        get { state.withLock { $0.isLeader } }
        set { state.withLock { $0.isLeader = newValue } }
    }

    /// Records that the broker confirmed since the process started.
    var deliveredCount: Int { state.withLock { $0.deliveredCount } }

    /// What keeps the topics from being written; nil when nothing does.
    var problem: String? {
        get { state.withLock { $0.problem } }
        set { state.withLock { $0.problem = newValue } }
    }

    /// Counts records, whose delivery also shows that nothing is in the way.
    func countDelivered(_ count: Int) {
        state.withLock { state in
            state.deliveredCount += count
            state.problem = nil
        }
    }
}
