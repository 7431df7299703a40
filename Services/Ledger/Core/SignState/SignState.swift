package import Cryptography
package import LedgerProtocol
package import Model
import TransparencyLog

/// Why a validator does not sign.
package enum SignRefusal: String, Error, Hashable, Sendable {
    /// The height lies below the one of the sign-state.
    case heightIsOver = "a later height was signed for before"
    /// A later round of the height was signed for.
    case roundIsOver = "a later round of this height was signed for before"
    /// Something else was signed for this height, round and step.
    case alreadySigned = "another message was signed for this height, round and step before"
    /// A checkpoint of this height or a later one was cosigned.
    case alreadyCosigned = "another checkpoint of this height, or one of a later height, was cosigned before"
}

/// What a validator has signed: it is durable before anything signed leaves, and is read before anything
/// else.
///
/// INVARIANT: never two different messages for one height, round and step, never a checkpoint beside the one
/// cosigned for a height, whatever becomes of the database.
package struct SignState: Hashable, Sendable {
    /// The network for which it counts.
    package let networkID: NetworkID
    /// The validator whose signatures it tells of.
    package let validator: ValidatorIndex
    /// The height of what follows; 0 before anything was signed.
    package internal(set) var height = BlockHeight(0)
    /// The last proposal signed.
    package internal(set) var proposal: Proposal?
    /// The last prevote signed.
    package internal(set) var prevote: Vote?
    /// The last precommit signed.
    package internal(set) var precommit: Vote?
    /// The block that the validator is locked on.
    package internal(set) var lock: Lock?
    /// The value that it would propose again.
    package internal(set) var valid: ValidValue?
    /// The last cosignature, of whatever height.
    package internal(set) var cosignature: CosignatureMessage?

    /// Makes the sign-state of a key that has signed nothing.
    package init(networkID: NetworkID, validator: ValidatorIndex) {
        self.networkID = networkID
        self.validator = validator
    }

    /// The highest round of the height in which anything was signed.
    package var lastRound: UInt32? {
        [proposal?.round, prevote?.round, precommit?.round].compactMap { $0 }.max()
    }

    /// The messages of the height, for sending them again.
    package var messages: [LedgerMessage] {
        [proposal.map { .proposal($0) }, prevote.map { .vote($0) }, precommit.map { .vote($0) }].compactMap {
            $0
        }
    }

    /// Signs a vote, or gives the same vote again when it was signed before.
    ///
    /// - Throws: `SignRefusal`.
    package mutating func vote(
        _ step: VoteStep, height: BlockHeight, round: UInt32, blockHash: Digest?, signer: Signer
    ) throws(SignRefusal) -> Vote {
        let last: Vote?
        switch step {
        case .prevote: last = prevote
        case .precommit: last = precommit
        }
        if let last, last.height == height, last.round == round {
            guard last.blockHash == blockHash else { throw .alreadySigned }
            return last
        }
        try enter(height, round: round)
        let vote = Vote.make(
            networkID: networkID, step: step, height: height, round: round, blockHash: blockHash,
            validator: validator, signer: signer)
        switch step {
        case .prevote: prevote = vote
        case .precommit: precommit = vote
        }
        return vote
    }

    /// Signs a proposal, or gives the same proposal again when one was signed for its height and round
    /// before.
    ///
    /// - Throws: `SignRefusal`; `DecodingFault` when the content breaks a rule of the form.
    package mutating func propose(_ content: Proposal.Content, signer: Signer) throws -> Proposal {
        let height = content.blockEntry.height
        if let proposal, proposal.height == height, proposal.round == content.round {
            guard proposal.content == content else { throw SignRefusal.alreadySigned }
            return proposal
        }
        let signed = try Proposal.make(content, signer: signer)
        try enter(height, round: content.round)
        proposal = signed
        return signed
    }

    /// Cosigns the checkpoint of a final block, or gives the cosignature again that was made of it before.
    ///
    /// - Throws: `SignRefusal.alreadyCosigned` for a height below the last one or another text at it.
    package mutating func cosign(
        checkpointText: String, height: BlockHeight, time: Timestamp, signer: Signer
    ) throws(SignRefusal) -> CosignatureMessage {
        let hash = FinalBlock.hash(ofCheckpointText: checkpointText)
        if let last = cosignature, last.height >= height {
            guard last.height == height, last.checkpointHash == hash else { throw .alreadyCosigned }
            return last
        }
        let seconds = UInt64(max(time.seconds, 0))
        let message = CosignatureMessage(
            networkID: networkID, height: height, validator: validator, checkpointHash: hash,
            cosignature: Cosignature(signing: checkpointText, time: seconds, with: signer))
        cosignature = message
        return message
    }

    /// Takes over what the agreement of the height is bound to, so that it is durable with the next
    /// signature.
    package mutating func bind(lock: Lock?, valid: ValidValue?, height: BlockHeight) {
        guard height == self.height else { return }
        self.lock = lock
        self.valid = valid
    }

    /// Admits a new signature for a height and round that are not over.
    private mutating func enter(_ newHeight: BlockHeight, round: UInt32) throws(SignRefusal) {
        guard newHeight >= height else { throw .heightIsOver }
        if newHeight > height {
            // The caller works on a height only when the one before is decided, so nothing of it is needed.
            height = newHeight
            (proposal, prevote, precommit, lock, valid) = (nil, nil, nil, nil, nil)
        }
        guard round >= lastRound ?? 0 else { throw .roundIsOver }
    }
}
