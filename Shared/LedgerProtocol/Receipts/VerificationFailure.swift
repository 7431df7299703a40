/// Says which of receipt, event and genesis failed verification, and how.
package struct VerificationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the failure is of.
    package enum Part: String, Hashable, Sendable {
        /// The `tlog-proof` file.
        case receipt
        /// The disclosure file.
        case event
        /// The genesis file.
        case genesis
        /// The changes to the network since.
        case changes
    }

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable {
        /// The bytes are not such a file.
        case malformed
        /// The bytes are such a file in another spelling than the one allowed.
        case notCanonical = "not-canonical"
        /// Payload and entry have different ids.
        case wrongEntry = "wrong-entry"
        /// The commitment is of another payload, opening or network.
        case wrongCommitment = "wrong-commitment"
        /// The entry's submitter is no service of the network.
        case unknownSubmitter = "unknown-submitter"
        /// The checkpoint is of another log.
        case wrongNetwork = "wrong-network"
        /// A signature is repeated or does not verify.
        case badSignature = "bad-signature"
        /// A signature is by no validator that is known at the size; the network may have changed.
        case unknownValidator = "unknown-validator"
        /// Too few validators cosigned.
        case quorumNotMet = "quorum-not-met"
        /// The key that signed the entry may have been another's by then.
        case compromisedKey = "compromised-key"
        /// The inclusion proof does not lead from the entry to the root.
        case notIncluded = "not-included"
    }

    /// What the failure is of.
    package let part: Part
    /// The kind of failure.
    package let code: Code
    /// How it failed, in lower case and without a full stop.
    package let sentence: String

    /// States a failure.
    package init(part: Part, code: Code, sentence: String) {
        self.part = part
        self.code = code
        self.sentence = sentence
    }

    /// The failure in one sentence that starts with the part.
    package var description: String { "\(part.rawValue) is not valid: \(sentence)" }

    static func receipt(_ code: Code, _ sentence: String) -> VerificationFailure {
        VerificationFailure(part: .receipt, code: code, sentence: sentence)
    }

    static func event(_ code: Code, _ sentence: String) -> VerificationFailure {
        VerificationFailure(part: .event, code: code, sentence: sentence)
    }
}
