import Synchronization

/// Counts the requests that run and the bytes of bodies, and refuses what exceeds the limits.
final class RequestGate: Sendable {
    private struct Load {
        var count = 0
        var bodyBytes = 0
    }

    private let limit: Int
    private let bodyBytesMax: Int
    private let load = Mutex(Load())

    init(limit: Int, bodyBytesMax: Int) {
        self.limit = limit
        self.bodyBytesMax = bodyBytesMax
    }

    /// Takes room for a body, which the caller gives back by ``giveBackRoom(_:)``; false when none is left.
    func takeRoom(_ byteCount: Int) -> Bool {
        load.withLock { load in
            // A body larger than all the room there is may come alone, so that no route is shut for good.
            guard load.bodyBytes + byteCount <= bodyBytesMax || load.bodyBytes == 0 else { return false }
            load.bodyBytes += byteCount
            return true
        }
    }

    func giveBackRoom(_ byteCount: Int) { load.withLock { $0.bodyBytes -= byteCount } }

    /// Takes a place, which the caller gives back by ``leave()``; false when all are taken.
    func enter() -> Bool {
        load.withLock { load in
            guard load.count < limit else { return false }
            load.count += 1
            return true
        }
    }

    func leave() { load.withLock { $0.count -= 1 } }

    var count: Int { load.withLock { $0.count } }
}
