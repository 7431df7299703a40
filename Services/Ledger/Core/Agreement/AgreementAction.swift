package import Cryptography
package import LedgerProtocol
package import Model

/// What the agreement asks its caller to do; the caller does it in order.
package enum AgreementAction: Sendable {
    /// Fire the time-out after its time (lines 21, 35 and 48).
    case schedule(AgreementTimeout)
    /// Make and sign a proposal for the round: of this value again, or of a new block when it is nil
    /// (lines 14–19).
    case propose(round: UInt32, again: ValidValue?)
    /// Sign a vote, nil for no block, and give it back through `receive(_:)` once it is recorded.
    case vote(VoteStep, round: UInt32, blockHash: Digest?)
    /// Say through `judged` whether the proposal is valid, when that is known.
    case judge(Verified<Proposal>)
    /// The block is final: these precommits of one round, ascending by validator, are its certificate
    /// (line 51).
    case decide(blockHash: Digest, round: UInt32, precommits: [Vote])
    /// Keep and show that a validator voted twice.
    case report(DoubleVote)
}

/// A time-out that the agreement asked for; it means nothing once the height or round is over.
package struct AgreementTimeout: Hashable, Sendable {
    /// The step that it ends.
    package enum Step: Int, Hashable, Sendable, Comparable {
        /// Waiting for the proposal.
        case propose
        /// Waiting for prevotes that agree.
        case prevote
        /// Waiting for precommits that agree.
        case precommit
        /// Waiting after q precommits for nil, with which nothing can be decided in the round any more.
        case nothing

        package static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
    }

    /// The step that it ends.
    package let step: Step
    /// The height in which it counts.
    package let height: BlockHeight
    /// The round in which it counts.
    package let round: UInt32

    /// Joins the parts.
    package init(step: Step, height: BlockHeight, round: UInt32) {
        self.step = step
        self.height = height
        self.round = round
    }
}

/// How long each step may take before the validator goes on without it.
package struct Timeouts: Hashable, Sendable {
    /// Milliseconds that the proposer of round 0 has from the moment that there is work.
    package var proposeMilliseconds: Int64 = 1_000
    /// The same for a proposer that has long been silent or behind, so that each of its turns costs little.
    package var proposeOfSilentMilliseconds: Int64 = 100
    /// Milliseconds from q prevotes of any kind until a precommit for nil.
    package var prevoteMilliseconds: Int64 = 500
    /// Milliseconds from q precommits of any kind until the next round.
    package var precommitMilliseconds: Int64 = 500
    /// Milliseconds from q precommits for nil until the next round: none of them can become a decision, so
    /// there is only to wait for what others may still have to tell of the round.
    package var nothingMilliseconds: Int64 = 20
    /// Milliseconds that each further round adds: sooner or later they exceed whatever the network takes.
    package var growthMilliseconds: Int64 = 500
    /// The longest time-out in milliseconds, so that a network that heals is back within a minute.
    package var longestMilliseconds: Int64 = 30_000

    /// Makes the values that a healthy network never reaches.
    package init() {}

    /// Gives the milliseconds of a time-out; `proposerIsSilent` shortens that of a proposer believed away.
    package func milliseconds(of timeout: AgreementTimeout, proposerIsSilent: Bool) -> Int64 {
        let base =
            switch timeout.step {
            case .propose: proposerIsSilent ? proposeOfSilentMilliseconds : proposeMilliseconds
            case .prevote: prevoteMilliseconds
            case .precommit: precommitMilliseconds
            case .nothing: nothingMilliseconds
            }
        let rounds = min(Int64(timeout.round), longestMilliseconds / max(growthMilliseconds, 1))
        return min(base + rounds * growthMilliseconds, longestMilliseconds)
    }
}

/// What the rules of blocks say about a proposal.
package enum Verdict: Hashable, Sendable {
    /// It can be rebuilt bit for bit and its time is near this validator's clock.
    case valid
    /// It can be rebuilt, but its time is too far from this validator's clock to be voted for as new.
    ///
    /// It counts as valid once others carry it: a re-proposal is never compared with a clock.
    case untimely
    /// It cannot be rebuilt or breaks a rule.
    case invalid
}

/// The value that a validator would propose again: one that it saw a quorum prevote.
package struct ValidValue: Hashable, Sendable {
    /// The round of those prevotes.
    package let round: UInt32
    /// A proposal of the block.
    package let proposal: Proposal
    /// The q prevotes, ascending by validator.
    package let prevotes: [Vote]

    /// Joins the parts.
    package init(round: UInt32, proposal: Proposal, prevotes: [Vote]) {
        self.round = round
        self.proposal = proposal
        self.prevotes = prevotes
    }
}

/// The block that a validator is locked on.
package struct Lock: Hashable, Sendable {
    /// The round in which it precommitted the block.
    package let round: UInt32
    /// The block.
    package let blockHash: Digest

    /// Joins the parts.
    package init(round: UInt32, blockHash: Digest) {
        self.round = round
        self.blockHash = blockHash
    }
}
