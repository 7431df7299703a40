/// Writes and reads lower-case hexadecimal.
package enum Hex {
    private static let digits: StaticString = "0123456789abcdef"

    /// Writes two lower-case digits a byte.
    package static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

    /// Writes two lower-case digits a byte from where the bytes lie.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { output in
            let digits = Hex.digits.utf8Start
            for index in 0..<bytes.count {
                output[index * 2] = digits[Int(bytes[index] >> 4)]
                output[index * 2 + 1] = digits[Int(bytes[index] & 0x0F)]
            }
            return bytes.count * 2
        }
    }

    /// Reads pairs of lower-case digits; nil for anything else, upper case included.
    ///
    /// Each value has one spelling, so text that names a key or a digest can be compared as text.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
