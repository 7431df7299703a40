/// What a Byzantine validator does; it runs the real core, and this is what becomes of its messages.
package enum Behaviour: String, CaseIterable, Hashable, Sendable, Comparable {
    /// Signs the opposite of each vote too, and shows each half of the network another one.
    case equivocatingVotes
    /// Signs two blocks in its turn, and shows each half of the network another one.
    case equivocatingProposals
    /// Hears everything and says nothing.
    case silent
    /// Shows its proposals to one validator only.
    case withheldProposals
    /// Shows its votes to one validator only.
    case withheldVotes
    /// Votes up to four seconds late.
    case lateVotes
    /// Votes for no block, always.
    case nilAlways
    /// Votes for blocks that nobody has proposed.
    case unseenBlocks
    /// Votes for whatever is proposed, in both steps and at once.
    case blindVotes
    /// Forgets its lock and all that it signed.
    case amnesia
    /// Proposes headers that its submissions do not give.
    case wrongRoots
    /// Proposes blocks of an hour ago, of an hour hence, and not later than the one before.
    case wrongTimes
    /// Claims valid rounds with too few prevotes, with forged ones, and with those for another block.
    case staleReproposals
    /// Proposes a new block where a quorum has prevoted one.
    case ignoredValidValue
    /// Proposes when it is not its turn.
    case wrongTurn
    /// Votes and proposes for rounds and heights far ahead.
    case futureFlood
    /// States false heights, and answers with final blocks that it changed.
    case lyingHelper
    /// Cosigns checkpoints that are none.
    case otherCheckpoints
    /// Shares the key of a service, and shows each half of the network another version of a sequence.
    case otherVersions
    /// Sends old messages of everybody again.
    case replays

    package static func < (left: Behaviour, right: Behaviour) -> Bool { left.rawValue < right.rawValue }
}

/// Bytes that a Byzantine validator sends.
struct Dispatch: Equatable {
    let bytes: [UInt8]
    /// To whom; nil for everybody.
    var receivers: [Int]?
    var delayMilliseconds: Int64 = 0

    init(_ bytes: [UInt8], to receivers: [Int]? = nil, delayMilliseconds: Int64 = 0) {
        self.bytes = bytes
        self.receivers = receivers
        self.delayMilliseconds = delayMilliseconds
    }
}
