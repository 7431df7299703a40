/// Changes of texts: lines, words, and spellings that look alike.
enum TextChange {
    /// What parsers trip over: ends of lines, numbers beyond their width, and characters that Unicode holds
    /// equal to others, such as the Kelvin sign to K.
    private static let words: [[UInt8]] =
        [
            "\n", "\n\n", "\r\n", " ", "\t", "\0", "\u{2014} ", "\u{A0}", "\u{2028}", "\u{FEFF}", "\u{301}",
            "\u{212A}",
            "+", "=", "/", ".", ".p/", "x", "0", "00", "-", "-0", "1", "9", "255", "256",
            "18446744073709551615",
            "18446744073709551616", "9007199254740993", "1e400", "1E-400", "0.0", "\"", "\\", "\\u0000",
            "\\ud800",
            "\\ud800\\udc00", "\\/", "{", "}", "[", "]", "{}", "[[[[[[[[[[", ",", ":", "null", "true",
            "\"a\":1,", "extra ",
            "index ", "old ", "AA==", "tile/", "entries/", "Z", "+00:00", "24", "60",
        ].map { [UInt8]($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x80]]

    static func apply(to bytes: inout [UInt8], _ random: inout SeededRandom) {
        switch random.below(6) {
        case 0, 1: bytes.insert(contentsOf: random.pick(words), at: random.below(bytes.count + 1))
        case 2: replaceWord(&bytes, &random)
        case 3: replaceByLookalike(&bytes, &random)
        default: moveLine(&bytes, &random)
        }
    }

    private static func replaceWord(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let start = random.below(bytes.count + 1)
        let end = min(bytes.count, start + random.below(8))
        bytes.replaceSubrange(start..<end, with: random.pick(words))
    }

    /// Replaces a K by the Kelvin sign, which Swift's own comparison of strings takes for the same.
    private static func replaceByLookalike(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let start = random.below(bytes.count + 1)
        guard let place = bytes[start...].firstIndex(of: UInt8(ascii: "K")) else { return }
        bytes.replaceSubrange(place...place, with: [0xE2, 0x84, 0xAA])
    }

    /// Repeats, drops or moves a line, or in a document of one line a member.
    private static func moveLine(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let separator = bytes.contains(UInt8(ascii: "\n")) ? UInt8(ascii: "\n") : UInt8(ascii: ",")
        var lines = bytes.split(separator: separator, omittingEmptySubsequences: false)
        guard lines.count > 1 else { return }
        let place = random.below(lines.count)
        switch random.below(3) {
        case 0: lines.insert(lines[place], at: random.below(lines.count))
        case 1: lines.remove(at: place)
        default: lines.swapAt(place, random.below(lines.count))
        }
        bytes = Array(lines.joined(separator: [separator]))
    }
}
