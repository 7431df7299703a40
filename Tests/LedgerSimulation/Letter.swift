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
    /// The message once its signatures verified by the keys of genesis; nil when they did not.
    package let inbound: InboundMessage?
    /// The same by the keys of everybody who ever takes part.
    let signed: InboundMessage?

    fileprivate init(_ bytes: [UInt8], verifier: MessageVerifier, everybody: MessageVerifier?) {
        self.bytes = bytes
        message = try? LedgerMessage(decoding: bytes)
        inbound = message.flatMap { verifier.verify($0) }
        signed = inbound ?? message.flatMap { message in everybody.flatMap { $0.verify(message) } }
    }

    var kind: MessageKind { MessageKind(message) }
}

/// Reads and verifies each sequence of bytes once for all validators, which is most of the work saved.
struct PostOffice {
    /// What a letter says to those who know the same changes of the network.
    private struct Judged {
        // Held, so that no other letter takes its identity.
        let letter: Letter
        var inbound: [Int: InboundMessage?] = [:]
    }

    private let verifier: MessageVerifier
    private let everybody: MessageVerifier?
    private var letters: [[UInt8]: Letter] = [:]
    private var judged: [ObjectIdentifier: Judged] = [:]
    // Whatever was posted, in the order in which it was first seen, for replays.
    private(set) var history: [Letter] = []

    /// - Parameter everybody: names those too who join later; nil when nobody does.
    init(genesis: Genesis, everybody: NetworkHistory? = nil) {
        verifier = MessageVerifier(history: NetworkHistory(genesis))
        self.everybody = everybody.map { MessageVerifier(history: $0) }
    }

    /// What a letter says to a validator that knows the network's changes so far; nil when it does not
    /// verify.
    ///
    /// Whoever knows as many changes knows the same ones, or two chains would have been stored.
    mutating func inbound(_ letter: Letter, by history: NetworkHistory) -> InboundMessage? {
        let count = history.periods.count
        guard count > 1, let message = letter.message else { return letter.inbound }
        var known = judged[ObjectIdentifier(letter)] ?? Judged(letter: letter)
        if let inbound = known.inbound[count] { return inbound }
        let inbound = MessageVerifier(history: history).verify(message)
        known.inbound[count] = .some(inbound)
        judged[ObjectIdentifier(letter)] = known
        return inbound
    }

    /// Gives the letter of the bytes, and says whether it was never posted before.
    mutating func letter(_ bytes: [UInt8]) -> (letter: Letter, isNew: Bool) {
        if let letter = letters[bytes] { return (letter, false) }
        let letter = read(bytes)
        letters[bytes] = letter
        history.append(letter)
        return (letter, true)
    }

    /// Reads bytes that are not posted as they are.
    func read(_ bytes: [UInt8]) -> Letter {
        Letter(bytes, verifier: verifier, everybody: everybody)
    }
}
