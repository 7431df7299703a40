package import Cryptography
package import LedgerProtocol
package import Model

/// A message whose signatures verified; only `MessageVerifier` makes one.
package struct Verified<Message: Hashable & Sendable>: Hashable, Sendable {
    /// The message.
    package let message: Message

    fileprivate init(_ message: Message) { self.message = message }
}

/// What a message on the bus turned out to be.
package enum InboundMessage: Sendable {
    /// Entries of a service of this network.
    case submission(Verified<Submission>)
    /// A submission that no validator may take, with the reason.
    case refused(Submission, RefusalCode)
    /// A block that its proposer signed.
    case proposal(Verified<Proposal>)
    /// A prevote or precommit.
    case vote(Verified<Vote>)
    /// Its signature is over the checkpoint text, so it is verified where that is known.
    case cosignature(CosignatureMessage)
    /// It is not signed; answers to it are limited.
    case query(SubmissionQuery)
    /// On which height a validator works.
    case status(Verified<HeightStatus>)
    /// Certificate and submissions verified; that it follows on the chain is for the receiver.
    case finalBlock(Verified<FinalBlock>)
    /// A block of a height that is stored here, not even decoded: somebody who was behind was sent it.
    case settledBlock(BlockHeight)
    /// A validator's fault, proven by its own signatures.
    case doubleVote(Verified<DoubleVote>)
}

/// Checks messages against the keys that are or were in force, away from the state that they will change.
///
/// Whether a key counts at the height of a message is for the receiver, who knows that height.
package struct MessageVerifier: Sendable {
    private let history: NetworkHistory

    /// Makes a verifier for a network as far as its changes are known.
    package init(history: NetworkHistory) { self.history = history }

    /// Verifies any message of the ledger's topics; nil for one that is not to be believed.
    package func verify(_ message: LedgerMessage) -> InboundMessage? {
        switch message {
        case .submission(let submission):
            do throws(RefusalCode) {
                return .submission(try verify(submission))
            } catch {
                return .refused(submission, error)
            }
        case .proposal(let proposal): return verify(proposal).map { .proposal($0) }
        case .vote(let vote): return verify(vote).map { .vote($0) }
        case .cosignature(let message):
            guard message.networkID == history.networkID, history.validator(message.validator) != nil else {
                return nil
            }
            return .cosignature(message)
        case .submissionQuery(let query):
            return query.networkID == history.networkID ? .query(query) : nil
        case .heightStatus(let status):
            do throws(ProtocolFault) { try status.verify(history) } catch { return nil }
            return .status(Verified(status))
        case .finalBlock(let block): return verify(block).map { .finalBlock($0) }
        case .doubleVote(let doubleVote):
            do throws(ProtocolFault) { try doubleVote.verify(history) } catch { return nil }
            return .doubleVote(Verified(doubleVote))
        // A certificate says nothing without its block, and travels inside it.
        case .certificate: return nil
        }
    }

    /// Verifies a submission under the key of a service or organisation of this network.
    ///
    /// - Throws: `RefusalCode` as it is stated to the submitter.
    package func verify(_ submission: Submission) throws(RefusalCode) -> Verified<Submission> {
        guard submission.networkID == history.networkID else { throw .wrongNetwork }
        guard let submitter = history.submitter(submission.keyID) else { throw .unknownKey }
        try submission.verify(key: submitter.key, networkID: history.networkID)
        return Verified(submission)
    }

    /// Verifies a vote; nil when it is not signed by its validator.
    package func verify(_ vote: Vote) -> Verified<Vote>? {
        do throws(ProtocolFault) { try vote.verify(history) } catch { return nil }
        return Verified(vote)
    }

    /// Verifies a proposal with the prevotes that it carries.
    package func verify(_ proposal: Proposal) -> Verified<Proposal>? {
        do throws(ProtocolFault) { try proposal.verify(history) } catch { return nil }
        return Verified(proposal)
    }

    /// Verifies the certificate of a final block and the signatures of its submissions.
    ///
    /// The certificate covers the entries and not the submissions' sequences, hence both. A block behind a
    /// change that is not known here may be refused; it is sent again when this validator has come there.
    ///
    /// - Parameter isKnown: whether the submission with these bytes verified before.
    package func verify(
        _ block: FinalBlock, isKnown: (Digest) -> Bool = { _ in false }
    ) -> Verified<FinalBlock>? {
        do throws(ProtocolFault) { try block.certificate.verify(history.state(at: block.height)) } catch {
            return nil
        }
        guard block.certificate.blockHash == block.blockHash else { return nil }
        for submission in block.submissions where !isKnown(submission.hash) {
            do throws(RefusalCode) { _ = try verify(submission) } catch { return nil }
        }
        return Verified(block)
    }
}
