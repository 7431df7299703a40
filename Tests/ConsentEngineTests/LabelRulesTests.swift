import ConsentEngine
import Model
import TestSupport
import Testing

@Suite struct LabelRulesTests {
    static func rules(_ text: String, percentMin: Int = 50) throws -> LabelRules {
        let json = try JSONValue(parsing: Array(text.replacing("'", with: "\"").utf8))
        return try LabelRules(json: json, confidencePercentMin: percentMin)
    }

    /// A set of one rule.
    static func set(
        labels: String = "{\(act),'code':'HIV'}", codes: String = "{'system':'urn:s','code':'a'}",
        basis: String = "{\(act),'code':'NOPP'}"
    ) -> String {
        let rule = "{'id':'r','basis':\(basis),'labels':[\(labels)],'codeSets':[{'codes':[\(codes)]}]}"
        return "{'name':'n','version':'1','rules':[\(rule)]}"
    }

    static let act = "'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode'"
    static let confidentiality = "'system':'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'"

    static func coding(_ code: String, system: String = "urn:s") throws -> Coding {
        try #require(Coding(system: system, code: code))
    }

    @Test func everyCodeOfTheStandardRulesIsFoundAndNothingIsWrong() throws {
        let rules = LabelRules.standard
        #expect(rules.problems == [])
        #expect(rules.rules.map(\.id) == rules.rules.map(\.id).sorted())
        for rule in rules.rules {
            #expect(rule.codes.allSatisfy { rules.matches([$0]).contains(rule) } && !rule.codes.isEmpty)
        }
        let loinc = "http://loinc.org"
        let found = try ["74013-4", "75622-1", "44249-1", "29463-7"].map { code in
            rules.matches([try Self.coding(code, system: loinc)]).flatMap(\.sensitivities).map(\.code)
        }
        #expect(found == [["ETHUD"], ["HIV"], ["PSY"], []])
    }

    /// Decisions name the set by version and hash: whoever changes the rules gives them another version.
    @Test func theStandardRulesOfAVersionNeverChange() throws {
        let bytes = try LabelRules.standard.canonical().canonicalBytes()
        // FNV-1a: enough to notice a change, without a dependency.
        let digest = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        #expect(digest == 13_115_647_303_173_034_791)
        #expect(LabelRules.standard.version == "Consentry standard 1")
    }

    @Test(.enabled(if: Corpora.isPresent, "corpora/labels is absent"))
    func readsTheRulesOfOthersWhole() throws {
        let rules = try LabelRules(json: try ConsentCorpus.json("labels/sensitivity-rules.json"))
        #expect(rules.version == "ASU SHARES Rule Set 4/9/2024 by Preston")
        #expect(rules.rules.count == 14)
        let counts = Dictionary(uniqueKeysWithValues: rules.rules.map { ($0.id, $0.codes.count) })
        #expect(counts["synthea-sud"] == 214 && counts["patient-11"] == 10)
        // Labels of other parts of v3-ActCode, and one that is no label at all.
        let unknown =
            ["patient-11 X", "shares-rule-dis DIS", "shares-rule-disease DISEASE", "shares-rule-mh MENCAT"]
            + ["shares-rule-social SOCIAL", "test-rule-delete-me X"]
        let problems = rules.problems.map { problem in
            switch problem {
            case .unknownLabel(let rule, let label): "\(rule) \(label.code)"
            case .noCode(let rule): "\(rule) has no code"
            }
        }
        #expect(problems == unknown)
        let heroin = try Self.coding("3304", system: "http://www.nlm.nih.gov/research/umls/rxnorm")
        #expect(rules.matches([heroin]).map(\.id) == ["shares-rule-sud"])
    }

    @Test(.enabled(if: Corpora.isPresent, "corpora/labels is absent"))
    func aHigherLeastConfidenceTakesFewerCodesAndSaysWhichRuleIsLeftWithNone() throws {
        let json = try ConsentCorpus.json("labels/sensitivity-rules.json")
        let counts = try [0, 50, 75, 100].map { percent in
            try LabelRules(json: json, confidencePercentMin: percent).rules.map(\.codes.count).reduce(0, +)
        }
        #expect(counts == counts.sorted(by: >) && Set(counts).count == 4, "\(counts)")
        let strict = try LabelRules(json: json, confidencePercentMin: 100)
        #expect(strict.problems.contains(.noCode(rule: "shares-rule-gdis")))
    }

    @Test func countsTheHigherOfTwoConfidencesAndOneWhereNoneIsStated() throws {
        let codes = """
            {'system':'urn:s','code':'a','confidence':0.2},{'system':'urn:s',\
            'code':'a','confidence':0.9}
            """
        let rest = ",{'system':'urn:s','code':'b'},{'system':'urn:s','code':'c','confidence':0.49}"
        let rules = try Self.rules(Self.set(codes: codes + rest))
        #expect(rules.rules.first?.codes.map(\.code) == ["a", "b"])
    }

    @Test func aRuleMayStateItsConfidentiality() throws {
        let stated = "{\(Self.confidentiality),'code':'N'},{\(Self.confidentiality),'code':'V'}"
        let rules = try Self.rules(Self.set(labels: stated)).rules
        #expect(rules.map(\.confidentiality) == [.veryRestricted] && rules.flatMap(\.sensitivities).isEmpty)
        #expect(try Self.rules(Self.set()).rules.map(\.confidentiality) == [.restricted])
    }

    static let refused: [(LabelRulesRefusal, String)] = [
        (.malformed(path: "name"), "{}"), (.malformed(path: "version"), "{'name':'n'}"),
        (.malformed(path: "rules"), "{'name':'n','version':'1'}"),
        (.malformed(path: "rules[0].id"), "{'name':'n','version':'1','rules':[{}]}"),
        (.notACoding(rule: "r", path: "basis"), set(basis: "{'code':'NOPP'}")),
        (.noLabel(rule: "r"), set(labels: "")),
        (.notACoding(rule: "r", path: "labels[0]"), set(labels: "'HIV'")),
        (.notACoding(rule: "r", path: "codeSets[0].codes[0]"), set(codes: "{'system':'urn:s','code':'a b'}")),
        (
            .badConfidence(rule: "r", path: "codeSets[0].codes[0]"),
            set(codes: "{'system':'urn:s','code':'a','confidence':1.5}")
        ),
        (
            .badConfidence(rule: "r", path: "codeSets[0].codes[0]"),
            set(codes: "{'system':'urn:s','code':'a','confidence':'high'}")
        ),
        (.malformed(path: "r.codeSets"), set().replacing("codeSets", with: "codes")),
        (
            .duplicateRule("r"),
            set().replacing("'rules':[", with: "'rules':[" + set().dropFirst(35).dropLast(2) + ",")
        ),
    ]

    @Test(arguments: refused)
    func refuses(_ refusal: LabelRulesRefusal, _ text: String) {
        #expect(throws: refusal) { try Self.rules(text) }
        #expect(!refusal.description.isEmpty)
    }

    @Test func refusesMoreThanItsLimits() throws {
        let rule = """
            {'id':'ID','basis':{\(Self.act),'code':'NOPP'},'labels':[{\(Self.act),\
            'code':'HIV'}],'codeSets':[]}
            """
        let many = (0...LabelRules.ruleCountMax).map { rule.replacing("ID", with: "\($0)") }.joined(
            separator: ",")
        #expect(throws: LabelRulesRefusal.tooMany(path: "rules", limit: LabelRules.ruleCountMax)) {
            try Self.rules("{'name':'n','version':'1','rules':[\(many)]}")
        }
    }
}
