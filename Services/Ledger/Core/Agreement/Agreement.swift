package import Cryptography
package import LedgerProtocol
package import Model

/// One height of the Tendermint algorithm: algorithm 1 of arXiv:1807.04938, whose line numbers the
/// comments cite.
///
/// A pure state machine: messages, time-outs, blocks to propose and verdicts go in, actions come out.
/// Blocks are known by their hash; how one is built and checked is the caller's business. It differs
/// from the paper in four ways, none of which touches safety. A height without work waits before round
/// 0. Whoever sees that f + 1 validators have passed its round enters the highest round that f + 1 have
/// reached, also when their messages are of different rounds. Votes count for a block that is known from
/// a proposal of another round, since its hash says all. The proposer has a time-out too, for the case
/// that it cannot propose.
package struct Agreement: Sendable {
    /// The paper's steps.
    package enum Step: Int, Hashable, Sendable, Comparable {
        /// Waiting for the proposal of the round.
        case propose
        /// Has prevoted.
        case prevote
        /// Has precommitted.
        case precommit

        package static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
    }

    /// The validators that agree on this height.
    let network: NetworkState
    let validator: ValidatorIndex
    /// The height that is being agreed.
    package let height: BlockHeight
    /// The round, `round_p` in the paper.
    package internal(set) var round: UInt32 = 0
    /// The step, `step_p`.
    package internal(set) var step = Step.propose
    /// `lockedValue_p` and `lockedRound_p`; nil stands for −1.
    package internal(set) var lock: Lock?
    /// `validValue_p` and `validRound_p`; nil stands for −1.
    package internal(set) var valid: ValidValue?
    /// Whether the block was decided; then nothing happens any more.
    package internal(set) var isDecided = false
    /// Whether there is a reason for this height: work, or messages of others.
    package internal(set) var isAwake = false
    var isStarted = false
    var isAwaitingProposal = false
    var log = MessageLog()
    var actions: [AgreementAction] = []

    /// Makes the agreement on one height; nothing happens before `start`.
    package init(network: NetworkState, validator: ValidatorIndex, height: BlockHeight) {
        self.network = network
        self.validator = validator
        self.height = height
    }

    var quorum: Int { network.quorum }
    /// One more than may be faulty, so that one of them is honest.
    var honestCount: Int { network.faultMax + 1 }

    /// Whether the caller was asked for a proposal of the current round and has not given it.
    package var wantsProposal: Bool { !isDecided && isAwaitingProposal && step == .propose }

    /// Starts round 0 (line 10), or goes on where the sign-state of this height ended.
    package mutating func start(restoring signState: SignState? = nil, verifier: MessageVerifier)
        -> [AgreementAction]
    {
        precondition(!isStarted, "an agreement starts once")
        isStarted = true
        if let signState, signState.height == height, let round = signState.lastRound {
            restore(signState, round: round, verifier: verifier)
        } else {
            startRound(0)
        }
        return evaluated()
    }

    /// Takes a vote whose signature verified, the validator's own too.
    package mutating func receive(_ vote: Verified<Vote>) -> [AgreementAction] {
        precondition(vote.message.height == height, "a vote goes to the agreement of its height")
        insert(vote.message, isPartOfQuorum: false)
        return evaluated()
    }

    /// Takes a proposal whose signatures verified, the validator's own too.
    package mutating func receive(_ proposal: Verified<Proposal>) -> [AgreementAction] {
        precondition(proposal.message.height == height, "a proposal goes to the agreement of its height")
        insert(proposal)
        return evaluated()
    }

    /// Takes the caller's answer to `judge`.
    package mutating func judged(_ proposal: Proposal, _ verdict: Verdict) -> [AgreementAction] {
        log[proposal.round].setVerdict(verdict, of: proposal)
        return evaluated()
    }

    /// Takes the caller's word that there is something to agree on.
    package mutating func wake() -> [AgreementAction] {
        isAwake = true
        return evaluated()
    }

    /// Takes a time-out that was asked for; one of an earlier round or step does nothing.
    package mutating func fired(_ timeout: AgreementTimeout) -> [AgreementAction] {
        guard isStarted, !isDecided, timeout.height == height, timeout.round == round else { return [] }
        switch timeout.step {
        case .propose:
            if step == .propose { vote(.prevote, for: nil) }  // lines 57–60
        case .prevote:
            if step == .prevote { vote(.precommit, for: nil) }  // lines 61–64
        case .precommit, .nothing:
            startRound(round + 1)  // lines 65–67
        }
        return evaluated()
    }

    /// Everything of this height that is worth sending again, the validator's own messages too.
    package var heldMessages: (proposals: [Proposal], votes: [Vote]) {
        log.worthSending(validRound: valid?.round).reduce(into: ([], [])) { held, round in
            held.0 += round.proposals
            held.1 += round.votes
        }
    }

    /// The proposal of the block if it was found valid.
    package func validProposal(of blockHash: Digest) -> Proposal? { log.validProposal(of: blockHash) }

    private mutating func evaluated() -> [AgreementAction] {
        if isStarted { evaluate() }
        defer { actions = [] }
        return actions
    }
}
