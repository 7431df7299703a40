import LedgerProtocol
import Model

/// A validator whose store is damaged signs nothing until it is repaired.
extension ValidatorCore {
    /// Stops taking part: the others see a validator that is silent, which the agreement tolerates.
    ///
    /// Blocks that were decided before are still stored, and cosignatures still complete their notes.
    package mutating func hold() { isHeld = true }

    /// Takes part again; what was missed meanwhile comes by gossip and as final blocks.
    package mutating func release(at now: Moment) -> [ValidatorAction] {
        guard isHeld else { return [] }
        isHeld = false
        return wake(at: now)
    }

    /// Messages that lead to no signature of a validator.
    func isTakenWhileHeld(_ message: InboundMessage) -> Bool {
        switch message {
        case .cosignature, .doubleVote: true
        case .submission, .refused, .proposal, .vote, .query, .status, .finalBlock, .settledBlock: false
        }
    }
}
