import Cryptography
import LedgerProtocol
import Model

/// What a validator does with each message.
extension ValidatorCore {
    mutating func take(_ message: InboundMessage) {
        switch message {
        case .submission(let submission): take(submission)
        case .refused(let submission, let code): refuse(submission, code)
        case .proposal(let proposal): take(proposal, message)
        case .vote(let vote): take(vote, message)
        case .cosignature(let cosignature): take(cosignature)
        case .query(let query): answer(query)
        case .status(let status): take(status.message)
        case .finalBlock(let block): take(block)
        case .settledBlock(let height): sendCosignatures(of: height)
        case .doubleVote(let doubleVote): _ = keep(doubleVote.message)
        }
    }

    @discardableResult
    mutating func take(_ verified: Verified<Submission>) -> Intake {
        let submission = verified.message
        let intake = mempool.receive(
            verified, isWanted: incomplete.wants(submission.hash), atMilliseconds: now.uptimeMilliseconds)
        switch intake {
        case .held:
            if mempool.hasWork, !agreement.isAwake { run(agreement.wake()) }
            judgeIncomplete(naming: submission.hash)
        case .known, .full: break
        case .final:
            guard isToBeAnswered(submission) else { break }
            let question = StoredQuestion.submission(
                keyID: submission.keyID, sequence: submission.sequence, hash: submission.hash)
            actions.append(.answer(question))
        case .refused(let code): refuse(submission, code)
        }
        return intake
    }

    /// The own organisation's services are answered at once, the others' when they ask again, each once
    /// a second.
    private mutating func isToBeAnswered(_ submission: Submission) -> Bool {
        let uptime = now.uptimeMilliseconds
        // What others pass on often comes just after its block.
        guard !settledLately.contains(submission.hash, atMilliseconds: uptime) else { return false }
        let isFirst = asked.admits(submission.hash, at: uptime)
        guard isOwn(submission.keyID) || !isFirst else { return false }
        return answered.admits(submission.hash, at: uptime)
    }

    private mutating func refuse(_ submission: Submission, _ code: RefusalCode) {
        guard history.submitter(submission.keyID) != nil, isToBeAnswered(submission) else {
            return
        }
        let content = SubmissionRefusal.Content(
            networkID: settings.genesis.networkID, keyID: submission.keyID, sequence: submission.sequence,
            submissionHash: submission.hash, code: code,
            nextSequence: mempool.nextSequence(of: submission.keyID) ?? 0, validator: settings.validator)
        let refusal = SubmissionRefusal.make(content, signer: settings.keys.consensus)
        actions.append(
            .send(
                OutboundMessage(
                    topic: .ledgerReceipts, key: submission.keyID.bytes, bytes: refusal.encoded)))
    }

    private mutating func take(_ proposal: Verified<Proposal>, _ message: InboundMessage) {
        let (height, sender) = (proposal.message.height, proposal.message.proposer)
        guard isCurrent(message, height: height, sender: sender), proposal.message.isInForce(network) else {
            return
        }
        run(agreement.receive(proposal))
    }

    private mutating func take(_ vote: Verified<Vote>, _ message: InboundMessage) {
        let (height, sender) = (vote.message.height, vote.message.validator)
        guard isCurrent(message, height: height, sender: sender), network.validator(sender) != nil else {
            return
        }
        run(agreement.receive(vote))
    }

    /// Sorts a message of the agreement by its height; only those of the current one are taken at once.
    private mutating func isCurrent(
        _ message: InboundMessage, height: BlockHeight, sender: ValidatorIndex
    ) -> Bool {
        // What this validator sends it has applied before.
        guard sender != settings.validator else { return false }
        hear(sender, height: height)
        // While the store is slow no more is decided than it can take; the final blocks come later.
        if height == agreement.height { return pendingCommitCount <= Self.commitsAheadMax }
        if height > agreement.height {
            if height.value - agreement.height.value <= UpcomingMessages.heightsAheadMax {
                upcoming.add(message, height: height, sender: sender)
            }
            if height > agreement.height.next { sendStatus() }
        } else if isOld(height),
            helped.admits(HelpKey(validator: sender, height: height), at: now.uptimeMilliseconds)
        {
            actions.append(.answer(.finalBlocks(from: height, through: height)))
        }
        return false
    }

    private mutating func take(_ message: CosignatureMessage) {
        guard message.validator != settings.validator else { return }
        if let note = collector.receive(message) {
            complete(message.height, note)
            return
        }
        // A cosignature of long ago comes from a validator that catches up, and again while it lacks the
        // others'. What follows it at once are these, sent by whoever answered first.
        guard isOld(message.height), cosignaturesAsked.admits(message.height, at: now.uptimeMilliseconds)
        else { return }
        let isFirst = cosignaturesHelped.admits(message.height, at: now.uptimeMilliseconds)
        if !isFirst || isHelper(of: message.validator, at: message.height) {
            sendCosignatures(of: message.height)
        }
    }

    /// Helps a validator that catches up to the note of a height, once a second.
    mutating func sendCosignatures(of height: BlockHeight) {
        guard height <= committedHeight, !collector.isOpen(height),
            cosignaturesSent.admits(height, at: now.uptimeMilliseconds)
        else { return }
        actions.append(.answer(.cosignatures(height)))
    }

    private mutating func answer(_ query: SubmissionQuery) {
        guard query.validator != settings.validator else { return }
        // One answer has room for what one block may name of large submissions.
        for hash in query.hashes.prefix(64) {
            guard let submission = mempool.submission(hash),
                answered.admits(hash, at: now.uptimeMilliseconds)
            else { continue }
            send(submission, .direct)
        }
    }

    mutating func send(_ submission: Submission, _ way: OutboundMessage.Way = .bus) {
        actions.append(
            .send(
                OutboundMessage(
                    topic: .ledgerSubmissions, key: submission.keyID.bytes, bytes: submission.encoded,
                    way: way)))
    }
}
