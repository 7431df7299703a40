import Model
import Synchronization

/// Collects what the parts of messaging count and complain about, for everybody who asks.
final class MessagingBoard: Sendable {
    /// The parts that work only while this process leads; the leader's lock itself is not one of them.
    private static let termParts = ["finality", "publisher", "relay", "relay broker"]

    private struct State {
        var statistics = MessagingStatistics()
        var problems: [String: String] = [:]
        var readOffsets: [Topic: [Int32: Int64]] = [:]
    }

    private let state = Mutex(State())

    var statistics: MessagingStatistics { state.withLock { $0.statistics } }

    var outboxCount: Int { state.withLock { $0.statistics.outboxCount } }

    var readiness: MessagingReadiness {
        MessagingReadiness(
            problems: state.withLock { state in
                state.problems.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            })
    }

    /// Changes figures, and gives back what the change does.
    @discardableResult
    func count<R: Sendable>(_ change: (inout MessagingStatistics) -> R) -> R {
        state.withLock { change(&$0.statistics) }
    }

    /// States what does not work in a part; it stays until `clear`.
    func report(_ problem: String, in part: String) {
        state.withLock { $0.problems[part] = problem }
    }

    /// Takes a part's problem back.
    func clear(_ part: String) {
        state.withLock { _ = $0.problems.removeValue(forKey: part) }
    }

    /// Takes the problems of all parts back that only a leader has: whoever leads next has its own.
    func clearTerm() {
        for part in Self.termParts { clear(part) }
    }

    /// The offsets that the consumers read next.
    var readOffsets: [Topic: [Int32: Int64]] { state.withLock { $0.readOffsets } }

    /// Notes the offsets that a consumer reads next.
    func noteOffsets(topic: Topic, _ offsets: [Int32: Int64]) {
        state.withLock { $0.readOffsets[topic] = offsets }
    }
}
