extension JSONValue {
    /// Returns the document without white space: members in their order, numbers by their own digits.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// Returns the canonical form of RFC 8785 (JCS).
    ///
    /// - Throws: `JSONError` with `.duplicateName` (only in values that code has built) or
    ///   `.numberBeyondBinary64`: too large, so small that it would become zero, or an integer from 2⁵³
    ///   on whose digits binary64 would change.
    package func canonicalBytes() throws(JSONError) -> [UInt8] {
        var writer = JSONWriter()
        try writer.writeCanonically(self)
        return writer.bytes
    }
}

/// Numbers as ECMAScript writes them, which RFC 8785 section 3.2.2.3 prescribes.
package enum CanonicalNumber {
    /// Returns the text of a finite value; nil for infinities and NaN, which JSON cannot state.
    package static func text(of value: Double) -> String? {
        guard value.isFinite else { return nil }
        if value == 0 { return "0" }
        // Swift's description holds the shortest digits that read back as this value; only the layout
        // differs.
        let (digits, exponent) = significantDigits(of: value.magnitude.description)
        return (value < 0 ? "-" : "") + layOut(digits, exponent: exponent)
    }

    /// Returns the canonical text of a number as received; nil where binary64 would change what it says.
    static func text(of number: JSONNumber) -> String? {
        guard let value = number.double, let text = text(of: value) else { return nil }
        let isInteger = number.lexeme.utf8.allSatisfy {
            $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e")
        }
        // From 2⁵³ on integers have gaps: an identifier would silently become its neighbour.
        if isInteger, value.magnitude >= 9_007_199_254_740_992 { return text == number.lexeme ? text : nil }
        if value == 0 {
            let mantissa = number.lexeme.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }
            let isZero = !mantissa.contains { $0 > UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            return isZero ? text : nil
        }
        return text
    }

    /// Splits a description into digits d₁d₂… without outer zeros and the exponent n of 0.d₁d₂… × 10ⁿ.
    private static func significantDigits(of description: String) -> (digits: [UInt8], exponent: Int) {
        let parts = description.utf8.split(separator: UInt8(ascii: "e"))
        var exponent = parts.count > 1 ? Int(String(Substring(parts[1]))) ?? 0 : 0
        var digits: [UInt8] = []
        var sawPoint = false
        for byte in parts[0] {
            if byte == UInt8(ascii: ".") {
                sawPoint = true
                continue
            }
            digits.append(byte)
            if !sawPoint { exponent += 1 }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        let leadingZeroCount = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeroCount)
        return (digits, exponent - leadingZeroCount)
    }

    /// SPEC ECMA-262 Number::toString, steps 6 to 10.
    private static func layOut(_ digits: [UInt8], exponent: Int) -> String {
        let text = String(decoding: digits, as: UTF8.self)
        if digits.count <= exponent, exponent <= 21 {
            return text + String(repeating: "0", count: exponent - digits.count)
        }
        if exponent > 0, exponent <= 21 {
            return String(text.prefix(exponent)) + "." + String(text.dropFirst(exponent))
        }
        if exponent > -6, exponent <= 0 {
            return "0." + String(repeating: "0", count: -exponent) + text
        }
        let power = exponent - 1
        let fraction = digits.count > 1 ? "." + String(text.dropFirst()) : ""
        return String(text.prefix(1)) + fraction + "e" + (power < 0 ? "-" : "+") + String(power.magnitude)
    }
}

/// Writes compact JSON.
private struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .number(let number): append(number.lexeme)
        case .string(let text): quote(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                quote(member.name)
                bytes.append(UInt8(ascii: ":"))
                write(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    mutating func writeCanonically(_ value: JSONValue) throws(JSONError) {
        switch value {
        case .null, .bool, .string: write(value)
        case .number(let number):
            guard let text = CanonicalNumber.text(of: number) else {
                throw JSONError(code: .numberBeyondBinary64, byteOffset: 0)
            }
            append(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try writeCanonically(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members): try writeCanonically(members)
        }
    }

    private mutating func writeCanonically(_ members: [JSONMember]) throws(JSONError) {
        // SPEC RFC 8785 section 3.2.3: members are ordered by the UTF-16 code units of their names.
        let sorted = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in sorted.enumerated() {
            if index > 0 {
                guard !sameCodeUnits(sorted[index - 1].name, member.name) else {
                    throw JSONError(code: .duplicateName, byteOffset: 0)
                }
                bytes.append(UInt8(ascii: ","))
            }
            quote(member.name)
            bytes.append(UInt8(ascii: ":"))
            try writeCanonically(member.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// SPEC RFC 8785 section 3.2.2.2: the two-character escapes where there is one, else `\u00xx` in
    /// lower case.
    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0A: append("\\n")
            case 0x0C: append("\\f")
            case 0x0D: append("\\r")
            case 0..<0x20: append("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
