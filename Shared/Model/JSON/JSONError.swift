/// Says why bytes are not a document that this project accepts, and where.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Code: String, Hashable, Sendable {
        /// The document is longer than the limit.
        case tooLong = "document is longer than the limit"
        /// The document starts with a byte order mark, which RFC 8259 section 8.1 forbids to send.
        case byteOrderMark = "document starts with a byte order mark"
        /// The document ends inside a value.
        case unexpectedEnd = "document ends inside a value"
        /// A byte stands where the grammar allows none of its kind.
        case unexpectedByte = "unexpected byte"
        /// Something other than white space follows the value.
        case trailingBytes = "bytes after the value"
        /// Arrays and objects are nested deeper than the limit.
        case tooDeep = "values are nested too deeply"
        /// An object states one name twice.
        case duplicateName = "duplicate member name"
        /// A number is not in the grammar of RFC 8259 section 6.
        case invalidNumber = "invalid number"
        /// A number has more characters than the limit.
        case numberTooLong = "number has too many digits"
        /// A number cannot be held by binary64, so it has no canonical form.
        case numberBeyondBinary64 = "number beyond binary64"
        /// A string contains an unescaped control character.
        case controlCharacter = "unescaped control character in a string"
        /// A string contains an unknown or unfinished escape.
        case invalidEscape = "invalid escape in a string"
        /// An escaped surrogate has no partner.
        case loneSurrogate = "lone surrogate in a string"
        /// A string is not UTF-8.
        case invalidUTF8 = "string is not UTF-8"
        /// The splitter met another kind of value than the document's shape asks for.
        case unexpectedShape = "value of another kind than expected"
    }

    /// What is wrong.
    package let code: Code
    /// The index of the byte at which it was noticed; 0 when the value did not come from bytes.
    package let byteOffset: Int

    /// States a fault and its place.
    package init(code: Code, byteOffset: Int) {
        self.code = code
        self.byteOffset = byteOffset
    }

    /// The fault in words, without any of the document's content.
    package var description: String {
        "\(code.rawValue) at byte `\(byteOffset)`; correct the JSON document"
    }
}

/// The bounds within which a document is read.
package struct JSONLimits: Hashable, Sendable {
    /// How deeply arrays and objects may be nested; each level takes stack, and FHIR stays below 20.
    package let depthMax: Int
    /// How many bytes a document may have.
    package let bytesMax: Int
    /// How many characters a number may have; FHIR decimals stay below 20.
    package let numberBytesMax: Int

    /// States bounds.
    package init(depthMax: Int = 64, bytesMax: Int = 64 << 20, numberBytesMax: Int = 1_024) {
        self.depthMax = depthMax
        self.bytesMax = bytesMax
        self.numberBytesMax = numberBytesMax
    }

    /// The bounds for everything that comes from outside: 64 levels, 64 MiB, numbers of 1,024
    /// characters.
    package static let standard = JSONLimits()
}
