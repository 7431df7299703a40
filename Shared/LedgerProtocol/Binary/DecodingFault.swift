/// Says why bytes are not a binary form of the protocol, and where; never carries the bytes.
package struct DecodingFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Code: String, Hashable, Sendable {
        /// The bytes end inside the form.
        case truncated = "bytes end too early"
        /// Bytes follow the form.
        case trailingBytes = "bytes follow the end"
        /// The first four bytes name another form, or none.
        case wrongMagic = "magic does not name this form"
        /// A count or length is outside what the form allows.
        case countOutOfRange = "count is outside the limits"
        /// A value is outside what its field allows.
        case valueOutOfRange = "value is outside the field's range"
        /// Elements that must ascend or be distinct do not or are not.
        case wrongOrder = "elements are repeated or out of order"
        /// Two fields that state the same thing differ.
        case contradiction = "two fields contradict each other"
        /// A text is not UTF-8.
        case invalidText = "text is not UTF-8"
    }

    /// What is wrong.
    package let code: Code
    /// The form that was expected, by its magic.
    package let form: String
    /// The index of the byte at which it was noticed.
    package let byteOffset: Int

    /// States a fault and its place.
    package init(_ code: Code, form: String, byteOffset: Int) {
        self.code = code
        self.form = form
        self.byteOffset = byteOffset
    }

    /// The fault in words.
    package var description: String {
        "\(code.rawValue) at byte `\(byteOffset)` of a `\(form)` form; ask its sender for the exact bytes"
    }
}
