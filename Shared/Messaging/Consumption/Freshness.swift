import Model
import Synchronization

/// Keeps, for each producer and partition, the newest heartbeat that covers everything applied there.
final class Freshness: Sendable {
    private struct Key: Hashable {
        let topic: Topic
        let producer: ServiceName
    }

    /// The heartbeat's own time, and when this process saw it by a clock that nobody sets.
    private struct Mark {
        let time: Timestamp
        let seenAtMilliseconds: Int64
    }

    /// One place a partition; nil before its first heartbeat.
    private let marks = Mutex<[Key: [Mark?]]>([:])

    /// States which partitions have to be fresh; keeps what is known of them.
    func expect(topic: Topic, producers: [ServiceName], partitionCount: Int32) {
        marks.withLock { marks in
            for producer in producers {
                let key = Key(topic: topic, producer: producer)
                guard marks[key]?.count != Int(partitionCount) else { continue }
                marks[key] = [Mark?](repeating: nil, count: Int(partitionCount))
            }
        }
    }

    /// Notes a heartbeat that covers what was applied; an older one than the newest changes nothing.
    func mark(topic: Topic, producer: ServiceName, partition: Int32, time: Timestamp) {
        let key = Key(topic: topic, producer: producer)
        let now = Monotonic.milliseconds
        marks.withLock { marks in
            guard let known = marks[key], known.indices.contains(Int(partition)) else { return }
            if let newest = known[Int(partition)], newest.time >= time { return }
            marks[key]?[Int(partition)] = Mark(time: time, seenAtMilliseconds: now)
        }
    }

    /// Gives the age of the knowledge at a time, on the partition where it is greatest.
    ///
    /// It is the greater of two: by the heartbeat's own time, and by the time since it came. So alone
    /// neither a heartbeat held back nor a producer whose clock is ahead makes the knowledge look newer
    /// than it is. Both together do, by the lesser of the two: how long the heartbeat was held, and how far
    /// the producer's clock is ahead of this one. A clock that is ahead by more than the verifier's
    /// tolerance of one second gets every heartbeat refused that comes at once, so nothing is fresh; only
    /// who holds back all of them, each by as much as the clock is ahead less that second, hides it.
    func view(topic: Topic, producer: ServiceName, now: Timestamp) -> FreshnessView {
        let known = marks.withLock { $0[Key(topic: topic, producer: producer)] } ?? []
        let instant = Monotonic.milliseconds
        var worst: Int64?
        for mark in known {
            guard let mark else {
                return FreshnessView(topic: topic, producer: producer, ageMilliseconds: nil)
            }
            let byTime = now.milliseconds - mark.time.milliseconds
            worst = max(worst ?? 0, byTime, instant - mark.seenAtMilliseconds)
        }
        return FreshnessView(topic: topic, producer: producer, ageMilliseconds: worst)
    }
}
