package import Cryptography
package import LedgerProtocol
import Synchronization

/// Which submissions are on their way, and when each was due and final.
package final class SubmissionWindow: Sendable {
    /// A moment of the clock that never jumps.
    package typealias Instant = ContinuousClock.Instant

    private struct Item {
        let submission: Submission
        /// When it should leave; nil is as soon as there is room.
        let due: Instant?
        var began: Instant?
        var sentAgain: Instant?
        var final: Instant?
    }

    private struct State {
        var items: [Item]
        var places: [Digest: Int]
        var next = 0
        var oldestOpen = 0
        var nextLook: Instant?
        var openCounts: [KeyID: Int] = [:]
        var openBytes = 0
        var finalCount = 0
        var sentAgainCount = 0
    }

    // A submission that has no receipt after so long was lost on its way.
    private static let patience = Duration.seconds(3)
    // Looking at all that is open costs time, which the load and the ledger share.
    private static let lookInterval = Duration.milliseconds(100)

    private let state: Mutex<State>
    private let aheadMax: Int
    private let bytesMax: Int

    /// Takes submissions that are still to be sent.
    ///
    /// - Parameters:
    ///   - interval: from one submission to the next, whether or not earlier ones are final; nil sends as
    ///     fast as the window allows.
    package init(_ batch: SubmissionBatch, aheadMax: Int, bytesMax: Int, start: Instant, interval: Duration?)
    {
        self.aheadMax = aheadMax
        self.bytesMax = bytesMax
        entryCount = batch.entryCount
        let items = batch.submissions.enumerated().map { place, submission in
            Item(submission: submission, due: interval.map { start + $0 * place })
        }
        let places = Dictionary(
            uniqueKeysWithValues: batch.submissions.enumerated().map { ($0.element.hash, $0.offset) })
        state = Mutex(State(items: items, places: places))
    }

    /// Whether everything is final.
    package var isDone: Bool { state.withLock { $0.finalCount == $0.items.count } }

    /// How many entries all submissions have.
    package let entryCount: Int

    /// How often something was sent again.
    package var sentAgainCount: Int { state.withLock { $0.sentAgainCount } }

    /// Takes what may leave now.
    package func takeSendable(at now: Instant) -> [Submission] {
        state.withLock { state in
            var sendable: [Submission] = []
            while state.next < state.items.count {
                let item = state.items[state.next]
                let (keyID, byteCount) = (item.submission.keyID, item.submission.encoded.count)
                guard item.due.map({ $0 <= now }) ?? true, state.openBytes + byteCount <= bytesMax,
                    state.openCounts[keyID, default: 0] < aheadMax
                else { break }
                state.items[state.next].began = item.due ?? now
                state.openCounts[keyID, default: 0] += 1
                state.openBytes += byteCount
                state.next += 1
                sendable.append(item.submission)
            }
            return sendable + Self.takeOverdue(&state, at: now)
        }
    }

    /// Notes that a submission is final; false when it is none of these or was final before.
    package func settle(_ hash: Digest, at now: Instant) -> Bool {
        state.withLock { state in
            guard let place = state.places[hash], state.items[place].final == nil else { return false }
            let submission = state.items[place].submission
            state.items[place].final = now
            state.openCounts[submission.keyID, default: 0] -= 1
            state.openBytes -= submission.encoded.count
            state.finalCount += 1
            return true
        }
    }

    /// Finds a submission by the hash of its bytes.
    package func submission(_ hash: Digest) -> Submission? {
        state.withLock { state in state.places[hash].map { state.items[$0].submission } }
    }

    /// From the first submission's start to the last one's receipt, and each one's time.
    package func figures() -> (whole: Duration, each: [Duration]) {
        state.withLock { state in
            let begins = state.items.compactMap(\.began)
            let ends = state.items.compactMap(\.final)
            guard let first = begins.min(), let last = ends.max() else { return (.zero, []) }
            return (last - first, zip(begins, ends).map { $1 - $0 })
        }
    }

    private static func takeOverdue(_ state: inout State, at now: Instant) -> [Submission] {
        if let nextLook = state.nextLook, now < nextLook { return [] }
        state.nextLook = now + lookInterval
        while state.oldestOpen < state.next, state.items[state.oldestOpen].final != nil {
            state.oldestOpen += 1
        }
        var overdue: [Submission] = []
        for place in state.oldestOpen..<state.next where state.items[place].final == nil {
            let item = state.items[place]
            guard let began = item.sentAgain ?? item.began, began + patience <= now else { continue }
            state.items[place].sentAgain = now
            overdue.append(item.submission)
        }
        state.sentAgainCount += overdue.count
        return overdue
    }
}
