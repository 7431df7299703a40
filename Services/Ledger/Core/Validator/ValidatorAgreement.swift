import Cryptography
import LedgerProtocol
import Model

/// How a validator performs what the agreement asks for.
extension ValidatorCore {
    // A proposer that has not taken part for so long, down or still behind, gets little time for its turn.
    private static let silentMilliseconds: Int64 = 3_000
    private static let queryAfterMilliseconds: Int64 = 50
    private static let queryAgainMilliseconds: Int64 = 500

    /// Performs actions in order, those that they lead to after them.
    mutating func run(_ more: [AgreementAction]) {
        queue += more
        guard !isDraining else { return }
        isDraining = true
        while !queue.isEmpty { perform(queue.removeFirst()) }
        isDraining = false
    }

    private mutating func perform(_ action: AgreementAction) {
        switch action {
        case .schedule(let timeout):
            let proposer = network.proposer(height: timeout.height, round: timeout.round)
            let silence = peers.milliseconds(sinceTakingPart: proposer, at: now.uptimeMilliseconds)
            let isSilent = proposer != settings.validator && silence > Self.silentMilliseconds
            timeouts[timeout] =
                now.uptimeMilliseconds
                + settings.timeouts.milliseconds(of: timeout, proposerIsSilent: isSilent)
        case .propose(let round, let again):
            // A new block waits for work and for the interval; see `proposeIfDue`.
            if let again { proposeAgain(again, round: round) }
        case .vote(let step, let round, let blockHash): vote(step, round: round, blockHash: blockHash)
        case .judge(let proposal): judge(proposal.message)
        case .decide(let blockHash, _, let precommits): decide(blockHash, precommits)
        case .report(let evidence): publish(evidence)
        }
    }

    mutating func fireTimeouts() {
        let due = timeouts.filter { $0.value <= now.uptimeMilliseconds }.sorted {
            ($0.value, $0.key.round, $0.key.step) < ($1.value, $1.key.round, $1.key.step)
        }
        guard !due.isEmpty else { return }
        for (timeout, _) in due {
            timeouts[timeout] = nil
            run(agreement.fired(timeout))
        }
        gossipHeight()
    }

    private mutating func vote(_ step: VoteStep, round: UInt32, blockHash: Digest?) {
        // One that has not joined, or has left, follows the agreement and has no voice in it.
        guard isInForce else { return }
        do throws(SignRefusal) {
            let vote = try signState.vote(
                step, height: agreement.height, round: round, blockHash: blockHash,
                signer: settings.keys.consensus)
            guard let verified = verifier.verify(vote) else {
                preconditionFailure("the consensus key is not the one that genesis names for this validator")
            }
            isSignStateDirty = true
            withheld.append(OutboundMessage(topic: .ledgerConsensus, bytes: vote.encoded))
            run(agreement.receive(verified))
        } catch {
            // The sign-state is ahead of the store: this validator listens until it has caught up.
        }
    }

    private mutating func judge(_ proposal: Proposal) {
        let content = proposal.content
        let known = built[proposal.blockHash]?.submissions.map(\.hash) == content.submissionHashes
        let check = ProposalCheck.check(
            proposal, on: chain, mempool: mempool, now: now.wallClock,
            known: known ? built[proposal.blockHash] : nil)
        switch check {
        case .valid(let block, let isTimely):
            built[block.blockHash] = block
            if !isTimely {
                clockDifferenceMilliseconds =
                    block.entry.time.milliseconds &- now.wallClock.milliseconds
            }
            run(agreement.judged(proposal, isTimely ? .valid : .untimely))
        case .missing(let missing):
            incomplete.add(proposal, missing: missing)
            queryAt = queryAt ?? now.uptimeMilliseconds + Self.queryAfterMilliseconds
        case .invalid(let fault):
            if fault == .wrongSequence { dispute(content.submissionHashes) }
            run(agreement.judged(proposal, .invalid))
        }
    }

    /// Notes the keys whose sequences a refused proposal counts otherwise than this validator.
    private mutating func dispute(_ hashes: [Digest]) {
        var known: Set<KeyID> = []
        for submission in hashes.compactMap({ mempool.submission($0) })
        where known.insert(submission.keyID).inserted {
            let next = mempool.nextSequence(of: submission.keyID)
            if submission.sequence != next { disputed.insert(submission.keyID) }
        }
    }

    /// Tries again what lacked this submission.
    mutating func judgeIncomplete(naming hash: Digest) {
        let complete = incomplete.arrived(hash)
        guard !complete.isEmpty else { return }
        if incomplete.isEmpty { queryAt = nil }
        for proposal in complete where proposal.height == agreement.height { judge(proposal) }
    }

    /// Asks the others for what proposals name and nobody has sent here.
    mutating func queryMissing() {
        let hashes = incomplete.missing
        guard !hashes.isEmpty else {
            queryAt = nil
            return
        }
        let query = SubmissionQuery(
            networkID: settings.genesis.networkID, validator: settings.validator, hashes: hashes)
        actions.append(
            .send(OutboundMessage(topic: .ledgerConsensus, bytes: query.encoded, way: .direct)))
        queryAt = now.uptimeMilliseconds + Self.queryAgainMilliseconds
    }
}
