extension JSONValue {
    /// Reads one document, strictly after RFC 8259.
    ///
    /// - Throws: `JSONError` at the first fault: bad grammar, invalid UTF-8, a duplicate name, a lone
    ///   surrogate, a byte order mark, bytes after the value, or a limit. Nothing is repaired.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            var parser = JSONParser(bytes: buffer, limits: limits)
            return try parser.document { (parser) throws(JSONError) in try parser.value() }
        }
    }
}

/// Reads JSON by recursive descent over borrowed bytes; it must not outlive them.
///
/// Arrays and objects are read through closures, so that the tree builder and the splitter share one
/// grammar.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    /// The index of the next byte.
    var position = 0
    private var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads the whole input as one value, by the closure given.
    mutating func document<Result>(
        _ read: (inout JSONParser) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(code: .tooLong, byteOffset: limits.bytesMax)
        }
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw JSONError(code: .byteOrderMark, byteOffset: 0)
        }
        skipWhiteSpace()
        let result = try read(&self)
        skipWhiteSpace()
        guard position == bytes.count else { throw fault(.trailingBytes) }
        return result
    }

    /// Reads the value that starts at the current byte; white space before it has been skipped.
    mutating func value() throws(JSONError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"):
            var members: [JSONMember] = []
            try readObject { (parser, name) throws(JSONError) in
                members.append(JSONMember(name: name, value: try parser.value()))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try readArray { (parser) throws(JSONError) in elements.append(try parser.value()) }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(JSONNumber(checkedLexeme: try numberLexeme()))
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            throw fault(.unexpectedByte)
        }
    }

    /// Reads an array and calls the closure at the first byte of each element.
    mutating func readArray(
        _ element: (inout JSONParser) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "["))
        if try peek() != UInt8(ascii: "]") {
            repeat {
                skipWhiteSpace()
                try element(&self)
                skipWhiteSpace()
            } while try takeComma(orEndAt: UInt8(ascii: "]"))
        }
        close()
    }

    /// Reads an object and calls the closure with each name, at the first byte of its value.
    mutating func readObject(
        _ member: (inout JSONParser, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        var names = MemberNames()
        try open(UInt8(ascii: "{"))
        if try peek() != UInt8(ascii: "}") {
            repeat {
                skipWhiteSpace()
                let nameOffset = position
                guard try peek() == UInt8(ascii: "\"") else { throw fault(.unexpectedByte) }
                let name = try string()
                guard names.insert(name) else {
                    throw JSONError(code: .duplicateName, byteOffset: nameOffset)
                }
                skipWhiteSpace()
                guard try peek() == UInt8(ascii: ":") else { throw fault(.unexpectedByte) }
                position += 1
                skipWhiteSpace()
                try member(&self, name)
                skipWhiteSpace()
            } while try takeComma(orEndAt: UInt8(ascii: "}"))
        }
        close()
    }

    /// Returns the current byte without taking it.
    func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        return bytes[position]
    }

    /// Makes an error at the current byte.
    func fault(_ code: JSONError.Code) -> JSONError {
        JSONError(code: code, byteOffset: position)
    }

    private mutating func open(_ bracket: UInt8) throws(JSONError) {
        guard try peek() == bracket else { throw fault(.unexpectedShape) }
        guard depth < limits.depthMax else { throw fault(.tooDeep) }
        depth += 1
        position += 1
        skipWhiteSpace()
    }

    private mutating func close() {
        depth -= 1
        position += 1
    }

    private mutating func takeComma(orEndAt bracket: UInt8) throws(JSONError) -> Bool {
        let byte = try peek()
        if byte == bracket { return false }
        guard byte == UInt8(ascii: ",") else { throw fault(.unexpectedByte) }
        position += 1
        return true
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else { throw fault(.unexpectedByte) }
            position += 1
        }
    }
}

/// The names met so far in one object, compared by code units.
private struct MemberNames {
    /// Below this count a walk is quicker than hashing; above it a walk would let an attacker make
    /// parsing quadratic.
    private static let walkMax = 16

    private struct Name: Hashable {
        let text: String

        static func == (left: Name, right: Name) -> Bool { sameCodeUnits(left.text, right.text) }
        func hash(into hasher: inout Hasher) { text.hashCodeUnits(into: &hasher) }
    }

    private var few: [String] = []
    private var many: Set<Name> = []

    /// Remembers a name and returns false when it is there already.
    mutating func insert(_ name: String) -> Bool {
        if few.count < Self.walkMax {
            for other in few where sameCodeUnits(other, name) { return false }
            few.append(name)
            return true
        }
        if many.isEmpty { many = Set(few.map(Name.init)) }
        return many.insert(Name(text: name)).inserted
    }
}
