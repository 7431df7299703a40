import Cryptography
import LedgerProtocol

extension Agreement {
    /// Lines 11–21.
    mutating func startRound(_ newRound: UInt32) {
        round = newRound  // line 12
        step = .propose  // line 13
        log.enter(newRound)
        isAwaitingProposal = false
        // A later round exists only because somebody waited in vain for a block.
        if newRound > 0 { isAwake = true }
        if network.proposer(height: height, round: newRound) == validator {  // line 14
            isAwaitingProposal = true
            actions.append(.propose(round: newRound, again: valid))  // lines 15–19
        }
    }

    /// Applies the rules until none fires.
    mutating func evaluate() {
        while !isDecided, applyOne() {}
    }

    private mutating func applyOne() -> Bool {
        wakeOnOthers()
        schedulePropose()
        judgeWaiting()
        return decide() || skipRounds() || prevoteProposal() || observePolka() || precommitNil()
            || scheduleTimeouts()
    }

    /// The validators that have sent something show that there is work, also to one that missed the
    /// submissions.
    private mutating func wakeOnOthers() {
        if log.senderCount >= honestCount { isAwake = true }
    }

    /// Line 21, for the proposer too: it may find nothing that it could propose.
    private mutating func schedulePropose() {
        guard isAwake, step == .propose, !log[round].hasScheduledPropose else { return }
        log[round].hasScheduledPropose = true
        actions.append(.schedule(AgreementTimeout(step: .propose, height: height, round: round)))
    }

    private mutating func judgeWaiting() {
        for known in log.rounds.keys.sorted() where known <= round {
            for proposal in log[known].takeUnjudged() { actions.append(.judge(proposal)) }
        }
    }

    /// Lines 49–51, in any round.
    private mutating func decide() -> Bool {
        for (decidedRound, record) in log.rounds.sorted(by: { $0.key < $1.key }) {
            for blockHash in record.precommits.blocks(withAtLeast: quorum) {
                guard log.validProposal(of: blockHash) != nil else { continue }
                isDecided = true
                let precommits = record.precommits.votes(for: blockHash, count: quorum)
                actions.append(
                    .decide(blockHash: blockHash, round: decidedRound, precommits: precommits))
                return true
            }
        }
        return false
    }

    /// Lines 55–56: at least one honest validator has reached that round.
    private mutating func skipRounds() -> Bool {
        guard let reached = log.roundReached(byAtLeast: honestCount), reached > round else { return false }
        startRound(reached)
        return true
    }

    /// Lines 22–33.
    private mutating func prevoteProposal() -> Bool {
        guard step == .propose else { return false }
        for held in log[round].proposals {
            guard let verdict = held.verdict else { continue }
            let proposal = held.proposal.message
            let blockHash = proposal.blockHash
            let isAcceptable: Bool
            if let validRound = proposal.content.validRound {  // line 28
                // The proposal carries these prevotes, so a proposal that was let in has them.
                guard validRound < round, log[validRound].prevotes.count(for: blockHash) >= quorum else {
                    continue
                }
                let lockAllows = lock.map { $0.round <= validRound || $0.blockHash == blockHash } ?? true
                isAcceptable = verdict != .invalid && lockAllows  // line 29
            } else {
                let lockAllows = lock.map { $0.blockHash == blockHash } ?? true
                isAcceptable = verdict == .valid && lockAllows  // line 23
            }
            vote(.prevote, for: isAcceptable ? blockHash : nil)  // lines 24–27 and 30–33
            return true
        }
        return false
    }

    /// Lines 36–43.
    private mutating func observePolka() -> Bool {
        guard step >= .prevote, !log[round].hasSeenPolka else { return false }
        for blockHash in log[round].prevotes.blocks(withAtLeast: quorum) {
            guard let proposal = log.validProposal(of: blockHash) else { continue }
            log[round].hasSeenPolka = true
            let prevotes = log[round].prevotes.votes(for: blockHash, count: quorum)
            valid = ValidValue(round: round, proposal: proposal, prevotes: prevotes)  // lines 42–43
            if step == .prevote {  // line 37
                lock = Lock(round: round, blockHash: blockHash)  // lines 38–39
                vote(.precommit, for: blockHash)  // lines 40–41
            }
            return true
        }
        return false
    }

    /// Lines 44–46.
    private mutating func precommitNil() -> Bool {
        guard step == .prevote, log[round].prevotes.count(for: nil) >= quorum else { return false }
        vote(.precommit, for: nil)
        return true
    }

    /// Lines 34–35 and 47–48.
    private mutating func scheduleTimeouts() -> Bool {
        if step == .prevote, log[round].prevotes.voterCount >= quorum, !log[round].hasScheduledPrevote {
            log[round].hasScheduledPrevote = true
            actions.append(.schedule(AgreementTimeout(step: .prevote, height: height, round: round)))
            return true
        }
        if log[round].precommits.voterCount >= quorum, !log[round].hasScheduledPrecommit {
            log[round].hasScheduledPrecommit = true
            actions.append(.schedule(AgreementTimeout(step: .precommit, height: height, round: round)))
            return true
        }
        // The same time-out, shortened where it can bring nothing: each turn of a dead proposer meets it.
        if log[round].precommits.count(for: nil) >= quorum, !log[round].hasScheduledNothing {
            log[round].hasScheduledNothing = true
            actions.append(.schedule(AgreementTimeout(step: .nothing, height: height, round: round)))
            return true
        }
        return false
    }

    /// Moves on to the step in which the vote was cast.
    mutating func vote(_ voteStep: VoteStep, for blockHash: Digest?) {
        switch voteStep {
        case .prevote: step = .prevote
        case .precommit: step = .precommit
        }
        actions.append(.vote(voteStep, round: round, blockHash: blockHash))
    }

    mutating func insert(_ vote: Vote, isPartOfQuorum: Bool) {
        // A quorum that a proposal carries is of an earlier round, which need not have been kept.
        let isAdmitted = log.admit(
            round: vote.round, of: vote.validator, namesBlock: vote.blockHash != nil)
        guard isAdmitted || isPartOfQuorum else { return }
        let insertion =
            switch vote.step {
            case .prevote: log[vote.round].prevotes.insert(vote, isPartOfQuorum: isPartOfQuorum)
            case .precommit: log[vote.round].precommits.insert(vote, isPartOfQuorum: isPartOfQuorum)
            }
        switch insertion {
        case .added, .known: break
        case .conflicting(let first): actions.append(.report(DoubleVote(first, vote)))
        }
    }

    mutating func insert(_ proposal: Verified<Proposal>) {
        let message = proposal.message
        guard log.admit(round: message.round, of: message.proposer, namesBlock: true),
            log[message.round].insert(proposal, supportNeeded: honestCount)
        else { return }
        for prevote in message.content.prevotes { insert(prevote, isPartOfQuorum: true) }
        if message.proposer == validator, message.round == round { isAwaitingProposal = false }
    }

    /// Goes on after a restart: what was signed counts as sent, and the lock holds.
    mutating func restore(_ signState: SignState, round restored: UInt32, verifier: MessageVerifier) {
        isAwake = true
        lock = signState.lock
        valid = signState.valid
        round = restored
        log.enter(restored)
        if let valid, let proposal = verifier.verify(valid.proposal) {
            insert(proposal)
            for prevote in valid.prevotes { insert(prevote, isPartOfQuorum: true) }
        }
        if let proposal = signState.proposal.flatMap({ verifier.verify($0) }) { insert(proposal) }
        for vote in [signState.prevote, signState.precommit] {
            if let vote { insert(vote, isPartOfQuorum: false) }
        }
        if signState.precommit?.round == restored {
            step = .precommit
        } else if signState.prevote?.round == restored {
            step = .prevote
        } else if signState.proposal?.round != restored,
            network.proposer(height: height, round: restored) == validator
        {
            isAwaitingProposal = true
            actions.append(.propose(round: restored, again: valid))
        }
    }
}
