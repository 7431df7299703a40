import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import TransparencyLog

/// What honest keys may sign.
extension Invariants {
    /// Judges what an honest validator lets out.
    mutating func sent(_ letter: Letter, by index: Int) {
        switch letter.message {
        case .vote(let vote) where vote.validator.position == index: sent(vote, by: index)
        case .proposal(let proposal) where proposal.proposer.position == index: sent(proposal, by: index)
        case .cosignature(let own) where own.validator.position == index: cosigned(own, by: index)
        default: break
        }
    }

    private mutating func sent(_ vote: Vote, by index: Int) {
        let slot = VoteSlot(validator: index, height: vote.height, round: vote.round, step: vote.step)
        if let known = votes[slot] {
            if known != vote.blockHash { broken(.doubleVote, "validator \(index), \(place(vote))") }
            return
        }
        votes[slot] = .some(vote.blockHash)
        if !validators(at: vote.height).contains(index) {
            broken(.outsider, "validator \(index), \(place(vote))")
        }
        guard let blockHash = vote.blockHash else { return }
        let prevotes = Ballot(
            height: vote.height, round: vote.round, step: .prevote, blockHash: blockHash)
        switch vote.step {
        case .precommit:
            if supporters(prevotes, with: index) < quorum(at: vote.height) {
                broken(.unfoundedPrecommit, "validator \(index), \(place(vote))")
            }
            if locks[index].map({ ($0.height, $0.round) < (vote.height, vote.round) }) ?? true {
                locks[index] = (vote.height, vote.round, blockHash)
            }
        case .prevote:
            if !keepsLock(vote, blockHash, by: index) {
                broken(.againstLock, "validator \(index), \(place(vote))")
            }
            if !isSound(prevotes, for: index) {
                broken(.unsoundPrevote, "validator \(index), \(place(vote))")
            }
        }
    }

    /// Whether the voter is not locked on another block, or saw a newer quorum for this one.
    private func keepsLock(_ vote: Vote, _ blockHash: Digest, by index: Int) -> Bool {
        guard let lock = locks[index], lock.height == vote.height, lock.round < vote.round,
            lock.blockHash != blockHash
        else { return true }
        return (lock.round..<vote.round).contains { round in
            let ballot = Ballot(
                height: vote.height, round: round, step: .prevote, blockHash: blockHash)
            return supporters(ballot, with: index) >= quorum(at: vote.height)
        }
    }

    /// Whether the validator whose turn it was proposed that block in a form that may be voted for.
    private mutating func isSound(_ ballot: Ballot, for index: Int) -> Bool {
        let inForce = validators(at: ballot.height)
        let proposer = inForce[Int((ballot.height.value + UInt64(ballot.round)) % UInt64(inForce.count))]
        // Its own proposal a validator knows before anybody sees it.
        if proposer == index { return true }
        if let known = soundness[ballot] { return known }
        let isSound = (proposed[ballot] ?? []).contains { proposal in
            proposal.proposer.position == proposer && isFounded(proposal) && isBlockSound(proposal)
        }
        soundness[ballot] = isSound
        return isSound
    }

    /// Whether a new proposal is timely, and a re-proposal rests on a quorum that truly prevoted it.
    private func isFounded(_ proposal: Proposal) -> Bool {
        guard let validRound = proposal.content.validRound else {
            let difference = proposal.content.blockEntry.time.milliseconds - now.wallClock.milliseconds
            // Three seconds for a vote that waited for the store.
            return !clocksAgree || abs(difference) <= 13_000
        }
        let ballot = Ballot(
            height: proposal.height, round: validRound, step: .prevote, blockHash: proposal.blockHash)
        return validRound < proposal.round && supporters(ballot) >= quorum(at: proposal.height)
    }

    /// Whether the named submissions give the proposed header on the chain.
    private func isBlockSound(_ proposal: Proposal) -> Bool {
        let height = Int(proposal.height.value)
        // The block before may be decided and not stored yet.
        guard height - 1 <= chain.count else { return true }
        let head = height == 1 ? ChainHead(network.genesis) : chain[height - 2].head
        let entry = proposal.content.blockEntry
        let named = proposal.content.submissionHashes.compactMap { submissions[$0] }
        guard named.count == proposal.content.submissionHashes.count, entry.previous == head.hash,
            entry.time > head.time, FinalBlock.isInOrder(named)
        else { return false }
        let tree = FinalBlock.tree(after: head, submissions: named, blockEntry: entry)
        let text = FinalBlock.checkpointText(origin: network.state.origin, tree: tree)
        return text == proposal.content.checkpointText
    }

    private mutating func sent(_ proposal: Proposal, by index: Int) {
        let slot = VoteSlot(
            validator: index, height: proposal.height, round: proposal.round, step: .prevote)
        if let known = proposals[slot] {
            if known != proposal {
                broken(.doubleVote, "validator \(index), proposal \(proposal.height)/\(proposal.round)")
            }
            return
        }
        proposals[slot] = proposal
        if proposal.round == 0, proposal.content.submissionHashes.isEmpty, !heartbeatsAreMade {
            broken(.emptyBlock, "validator \(index), height \(proposal.height)")
        }
    }

    private mutating func cosigned(_ own: CosignatureMessage, by index: Int) {
        let slot = VoteSlot(validator: index, height: own.height, round: 0, step: .prevote)
        if let known = cosigned[slot], known != own.checkpointHash {
            broken(.doubleVote, "validator \(index), cosignature \(own.height)")
        }
        cosigned[slot] = own.checkpointHash
        if !validators(at: own.height).contains(index) {
            broken(.outsider, "validator \(index), cosignature \(own.height)")
        }
    }

    private func place(_ vote: Vote) -> String {
        "\(vote.step == .prevote ? "prevote" : "precommit") \(vote.height)/\(vote.round)"
    }
}

/// What may be seen of a validator's signatures before its disk records them: nothing.
extension Invariants {
    mutating func seen(_ letter: Letter, of index: Int, durable: SignState) {
        switch letter.message {
        case .vote(let vote): seen([vote], of: index, durable: durable)
        case .cosignature(let own): seen([own], of: index, durable: durable)
        case .proposal(let proposal):
            let isRecorded = proposal == durable.proposal || isOver(proposal.height, proposal.round, durable)
            if proposal.proposer.position == index, !isRecorded {
                broken(.earlySignature, "validator \(index), proposal \(proposal.height)/\(proposal.round)")
            }
        default: break
        }
    }

    mutating func seen(_ commit: BlockCommit, of index: Int, durable: SignState) {
        seen(commit.certificate.precommits, of: index, durable: durable)
        seen([commit.cosignature].compactMap { $0 }, of: index, durable: durable)
    }

    mutating func seen(_ note: SignedNote, height: BlockHeight, of index: Int, durable: SignState) {
        seen(
            note.cosignatures(height: height, network: history.state(at: height)), of: index,
            durable: durable)
    }

    private mutating func seen(_ votes: [Vote], of index: Int, durable: SignState) {
        for vote in votes where vote.validator.position == index {
            let recorded = vote.step == .prevote ? durable.prevote : durable.precommit
            if vote != recorded, !isOver(vote.height, vote.round, durable) {
                broken(.earlySignature, "validator \(index), \(place(vote))")
            }
        }
    }

    private mutating func seen(_ cosignatures: [CosignatureMessage], of index: Int, durable: SignState) {
        for message in cosignatures where message.validator.position == index {
            let last = durable.cosignature
            let isRecorded = last.map { $0.height > message.height || $0 == message } ?? false
            if !isRecorded { broken(.earlySignature, "validator \(index), cosignature \(message.height)") }
        }
    }

    /// Whether a sign-state admits no signature for the height and round any more.
    private func isOver(_ height: BlockHeight, _ round: UInt32, _ state: SignState) -> Bool {
        state.height > height || state.height == height && state.lastRound ?? 0 > round
    }
}
