/// Says why a well-formed message is not to be believed.
package struct ProtocolFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Hashable, Sendable {
        /// The message names another network.
        case wrongNetwork = "wrong-network"
        /// The message names a validator that genesis does not have.
        case unknownValidator = "unknown-validator"
        /// A signature does not verify under the key that genesis names.
        case badSignature = "bad-signature"
        /// Fewer validators signed than the quorum.
        case quorumNotMet = "quorum-not-met"
        /// Parts of the message do not belong together.
        case inconsistent = "inconsistent"
        /// The message does not follow on what came before.
        case wrongPredecessor = "wrong-predecessor"
        /// The root that the entries give is not the one that was signed.
        case wrongRoot = "wrong-root"
        /// Two checkpoints of one size have different roots: the ledger forked.
        case forked = "forked"
        /// The receipt speaks of submissions that are not those given.
        case wrongSubmission = "wrong-submission"
    }

    /// The kind of fault.
    package let code: Code
    /// What is wrong, in lower case and without a full stop.
    package let sentence: String

    /// States a fault.
    package init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    package var description: String { sentence }
}
