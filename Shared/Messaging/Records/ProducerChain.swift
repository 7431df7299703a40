import Cryptography

/// How far one producer's chain in one partition was applied.
struct ProducerChain: Hashable, Sendable {
    /// The number that comes next.
    var next: UInt64 = 0
    /// The hash of the record before it; zero when there is none.
    var head: Digest = .zero

    /// What a record is to this position.
    enum Verdict: Hashable {
        /// It follows.
        case follows
        /// It was applied before.
        case duplicate
        /// Records before it are missing.
        case gap
        /// It has the next number but another predecessor.
        case mismatch
    }

    /// What a heartbeat is to this position.
    enum HeartbeatVerdict: Hashable {
        /// Everything that the producer published by then was applied.
        case current
        /// It was written before the newest record applied.
        case older
        /// Records that it covers are missing.
        case ahead
        /// It speaks of another history.
        case mismatch
    }

    /// Decides what a record is, without changing anything.
    func judge(number: UInt64, previous: Digest) -> Verdict {
        if number < next { return .duplicate }
        if number > next { return .gap }
        return previous == head ? .follows : .mismatch
    }

    /// Decides what a heartbeat is.
    func judge(heartbeatNext: UInt64, head heartbeatHead: Digest) -> HeartbeatVerdict {
        if heartbeatNext < next { return .older }
        if heartbeatNext > next { return .ahead }
        return heartbeatHead == head ? .current : .mismatch
    }

    /// The position after a record that follows.
    func advanced(to hash: Digest) -> ProducerChain {
        ProducerChain(next: next + 1, head: hash)
    }
}
