package import LedgerCore
package import LedgerProtocol

/// What a message on the bus is, whatever is in it.
package enum MessageKind: String, Hashable, Sendable, CaseIterable {
    /// Entries of a service.
    case submission
    /// A proposed block.
    case proposal
    /// A prevote or precommit.
    case vote
    /// A cosignature on a checkpoint.
    case cosignature
    /// A question for submissions.
    case query
    /// A validator's height.
    case status
    /// A block with its certificate.
    case finalBlock
    /// Proof that a validator voted twice.
    case doubleVote
    /// Bytes that mean nothing.
    case noise

    init(_ message: LedgerMessage?) {
        self =
            switch message {
            case .submission: .submission
            case .proposal: .proposal
            case .vote: .vote
            case .cosignature: .cosignature
            case .submissionQuery: .query
            case .heightStatus: .status
            case .finalBlock: .finalBlock
            case .doubleVote: .doubleVote
            case .certificate, nil: .noise
            }
    }
}

/// Bytes on the bus with what they turned out to be.
package final class Letter: Sendable {
    /// The bytes.
    package let bytes: [UInt8]
    /// What they say; nil when they are no message.
    package let message: LedgerMessage?
    /// The message once its signatures verified; nil when they did not.
    package let inbound: InboundMessage?

    fileprivate init(_ bytes: [UInt8], verifier: MessageVerifier) {
        self.bytes = bytes
        message = try? LedgerMessage(decoding: bytes)
        inbound = message.flatMap { verifier.verify($0) }
    }

    var kind: MessageKind { MessageKind(message) }
}

/// Reads and verifies each sequence of bytes once for all validators, which is most of the work saved.
struct PostOffice {
    private let verifier: MessageVerifier
    private var letters: [[UInt8]: Letter] = [:]
    // Whatever was posted, in the order in which it was first seen, for replays.
    private(set) var history: [Letter] = []

    init(genesis: Genesis) { verifier = MessageVerifier(history: NetworkHistory(genesis)) }

    /// Gives the letter of the bytes, and says whether it was never posted before.
    mutating func letter(_ bytes: [UInt8]) -> (letter: Letter, isNew: Bool) {
        if let letter = letters[bytes] { return (letter, false) }
        let letter = Letter(bytes, verifier: verifier)
        letters[bytes] = letter
        history.append(letter)
        return (letter, true)
    }

    /// Reads bytes that are not posted as they are.
    func read(_ bytes: [UInt8]) -> Letter { Letter(bytes, verifier: verifier) }
}
