package import Cryptography
package import LedgerProtocol
package import Model

/// Why a block does not belong on the chain.
package enum BlockFault: String, Error, Hashable, Sendable {
    /// The block entry names another height or another block before it.
    case wrongPredecessor = "the block does not follow on the newest final one"
    /// The time is not later than that of the block before.
    case timeNotLater = "the block's time is not later than that of the block before"
    /// The block entry names another set of validators.
    case wrongValidatorSet = "the block names another set of validators"
    /// A key's sequences do not go on where the chain ended, or the order is wrong.
    case wrongSequence = "the submissions do not go on where the chain ended"
    /// A submission breaks a rule that does not depend on the chain.
    case submissionRefused = "a submission of the block is refused by rule"
    /// There are more entries or bytes than a block may have.
    case tooLarge = "the block has more entries or bytes than it may have"
    /// What the submissions give is not the header that was signed.
    case wrongHeader = "the header is not the one that the submissions give"
}

/// The rules that every block obeys, whether it is proposed now or was final long ago.
package enum BlockRules {
    /// The bytes that a submission takes in a block: its own and those of its length.
    package static func byteCount(of submission: Submission) -> Int { submission.encoded.count + 4 }

    /// Rebuilds a block from its submissions and compares it bit for bit.
    ///
    /// - Parameter nextSequence: gives a key's next sequence, nil for a key that may not submit.
    /// - Throws: `BlockFault` for the first rule that it breaks.
    package static func rebuild(
        entry: BlockEntry, checkpointText: String, submissions: [Submission], on head: ChainHead,
        nextSequence: (KeyID) -> UInt64?
    ) throws(BlockFault) -> BuiltBlock {
        guard entry.height == head.height.next, entry.previous == head.hash else {
            throw .wrongPredecessor
        }
        guard entry.time > head.time else { throw .timeNotLater }
        try checkSequences(submissions, nextSequence: nextSequence)
        try checkLimits(submissions, limits: head.network.limits)
        let next: NetworkState
        do throws(RefusalCode) {
            next = try GovernanceRules.nextState(after: submissions, on: head.network, at: entry.height)
        } catch {
            throw .submissionRefused
        }
        guard entry.validatorSet == head.network.validatorSetHash,
            entry.nextValidatorSet == next.validatorSetHash
        else { throw .wrongValidatorSet }
        let block = BlockBuilder.build(on: head, time: entry.time, submissions: submissions, next: next)
        guard block.entry == entry, block.checkpointText == checkpointText else { throw .wrongHeader }
        return block
    }

    /// Says why a submission cannot be in the next block; nil when it may be.
    ///
    /// - Parameters:
    ///   - network: the network by which the next block is judged.
    ///   - height: the height of that block.
    package static func refusal(
        of submission: Submission, network: NetworkState, height: BlockHeight
    ) -> RefusalCode? {
        do throws(RefusalCode) {
            _ = try GovernanceRules.nextState(after: submission, on: network, at: height)
        } catch {
            return error
        }
        return sizeRefusal(of: submission, limits: network.limits)
    }

    private static func sizeRefusal(of submission: Submission, limits: GenesisLimits) -> RefusalCode? {
        guard submission.entryCount <= limits.blockEntriesMax,
            byteCount(of: submission) <= limits.blockBytesMax
        else { return .tooLarge }
        return nil
    }

    /// Ascending by key and sequence, each key without a gap from its next sequence.
    private static func checkSequences(
        _ submissions: [Submission], nextSequence: (KeyID) -> UInt64?
    ) throws(BlockFault) {
        var expected: (keyID: KeyID, sequence: UInt64)?
        for submission in submissions {
            if let key = expected?.keyID, submission.keyID < key { throw .wrongSequence }
            if expected?.keyID != submission.keyID {
                guard let next = nextSequence(submission.keyID) else { throw .submissionRefused }
                expected = (submission.keyID, next)
            }
            guard submission.sequence == expected?.sequence else { throw .wrongSequence }
            expected?.sequence += 1
        }
    }

    private static func checkLimits(
        _ submissions: [Submission], limits: GenesisLimits
    ) throws(BlockFault) {
        var entryCount = 0
        var byteCount = 0
        for submission in submissions {
            guard sizeRefusal(of: submission, limits: limits) == nil else { throw .submissionRefused }
            entryCount += submission.entryCount
            byteCount += Self.byteCount(of: submission)
        }
        guard entryCount <= limits.blockEntriesMax, byteCount <= limits.blockBytesMax else { throw .tooLarge }
    }
}
