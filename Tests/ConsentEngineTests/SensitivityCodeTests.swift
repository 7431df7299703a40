import ConsentEngine
import Model
import TestSupport
import Testing

@Suite struct SensitivityCodeTests {
    @Test(.enabled(if: Corpora.isPresent, "corpora/terminology is absent"))
    func theTableIsTheSubtreeOfTheCodeSystem() throws {
        let system = try ConsentCorpus.json("terminology/v3-ActCode.json")
        let root = try #require(Self.find("_InformationSensitivityPolicy", in: system))
        let expected = Self.rows(below: root, parent: "")
        let actual = SensitivityCode.all.map { "\($0.code)|\($0.display)|\($0.parent?.code ?? "")" }
        #expect(actual == expected)
        #expect(actual.count > 30)
    }

    @Test(.enabled(if: Corpora.isPresent, "corpora/terminology is absent"))
    func theOrderHoldsTheCodesOfTheCodeSystem() throws {
        let system = try ConsentCorpus.json("terminology/v3-Confidentiality.json")
        for confidentiality in Confidentiality.allCases {
            let concept = try #require(Self.find(confidentiality.code, in: system))
            #expect(concept["display"]?.string == confidentiality.display)
        }
        #expect(Confidentiality.allCases.map(\.code) == ["U", "L", "M", "N", "R", "V"])
        #expect(Confidentiality.allCases.sorted() == Confidentiality.allCases)
    }

    private static func find(_ code: String, in value: JSONValue) -> JSONValue? {
        if value["code"]?.string == code { return value }
        for child in value["concept"]?.array ?? [] {
            if let found = find(code, in: child) { return found }
        }
        return nil
    }

    /// Abstract concepts begin with `_`: passed over, what lies below them stays.
    private static func rows(below value: JSONValue, parent: String) -> [String] {
        (value["concept"]?.array ?? []).flatMap { child in
            let code = child["code"]?.string ?? ""
            if code.hasPrefix("_") { return rows(below: child, parent: parent) }
            let row = "\(code)|\(child["display"]?.string ?? "")|\(parent)"
            return [row] + rows(below: child, parent: code)
        }
    }

    static let coverage: [(String, String, Bool)] = [
        ("HIV", "HIV", true), ("OPIOIDUD", "SUD", true), ("OPIOIDUD", "SPI", true), ("ETHUD", "SUD", true),
        ("SUD", "ETHUD", false), ("HIV", "STD", false), ("ETH", "SUD", false), ("COGN", "BH", true),
    ]

    @Test(arguments: coverage)
    func followsTheHierarchy(_ code: String, _ other: String, _ expected: Bool) throws {
        let sensitivity = try #require(SensitivityCode(code: code))
        #expect(sensitivity.isCovered(by: try #require(SensitivityCode(code: other))) == expected)
    }

    @Test(arguments: [
        "", "hiv", "HIV ", "42CFRPart2", "_InformationSensitivityPolicy", "S\u{212A}", "X", "MENCAT",
    ])
    func refusesWhatIsNoSensitivity(_ code: String) {
        #expect(SensitivityCode(code: code) == nil)
    }

    @Test(arguments: ["", "n", "N ", "B", "_Confidentiality", "HIV"])
    func refusesWhatIsNoConfidentialityOfTheOrder(_ code: String) {
        #expect(Confidentiality(code: code) == nil)
    }
}
