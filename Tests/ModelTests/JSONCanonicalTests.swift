import Model
import TestSupport
import Testing

@Suite struct JSONCanonicalTests {
    @Test(
        .enabled(if: Corpora.isPresent, "corpora/jcs is absent"),
        arguments: Corpora.names(in: "jcs/input"))
    func matchesThePublishedOutputs(_ name: String) throws {
        let canonical = try JSONValue(parsing: Corpora.bytes(of: "jcs/input/\(name)")).canonicalBytes()
        #expect(canonical == (try Corpora.bytes(of: "jcs/output/\(name)")))
        #expect(try JSONValue(parsing: canonical).canonicalBytes() == canonical)
    }

    @Test(.enabled(if: Corpora.isPresent, "corpora/jcs is absent"))
    func hasAllPublishedVectors() {
        #expect(Corpora.names(in: "jcs/input").count == 6)
    }

    /// RFC 8785 appendix B: the bits of a binary64 value and its text.
    static let numbers: [(UInt64, String)] = [
        (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"), (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
        (0xFFEF_FFFF_FFFF_FFFF, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
        (0xC340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"), (0x44B5_2D02_C7E1_4AF6, "1e+23"),
        (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"), (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
        (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"), (0x444B_1AE4_D6E2_EF50, "1e+21"),
        (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"), (0x3EB0_C6F7_A0B5_ED8D, "0.000001"),
        (0x41B3_DE43_5555_5553, "333333333.3333332"), (0x41B3_DE43_5555_5554, "333333333.33333325"),
        (0x41B3_DE43_5555_5555, "333333333.3333333"), (0x41B3_DE43_5555_5556, "333333333.3333334"),
        (0x41B3_DE43_5555_5557, "333333333.33333343"), (0xBECB_F647_612F_3696, "-0.0000033333333333333333"),
        (0x4314_3FF3_C1CB_0959, "1424953923781206.2"),
    ]

    @Test(arguments: numbers)
    func writesNumbersAsECMAScript(_ bits: UInt64, _ text: String) throws {
        #expect(CanonicalNumber.text(of: Double(bitPattern: bits)) == text)
        #expect(try JSONValue(parsing: Array(text.utf8)).canonicalBytes() == Array(text.utf8))
    }

    @Test func refusesInfinitiesAndNaN() {
        for bits: UInt64 in [0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000] {
            #expect(CanonicalNumber.text(of: Double(bitPattern: bits)) == nil)
        }
    }

    static let rewritten: [(String, String)] = [
        ("-0", "0"), ("-0.0e5", "0"), ("0E400", "0"), ("1.0", "1"), ("1E2", "100"), ("100e-2", "1"),
        ("333333333.33333329", "333333333.3333333"), ("9007199254740991", "9007199254740991"),
        ("9007199254740994", "9007199254740994"), ("1e21", "1e+21"), ("0.00001", "0.00001"), ("1e-7", "1e-7"),
        ("123456789012345680000", "123456789012345680000"), ("12.50", "12.5"),
    ]

    @Test(arguments: rewritten)
    func normalisesNumbers(_ text: String, _ expected: String) throws {
        let canonical = try JSONValue(parsing: Array(text.utf8)).canonicalBytes()
        #expect(String(decoding: canonical, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        "1e309", "-1e400", "1e-400", "0.1e-1000", "9007199254740993", "-9007199254740993",
        "18446744073709551615",
        "12345678901234567890",
    ])
    func refusesNumbersThatWouldChange(_ text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: JSONError(code: .numberBeyondBinary64, byteOffset: 0)) { try value.canonicalBytes() }
    }

    @Test func randomDoublesReadBack() {
        var state: UInt64 = 0x5EED
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state ^ (state >> 29))
            guard value.isFinite, let text = CanonicalNumber.text(of: value) else { continue }
            guard Double(text) == value, !text.contains("E"), !text.hasSuffix(".0") else {
                Issue.record("\(value.bitPattern) became \(text)")
                return
            }
        }
    }

    @Test func ordersByUTF16CodeUnits() throws {
        // U+FB33 comes after U+1F602 in UTF-16, whose surrogates start at D800, and before it in UTF-8.
        let value: JSONValue = ["\u{FB33}": 1, "\u{1F602}": 2, "b": 3, "aa": 4, "a": 5]
        let text = String(decoding: try value.canonicalBytes(), as: UTF8.self)
        #expect(text == "{\"a\":5,\"aa\":4,\"b\":3,\"\u{1F602}\":2,\"\u{FB33}\":1}")
    }

    @Test func refusesDuplicateNamesThatCodeHasBuilt() {
        let value: JSONValue = ["a": 1, "b": ["c": 1, "c": 1]]
        #expect(throws: JSONError(code: .duplicateName, byteOffset: 0)) { try value.canonicalBytes() }
    }

    @Test func escapesControlCharactersInLowerCase() throws {
        let value = JSONValue.string("\u{1f}\u{0}\u{7f}/\"\\")
        #expect(String(decoding: value.encoded(), as: UTF8.self) == "\"\\u001f\\u0000\u{7f}/\\\"\\\\\"")
    }
}
