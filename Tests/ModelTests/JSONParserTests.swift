import Model
import Testing

@Suite struct JSONParserTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let code: JSONError.Code
        let offset: Int
        var testDescription: String { "\(code) in \(text.prefix(24))" }

        init(_ text: String, _ code: JSONError.Code, _ offset: Int) {
            self.text = text
            self.code = code
            self.offset = offset
        }
    }

    static let refused: [Refused] = [
        Refused("", .unexpectedEnd, 0), Refused("  ", .unexpectedEnd, 2), Refused("[1", .unexpectedEnd, 2),
        Refused("{", .unexpectedEnd, 1), Refused("{\"a\"", .unexpectedEnd, 4),
        Refused("\"a", .unexpectedEnd, 2),
        Refused("{\"a\":}", .unexpectedByte, 5), Refused("[1,]", .unexpectedByte, 3),
        Refused("[,1]", .unexpectedByte, 1), Refused("{\"a\":1,}", .unexpectedByte, 7),
        Refused("{a:1}", .unexpectedByte, 1), Refused("{'a':1}", .unexpectedByte, 1),
        Refused("[1 2]", .unexpectedByte, 3), Refused("nul", .unexpectedEnd, 3),
        Refused("nulL", .unexpectedByte, 3),
        Refused("True", .unexpectedByte, 0), Refused("NaN", .unexpectedByte, 0),
        Refused("/**/1", .unexpectedByte, 0), Refused("\u{A0}1", .unexpectedByte, 0),
        Refused("1 1", .trailingBytes, 2), Refused("{}x", .trailingBytes, 2),
        Refused("nulll", .trailingBytes, 4),
        Refused("[]]", .trailingBytes, 2), Refused("\u{FEFF}1", .byteOrderMark, 0),
        Refused("01", .invalidNumber, 1), Refused("-", .invalidNumber, 1), Refused("-a", .invalidNumber, 1),
        Refused("+1", .unexpectedByte, 0), Refused(".5", .unexpectedByte, 0),
        Refused("1.", .invalidNumber, 2),
        Refused("1.e5", .invalidNumber, 2), Refused("1e", .invalidNumber, 2),
        Refused("1e+", .invalidNumber, 3),
        Refused("0x1", .trailingBytes, 1), Refused("-01", .invalidNumber, 2),
        Refused("\"\t\"", .controlCharacter, 1), Refused("\"\\n\n\"", .controlCharacter, 3),
        Refused(#""\x""#, .invalidEscape, 1), Refused(#""\u12g4""#, .invalidEscape, 5),
        Refused(#""\U0041""#, .invalidEscape, 1), Refused(#""\ud83d""#, .loneSurrogate, 1),
        Refused(#""\ude02""#, .loneSurrogate, 1), Refused(#""\ud83d\ud83d""#, .loneSurrogate, 1),
        Refused(#""a\ud83dx\ude02""#, .loneSurrogate, 2), Refused(#"{"a":1,"a":1}"#, .duplicateName, 7),
        Refused(#"{"a":1,"\u0061":2}"#, .duplicateName, 7),
        Refused(#"[{"b":{"":0,"":0}}]"#, .duplicateName, 12),
        Refused(String(repeating: "[", count: 65), .tooDeep, 64),
        Refused(String(repeating: "{\"a\":", count: 65), .tooDeep, 320),
        Refused(String(repeating: "1", count: 1_025), .numberTooLong, 0),
    ]

    @Test(arguments: refused)
    func refuses(_ example: Refused) {
        #expect(throws: JSONError(code: example.code, byteOffset: example.offset)) {
            try JSONValue(parsing: Array(example.text.utf8))
        }
    }

    static let invalidUTF8: [[UInt8]] = [
        [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22],
        [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x22, 0xE0, 0x80, 0xAF, 0x22],
    ]

    @Test(arguments: invalidUTF8)
    func refusesStringsThatAreNotUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError(code: .invalidUTF8, byteOffset: 0)) { try JSONValue(parsing: bytes) }
    }

    static let accepted: [(String, JSONValue)] = [
        (" null ", nil), ("\t[\r\n]", []), ("{ }", [:]), ("true", true), ("false", false),
        ("-0", .number(JSONNumber(0))),
        ("[[],{}]", [[], [:]]), (#"{"b":1,"a":[2,"x"]}"#, ["b": 1, "a": [2, "x"]]),
        (#""\u00e9\n\/\"\\\b\f\r\t\u0000""#, .string("\u{E9}\n/\"\\\u{8}\u{C}\r\t\u{0}")),
        (#""\uD83D\uDE02é""#, .string("\u{1F602}é")),
    ]

    @Test(arguments: accepted)
    func reads(_ text: String, _ expected: JSONValue) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        if text == "-0" {
            #expect(value.number?.lexeme == "-0")
            #expect(value.int64 == 0)
        } else {
            #expect(value == expected)
        }
    }

    @Test func keepsDigitsAndOrder() throws {
        let text = #"{"z":1.50,"a":-0.0E+3,"é":12345678901234567890,"":[1e400]}"#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
        #expect(value["z"]?.int64 == nil)
        #expect(value["z"]?.number?.double == 1.5)
        #expect(value["é"]?.number?.lexeme == "12345678901234567890")
        #expect(value[""]?[0]?.number?.double == nil)
    }

    @Test func namesDifferByCodeUnitsNotByCanonicalEquivalence() throws {
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
    }

    @Test func findsDuplicatesAmongManyNames() throws {
        let names = (0..<5_000).map { "\"n\($0)\":0" }
        let good = "{" + names.joined(separator: ",") + "}"
        let memberCount = try JSONValue(parsing: Array(good.utf8)).members?.count
        #expect(memberCount == 5_000)
        for repeated in [0, 15, 16, 17, 4_999] {
            let bad = "{" + names.joined(separator: ",") + ",\"n\(repeated)\":0}"
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bad.utf8)) }
            #expect(error?.code == .duplicateName)
        }
    }

    @Test func allowsTheLimitItself() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        let limits = JSONLimits(bytesMax: 128)
        #expect(try JSONValue(parsing: Array(deep.utf8), limits: limits).array?.count == 1)
        #expect(throws: JSONError(code: .tooLong, byteOffset: 127)) {
            try JSONValue(parsing: Array(deep.utf8), limits: JSONLimits(bytesMax: 127))
        }
    }

    @Test func everyTruncationAndEveryFlippedByteIsAValueOrAnError() throws {
        let text = #"{"a":[1.5e-3,true,null,"\ud83d\ude02é"],"b":{"c":"\u00e9"}}"#
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes.prefix(count))) }
        }
        for index in bytes.indices {
            for flipped in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = flipped
                guard let value = try? JSONValue(parsing: changed) else { continue }
                guard try JSONValue(parsing: value.encoded()) == value else {
                    Issue.record("byte \(index) as \(flipped) does not survive encoding")
                    return
                }
            }
        }
    }
}
