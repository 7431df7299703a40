/// Reads the small tokens of which the C2SP texts are made; each value has one accepted spelling.
enum NoteText {
    static let newline = UInt8(ascii: "\n")

    /// Reads a decimal number without sign, spaces or leading zeros; nil for anything else.
    static func decimal(_ text: some Collection<UInt8>) -> UInt64? {
        guard let first = text.first, first != UInt8(ascii: "0") || text.count == 1 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = shifted.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !overflowed, !carried else { return nil }
            value = sum
        }
        return value
    }

    /// Compares byte for byte, because `==` on strings also equates different spellings in Unicode.
    static func same(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    /// Splits text whose every line ends in a newline; nil when the last one does not.
    static func lines<Text: BidirectionalCollection<UInt8>>(of text: Text) -> [Text.SubSequence]? {
        guard text.last == newline else { return text.isEmpty ? [] : nil }
        return text.dropLast().split(separator: newline, omittingEmptySubsequences: false)
    }

    static func string(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// Says which names the signed-note text allows.
package enum NoteName {
    /// Says whether the name can stand in a signature line: not empty, no Unicode space, no plus, no
    /// control.
    package static func isValid(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { $0 != "+" && $0.value >= 0x20 && !$0.properties.isWhitespace }
    }
}
