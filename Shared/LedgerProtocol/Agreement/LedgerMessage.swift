/// Any message of the topics `ledger.submissions`, `ledger.consensus` and `ledger.blocks`, told apart by
/// its magic.
package enum LedgerMessage: Hashable, Sendable {
    /// Entries of a service.
    case submission(Submission)
    /// A proposed block.
    case proposal(Proposal)
    /// A prevote or precommit.
    case vote(Vote)
    /// What makes a block final.
    case certificate(Certificate)
    /// A cosignature on a final checkpoint.
    case cosignature(CosignatureMessage)
    /// A question for submissions.
    case submissionQuery(SubmissionQuery)
    /// A validator's height.
    case heightStatus(HeightStatus)
    /// A final block.
    case finalBlock(FinalBlock)
    /// Proof that a validator voted twice.
    case doubleVote(DoubleVote)

    /// Reads one message.
    ///
    /// - Throws: `DecodingFault`; `.countOutOfRange` above 900,000 bytes, `.wrongMagic` for an unknown
    ///   form.
    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        guard bytes.count <= ProtocolLimits.recordBytesMax else {
            throw DecodingFault(.countOutOfRange, form: "ledger message", byteOffset: bytes.count)
        }
        switch String(decoding: bytes.prefix(4), as: UTF8.self) {
        case Submission.magic: self = .submission(try Submission(decoding: bytes))
        case Proposal.magic: self = .proposal(try Proposal(decoding: bytes))
        case Vote.magic: self = .vote(try Vote(decoding: bytes))
        case Certificate.magic: self = .certificate(try Certificate(decoding: bytes))
        case CosignatureMessage.magic: self = .cosignature(try CosignatureMessage(decoding: bytes))
        case SubmissionQuery.magic: self = .submissionQuery(try SubmissionQuery(decoding: bytes))
        case HeightStatus.magic: self = .heightStatus(try HeightStatus(decoding: bytes))
        case FinalBlock.magic: self = .finalBlock(try FinalBlock(decoding: bytes))
        case DoubleVote.magic: self = .doubleVote(try DoubleVote(decoding: bytes))
        default: throw DecodingFault(.wrongMagic, form: "ledger message", byteOffset: 0)
        }
    }

    /// The bytes of the message.
    package var encoded: [UInt8] {
        switch self {
        case .submission(let message): message.encoded
        case .proposal(let message): message.encoded
        case .vote(let message): message.encoded
        case .certificate(let message): message.encoded
        case .cosignature(let message): message.encoded
        case .submissionQuery(let message): message.encoded
        case .heightStatus(let message): message.encoded
        case .finalBlock(let message): message.encoded
        case .doubleVote(let message): message.encoded
        }
    }
}
