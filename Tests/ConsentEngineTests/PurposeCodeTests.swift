import ConsentEngine
import Model
import TestSupport
import Testing

@Suite struct PurposeCodeTests {
    @Test(.enabled(if: Corpora.isPresent, "corpora/terminology is absent"))
    func theTableIsTheSubtreeOfTheCodeSystem() throws {
        let system = try ConsentCorpus.json("terminology/v3-ActReason.json")
        let root = try #require(Self.find("PurposeOfUse", in: system))
        var expected: [String] = []
        Self.walk(root, parent: "") { code, display, parent in expected.append("\(code)|\(display)|\(parent)")
        }
        let actual = PurposeCode.all.map { "\($0.code)|\($0.display)|\($0.parent?.code ?? "")" }
        #expect(actual == expected)
        #expect(actual.count > 50)
    }

    private static func find(_ code: String, in value: JSONValue) -> JSONValue? {
        if value["code"]?.string == code { return value }
        for child in value["concept"]?.array ?? [] {
            if let found = find(code, in: child) { return found }
        }
        return nil
    }

    private static func walk(
        _ value: JSONValue, parent: String, visit: (String, String, String) -> Void
    ) {
        for child in value["concept"]?.array ?? [] {
            let code = child["code"]?.string ?? ""
            visit(code, child["display"]?.string ?? "", parent)
            walk(child, parent: code, visit: visit)
        }
    }

    static let coverage: [(String, String, Bool)] = [
        ("TREAT", "TREAT", true), ("ETREAT", "TREAT", true), ("TREAT", "ETREAT", false),
        ("CLINTRCH", "HRESCH", true), ("PRECLINTRCH", "HRESCH", true), ("HRESCH", "CLINTRCH", false),
        ("HPAYMT", "TREAT", false), ("BTG", "BTG", true), ("BTG", "ETREAT", false), ("BTG", "TREAT", false),
        ("TREAT", "BTG", false), ("ERTREAT", "TREAT", true), ("FAMRQT", "PATRQT", true),
    ]

    @Test(arguments: coverage)
    func followsTheHierarchyButForBreakGlass(_ code: String, _ other: String, _ expected: Bool) throws {
        let purpose = try #require(PurposeCode(code: code))
        #expect(purpose.isCovered(by: try #require(PurposeCode(code: other))) == expected)
    }

    @Test func onlyBreakGlassItselfCoversBreakGlass() {
        #expect(PurposeCode.all.filter { PurposeCode.breakGlass.isCovered(by: $0) } == [.breakGlass])
    }

    @Test(arguments: ["", "treat", "TREAT ", "PurposeOfUse", "PAT", "SUPNW\u{212A}", "FooBar"])
    func refusesUnknownCodes(_ code: String) {
        #expect(PurposeCode(code: code) == nil)
    }

    @Test(arguments: [
        "http://terminology.hl7.org/CodeSystem/v3-ActReason",
        "http://terminology.hl7.org/ValueSet/v3-PurposeOfUse",
        "urn:oid:2.16.840.1.113883.5.8",
    ])
    func takesTheStandardCodesUnderAnyOfTheirSystems(_ system: String) {
        #expect(PurposeCode(system: system, code: "TREAT") == .treatment)
        #expect(PurposeCode(code: "\(system)|TREAT") == .treatment)
        #expect(PurposeCode(system: system, code: "FooBar") == nil)
    }

    @Test func aPurposeOfAnotherSystemIsCoveredByItselfAlone() throws {
        let other = try #require(PurposeCode(code: "http://example.org/purposes|FooBar"))
        #expect(other.registeredSystem == "http://example.org/purposes")
        #expect(other.code == "http://example.org/purposes|FooBar")
        #expect(other.isCovered(by: other))
        #expect(PurposeCode.all.allSatisfy { !other.isCovered(by: $0) && !$0.isCovered(by: other) })
    }

    @Test(arguments: ["no-uri|A", "http://example.org/|", "http://example.org/|a b", "http://exämple.org/|A"])
    func refusesWhatIsNoCoding(_ code: String) {
        #expect(PurposeCode(code: code) == nil)
    }
}
