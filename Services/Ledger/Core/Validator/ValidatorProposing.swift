import Cryptography
import LedgerProtocol
import Model

/// When and what a validator proposes.
extension ValidatorCore {
    /// When a block of the own turn is due; nil when it is not this validator's turn or there is no reason.
    var proposeAt: Int64? {
        guard agreement.wantsProposal, agreement.valid == nil, triedRound != agreement.round,
            pendingCommitCount < Self.commitsAheadMax, !isBehindSignState
        else { return heartbeatAt }
        // A round after the first exists because others wait for a block; they get what there is, also
        // nothing.
        if agreement.round > 0 { return enteredAt }
        if mempool.hasWork { return enteredAt + settings.blockIntervalMilliseconds }
        return heartbeatAt
    }

    /// When a block is due although there is no work; nil once the height is under way.
    private var heartbeatAt: Int64? {
        guard !agreement.isAwake, isInForce else { return nil }
        return settings.heartbeatMilliseconds.map { enteredAt + $0 }
    }

    mutating func proposeIfDue() {
        // A validator alone decides as it proposes, so one proposal can lead to the turn for the next.
        while let due = proposeAt, due <= now.uptimeMilliseconds {
            let height = agreement.height
            if !agreement.isAwake { run(agreement.wake()) }
            guard agreement.wantsProposal, agreement.valid == nil, triedRound != agreement.round else {
                return
            }
            triedRound = agreement.round
            proposeNew()
            guard agreement.height > height else { return }
        }
    }

    private mutating func proposeNew() {
        let time = max(now.wallClock, chain.time.advanced(byMilliseconds: 1))
        let taken = mempool.take(turn: agreement.height.value, without: disputed)
        let block = block(of: taken, time: time)
        built[block.blockHash] = block
        propose(
            Proposal.Content(
                networkID: settings.genesis.networkID, round: agreement.round, validRound: nil,
                proposer: settings.validator, submissionHashes: block.submissions.map(\.hash),
                blockEntry: block.entry, checkpointText: block.checkpointText, prevotes: []))
    }

    private func block(of submissions: [Submission], time: Timestamp) -> BuiltBlock {
        do throws(RefusalCode) {
            let next = try GovernanceRules.nextState(after: submissions, on: network, at: agreement.height)
            return BlockBuilder.build(on: chain, time: time, submissions: submissions, next: next)
        } catch {
            // The mempool holds nothing that is refused; should it ever, no change is made rather than none
            // agreed.
            let others = submissions.filter { !$0.hasPublicEntries }
            return BlockBuilder.build(on: chain, time: time, submissions: others, next: network)
        }
    }

    /// Proposes a block again that a quorum prevoted, together with those prevotes.
    mutating func proposeAgain(_ valid: ValidValue, round: UInt32) {
        let content = valid.proposal.content
        propose(
            Proposal.Content(
                networkID: content.networkID, round: round, validRound: valid.round,
                proposer: settings.validator, submissionHashes: content.submissionHashes,
                blockEntry: content.blockEntry, checkpointText: content.checkpointText,
                prevotes: valid.prevotes))
    }

    private mutating func propose(_ content: Proposal.Content) {
        // A refusal means that this was signed before: the time-out of the round goes on without it.
        guard let proposal = try? signState.propose(content, signer: settings.keys.consensus) else { return }
        guard let verified = verifier.verify(proposal) else {
            preconditionFailure("a proposal of this validator's own does not verify")
        }
        isSignStateDirty = true
        withheld.append(OutboundMessage(topic: .ledgerConsensus, bytes: proposal.encoded))
        run(agreement.receive(verified))
    }
}
