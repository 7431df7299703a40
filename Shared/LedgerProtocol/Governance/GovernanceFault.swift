/// Says why a governance document does not change the network.
package struct GovernanceFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Hashable, Sendable {
        /// The bytes are not such a document in its one spelling.
        case malformed
        /// It is for another network.
        case wrongNetwork = "wrong-network"
        /// It replaces another state than the one in force.
        case stale
        /// The height at which it ends is past.
        case expired
        /// A signature is by no organisation of the network, or does not verify.
        case badSignature = "bad-signature"
        /// Too few organisations signed.
        case quorumNotMet = "quorum-not-met"
        /// The network would break a rule.
        case notAllowed = "not-allowed"
    }

    /// The kind of fault.
    package let code: Code
    /// What is wrong and what to do, in lower case and without a full stop.
    package let sentence: String

    package var description: String { sentence }

    init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    /// The code with which validators refuse the submission.
    package var refusal: RefusalCode {
        switch code {
        case .stale: .governanceStale
        case .expired: .governanceExpired
        case .malformed, .wrongNetwork, .badSignature, .quorumNotMet, .notAllowed: .governanceNotAllowed
        }
    }
}
