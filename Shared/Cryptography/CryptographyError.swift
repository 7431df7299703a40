/// Says why a cryptographic operation was refused; never carries a key, a plaintext or a ciphertext.
package struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Names the kind of refusal.
    package enum Code: String, Hashable, Sendable {
        /// The bytes are not a key that this suite accepts.
        case invalidKey = "invalid-key"
        /// An argument has a length that the algorithm does not take.
        case invalidLength = "invalid-length"
        /// The ciphertext was not made with this key, nonce and associated data.
        case authenticationFailed = "authentication-failed"
        /// A known answer differed, so the library must not be used.
        case selfTestFailed = "self-test-failed"
    }

    /// The kind of refusal.
    package let code: Code
    /// What happened and what to do next, in one lower-case sentence.
    package let sentence: String

    /// The same as `sentence`.
    package var description: String { sentence }

    init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    static let sealedDataRefused = CryptographyError(
        .authenticationFailed,
        "the sealed bytes do not open under this key and context; check which key sealed them")
}
