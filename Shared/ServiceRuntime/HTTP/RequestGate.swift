import Synchronization

/// Counts the requests that run and refuses those above the limit.
final class RequestGate: Sendable {
    private let limit: Int
    private let runningCount = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Takes a place, which the caller gives back by ``leave()``; false when all are taken.
    func enter() -> Bool {
        runningCount.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { runningCount.withLock { $0 -= 1 } }

    var count: Int { runningCount.withLock { $0 } }
}
