/// A JSON document as received: member order and the digits of every number are kept.
///
/// Two strings or names are equal only when their code units are: Swift's own string equality follows
/// Unicode's canonical equivalence, under which two different documents would count as one.
package enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// The literal `true` or `false`.
    case bool(Bool)
    /// A number, held as the digits that stated it.
    case number(JSONNumber)
    /// A string of Unicode scalars.
    case string(String)
    /// The elements in their order.
    case array([JSONValue])
    /// The members in their order; a parsed object never holds a name twice.
    case object([JSONMember])
}

/// One name and its value inside an object.
package struct JSONMember: Sendable {
    /// The name, with escapes resolved.
    package let name: String
    /// The value of this name.
    package let value: JSONValue

    /// Pairs a name with its value.
    package init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// A JSON number that keeps its digits, since a FHIR decimal `1.50` is not `1.5`.
package struct JSONNumber: Hashable, Sendable {
    /// The number in the grammar of RFC 8259, exactly as received or as written by an initialiser.
    package let lexeme: String

    /// Takes text that the parser has already held against the grammar.
    init(checkedLexeme lexeme: String) {
        self.lexeme = lexeme
    }

    /// Writes an integer.
    package init(_ value: Int) {
        lexeme = String(value)
    }

    /// Writes a signed integer.
    package init(_ value: Int64) {
        lexeme = String(value)
    }

    /// Writes an unsigned integer.
    package init(_ value: UInt64) {
        lexeme = String(value)
    }

    /// The value as an integer; nil when it is written with a fraction or exponent or does not fit.
    package var int64: Int64? { Int64(lexeme) }

    /// The nearest binary64 value; nil when the number is beyond its range.
    package var double: Double? {
        guard let value = Double(lexeme), value.isFinite else { return nil }
        return value
    }
}

/// Tells whether two strings hold the same code units.
func sameCodeUnits(_ left: String, _ right: String) -> Bool {
    // The library's comparison is the quick way to a "no"; canonical equivalence includes identity.
    left == right && left.utf8.elementsEqual(right.utf8)
}

extension String {
    /// Feeds the code units, so that strings which differ in them need not collide.
    func hashCodeUnits(into hasher: inout Hasher) {
        var copy = self
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(utf8.count)
    }
}

extension JSONMember: Hashable {
    /// Tells whether name and value are the same, code unit by code unit.
    package static func == (left: JSONMember, right: JSONMember) -> Bool {
        sameCodeUnits(left.name, right.name) && left.value == right.value
    }

    /// Hashes what `==` compares.
    package func hash(into hasher: inout Hasher) {
        name.hashCodeUnits(into: &hasher)
        hasher.combine(value)
    }
}

extension JSONValue: Hashable {
    /// Tells whether two documents are the same: order of members and digits of numbers included.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): sameCodeUnits(one, other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }

    /// Hashes what `==` compares.
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): value.hashCodeUnits(into: &hasher)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}
