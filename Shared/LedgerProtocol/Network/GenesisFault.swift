/// Says why a genesis file is refused.
package struct GenesisFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Hashable, Sendable {
        /// The bytes are not JSON, or not in its canonical form.
        case notCanonical = "not-canonical"
        /// A member is missing, unknown or of the wrong kind.
        case wrongMembers = "wrong-members"
        /// A value is not one that the member allows.
        case wrongValue = "wrong-value"
        /// A name, id or key is used twice.
        case repeated = "repeated"
        /// An organisation is named that the file does not have.
        case unknownOrganization = "unknown-organization"
    }

    /// The kind of fault.
    package let code: Code
    /// What is wrong and where, in lower case and without a full stop.
    package let sentence: String

    package var description: String { sentence }

    init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    static func wrong(
        _ path: String, _ expected: String, in document: String = "genesis file"
    ) -> GenesisFault {
        GenesisFault(.wrongValue, "`\(path)` of the \(document) must be \(expected)")
    }
}
