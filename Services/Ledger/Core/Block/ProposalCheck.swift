package import Cryptography
package import LedgerProtocol
package import Model

/// What a validator finds when it rebuilds a proposal.
package enum ProposalCheck: Sendable {
    /// The block is as proposed; `isTimely` says whether it may be voted for as a new one.
    case valid(BuiltBlock, isTimely: Bool)
    /// These submissions are not held here.
    case missing([Digest])
    /// The proposal breaks a rule.
    case invalid(BlockFault)

    /// Rebuilds a proposal from held submissions.
    ///
    /// - Parameters:
    ///   - now: this validator's clock; it counts only for a proposal without a valid round.
    ///   - known: a block that was built of the same submissions before.
    package static func check(
        _ proposal: Proposal, on head: ChainHead, mempool: Mempool, now: Timestamp,
        known: BuiltBlock? = nil
    ) -> ProposalCheck {
        if let known, known.entry == proposal.content.blockEntry,
            known.checkpointText == proposal.content.checkpointText
        {
            return .valid(known, isTimely: isTimely(proposal, limits: head.network.limits, now: now))
        }
        var submissions: [Submission] = []
        var missing: [Digest] = []
        for hash in proposal.content.submissionHashes {
            if let submission = mempool.submission(hash) {
                submissions.append(submission)
            } else {
                missing.append(hash)
            }
        }
        guard missing.isEmpty else { return .missing(missing) }
        do throws(BlockFault) {
            let block = try BlockRules.rebuild(
                entry: proposal.content.blockEntry, checkpointText: proposal.content.checkpointText,
                submissions: submissions, on: head, nextSequence: { mempool.nextSequence(of: $0) })
            return .valid(block, isTimely: isTimely(proposal, limits: head.network.limits, now: now))
        } catch {
            return .invalid(error)
        }
    }

    /// A re-proposal carries a quorum of prevotes, so its time was judged when it was new.
    private static func isTimely(_ proposal: Proposal, limits: GenesisLimits, now: Timestamp) -> Bool {
        if proposal.content.validRound != nil { return true }
        let (difference, overflow) = proposal.content.blockEntry.time.milliseconds
            .subtractingReportingOverflow(now.milliseconds)
        let tolerance = Int64(limits.proposalClockToleranceMilliseconds)
        return !overflow && (-tolerance...tolerance).contains(difference)
    }
}
