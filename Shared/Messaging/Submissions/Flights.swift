import Cryptography
import LedgerProtocol
import Synchronization

/// The relay's window, shared between the relay, which fills it, and the finality consumer, which
/// empties it.
final class Flights: Sendable {
    /// How many landed submissions are remembered, so that their further receipts cost nothing.
    private static let landedMax = 256

    private struct State {
        var window = RelayWindow()
        var landed: [UInt64: Digest] = [:]
        var landedOrder: [UInt64] = []
        var halt: MessagingFault?
    }

    private let state = Mutex(State())

    /// How many entries the next submission may hold; 0 while the window is full or the relay has
    /// stopped.
    var entryRoom: Int { state.withLock { $0.halt == nil ? $0.window.entryRoom : 0 } }

    var count: Int { state.withLock { $0.window.flights.count } }

    /// Why the relay has stopped; nil while it works.
    var halt: MessagingFault? { state.withLock { $0.halt } }

    /// Stops the relay for good.
    func stop(_ fault: MessagingFault) {
        state.withLock { if $0.halt == nil { $0.halt = fault } }
    }

    /// Takes a stored version of a submission in.
    func add(_ submission: Submission, version: Int) {
        state.withLock { $0.window.add(submission, version: version) }
    }

    /// Gives what is to be sent now; nothing once the relay has stopped.
    func takeDue() -> [Submission] {
        let now = Monotonic.milliseconds
        return state.withLock { $0.halt == nil ? $0.window.takeDue(at: now) : [] }
    }

    /// Notes that sending a submission ended, well or badly.
    func settle(_ submission: Submission) {
        let now = Monotonic.milliseconds
        state.withLock { $0.window.settle(submission, at: now) }
    }

    /// Takes a final submission out.
    func land(_ submission: Submission) {
        state.withLock { state in
            state.window.land(submission.sequence)
            if state.landed.updateValue(submission.hash, forKey: submission.sequence) == nil {
                state.landedOrder.append(submission.sequence)
            }
            if state.landedOrder.count > Self.landedMax {
                state.landed[state.landedOrder.removeFirst()] = nil
            }
        }
    }

    /// Whether a submission landed a short while ago.
    func hasLanded(sequence: UInt64, hash: Digest) -> Bool { state.withLock { $0.landed[sequence] == hash } }

    /// Finds a submission on its way.
    func find(sequence: UInt64, hash: Digest) -> (submission: Submission, version: Int)? {
        state.withLock { state in
            guard let flight = state.window.flights[sequence], flight.submission.hash == hash else {
                return nil
            }
            return (flight.submission, flight.version)
        }
    }
}
