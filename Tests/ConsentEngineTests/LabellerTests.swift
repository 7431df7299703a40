import ConsentEngine
import Model
import TestSupport
import Testing

@Suite struct LabellerTests {
    static func coding(_ code: String) -> Coding {
        guard let coding = Coding(system: "urn:s", code: code) else { preconditionFailure("a plain code") }
        return coding
    }

    static func sensitivities(_ codes: [String]) -> [SensitivityCode] {
        codes.compactMap { SensitivityCode(code: $0) }
    }

    static func rule(
        _ id: String, _ labels: [String], _ codes: [String], confidentiality: Confidentiality = .restricted,
        basis: String = "42CFRPart2", unknown: [String] = []
    ) -> LabelRule {
        let system = SensitivityCode.system
        guard let basis = Coding(system: system, code: basis) else { preconditionFailure("a plain code") }
        return LabelRule(
            id: id, basis: basis, confidentiality: confidentiality, sensitivities: sensitivities(labels),
            unknownLabels: unknown.map(coding), codes: codes.map(coding))
    }

    static let labeller = Labeller(
        rules: LabelRules(
            version: "test",
            rules: [
                rule("hiv", ["HIV"], ["h"], basis: "NOPP"), rule("sud", ["SUD"], ["s", "so"]),
                rule("opioid", ["OPIOIDUD"], ["so"], confidentiality: .veryRestricted),
                rule("low", ["DEMO"], ["d"], confidentiality: .low),
                rule("odd", ["PSY"], ["x"], unknown: ["Q"]),
            ]))

    static func text(_ labels: ResourceLabels?) -> String {
        labels.map { ([$0.confidentiality.code] + $0.sensitivities.map(\.code)).joined(separator: " ") }
            ?? "nil"
    }

    static func stated(_ text: String, isReadable: Bool = true) -> StatedLabels {
        let words = text.split(separator: " ").map(String.init)
        return StatedLabels(
            confidentiality: words.first.flatMap { Confidentiality(code: $0) },
            sensitivities: sensitivities(Array(words.dropFirst())), isReadable: isReadable)
    }

    /// Codes (`?` last: not all could be told), what is stated (`-`: no confidentiality), the labels.
    static let cases: [(String, String, String)] = [
        ("", "-", "N"), ("a", "-", "N"), ("h", "-", "R HIV"), ("h s", "-", "R HIV SUD"),
        ("so", "-", "V OPIOIDUD SUD"), ("d", "-", "N DEMO"), ("a", "L", "L"), ("d", "L", "L DEMO"),
        ("d", "U", "L DEMO"), ("h", "N", "R HIV"), ("h", "V GDIS", "V GDIS HIV"), ("a", "N PSY", "N PSY"),
        ("a", "- PSY", "R PSY"), ("a ?", "-", "nil"), ("h ?", "-", "nil"), ("a ?", "N", "N"),
        ("h ?", "N", "R HIV"), ("a ?", "- HIV", "nil"), ("x", "-", "nil"), ("x", "V", "nil"),
    ]

    @Test(arguments: cases)
    func labels(_ codes: String, _ stated: String, _ expected: String) {
        let words = codes.split(separator: " ").map(String.init)
        let known = Known(words.filter { $0 != "?" }.map(Self.coding), isComplete: words.last != "?")
        let labelled = Self.labeller.label(codes: known, stated: Self.stated(stated))
        #expect(Self.text(labelled.labels) == expected)
    }

    @Test func saysWhyLabelsCannotBeTold() {
        let known = Known([Self.coding("x"), Self.coding("h")], isComplete: false)
        let labelled = Self.labeller.label(codes: known, stated: Self.stated("", isReadable: false))
        #expect(
            labelled.undetermined == [.unreadableStatement, .incompleteCodes, .unknownLabel(rule: "odd")])
        let marks = labelled.marks.map { "\($0.sources.map(\.rule)) \($0.isStated)" }
        #expect(marks == [#"["hiv", "odd"] false"#, #"["hiv"] false"#, #"["odd"] false"#])
    }

    @Test func saysOfEachLabelWhetherItIsStatedAndWhichRulesGaveIt() {
        let known = Known([Self.coding("so"), Self.coding("h")])
        let marks = Self.labeller.label(codes: known, stated: Self.stated("V HIV PSY")).marks
        let text = marks.map { mark in
            let label =
                switch mark.label {
                case .confidentiality(let value): value.code
                case .sensitivity(let value): value.code
                }
            return "\(label) \(mark.isStated) "
                + mark.sources.map { "\($0.rule)=\($0.basis.code)" }.joined(separator: ",")
        }
        let expected = [
            "V true opioid=42CFRPart2", "HIV true hiv=NOPP", "OPIOIDUD false opioid=42CFRPart2", "PSY true ",
        ]
        #expect(text == expected + ["SUD false sud=42CFRPart2"])
    }

    @Test func labelsByTheTypeToo() throws {
        let sequence: JSONValue = ["resourceType": "MolecularSequence", "id": "1"]
        let metadata = try #require(ResourceMetadata(resource: sequence))
        #expect(Self.text(Labeller(rules: .standard).label(metadata).labels) == "R GDIS")
    }

    static func labelled(_ codes: [String], _ stated: String = "-", isComplete: Bool = true)
        -> LabelledResource
    {
        labeller.label(codes: Known(codes.map(coding), isComplete: isComplete), stated: Self.stated(stated))
    }

    @Test func aBundleHasTheHighWaterMarkOfWhatItHolds() {
        let mark = HighWaterMark(of: [Self.labelled(["h"]), Self.labelled(["a"]), Self.labelled(["s"], "R")])
        #expect(Self.text(mark.labels) == "R HIV SUD")
        #expect(mark.marks.first?.sources.map(\.rule) == ["hiv", "sud"])
        #expect(mark.marks.map(\.isStated) == [true, false, false])
        #expect(Self.text(HighWaterMark(of: []).labels) == "N")
        #expect(Self.text(HighWaterMark(of: [Self.labelled([], "L")]).labels) == "L")
        // One whose labels cannot be told is handled as restricted.
        let unknown = HighWaterMark(of: [Self.labelled(["a"]), Self.labelled(["a"], isComplete: false)])
        #expect(Self.text(unknown.labels) == "R")
    }

    @Test func writesMarksAsFHIRWithTheirBasis() throws {
        let mark = HighWaterMark(of: [Self.labelled(["h"]), Self.labelled(["so"], "N PSY")])
        let url = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-sec-label-basis"
        let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        func basis(_ code: String) -> String {
            #"{"extension":[{"url":"\#(url)","valueCoding":{"system":"\#(act)","code":"\#(code)"}}],"#
        }
        let confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
        let disorder = "disorder information sensitivity"
        let expected = [
            basis("42CFRPart2") + #""system":"\#(confidentiality)","code":"V","display":"very restricted"}"#,
            basis("NOPP") + #""system":"\#(act)","code":"HIV","display":"HIV/AIDS information sensitivity"}"#,
            basis("42CFRPart2")
                + #""system":"\#(act)","code":"OPIOIDUD","display":"opioid use \#(disorder)"}"#,
            #"{"system":"\#(act)","code":"PSY","display":"psychiatry disorder information sensitivity"}"#,
            basis("42CFRPart2")
                + #""system":"\#(act)","code":"SUD","display":"substance use \#(disorder)"}"#,
        ]
        let text = String(decoding: mark.security.encoded(), as: UTF8.self)
        #expect(text == "[" + expected.joined(separator: ",") + "]")
        // What is written is read back as the same labels.
        #expect(StatedLabels(security: mark.security).labels == mark.labels)
    }

    @Test func aLabelOfTwoPoliciesIsWrittenOnceForEach() {
        let mark = HighWaterMark(of: [Self.labelled(["h"]), Self.labelled(["s"])])
        let codes = mark.security.array?.compactMap { $0["code"]?.string }
        #expect(codes == ["R", "R", "HIV", "SUD"])
    }
}

@Suite struct LabellerPropertyTests {
    static let names = (0..<12).map { "c\($0)" }

    private static func rules(_ random: inout SeededGenerator) -> [LabelRule] {
        (0..<Int.random(in: 0...6, using: &random)).map { index in
            LabellerTests.rule(
                "r\(index)", random.some(of: ["HIV", "SUD", "PSY", "SDV", "DEMO"], upTo: 3),
                random.some(of: names, upTo: 4),
                confidentiality: Confidentiality.allCases.randomElement(using: &random) ?? .normal,
                unknown: Int.random(in: 0..<10, using: &random) == 0 ? ["Q"] : [])
        }
    }

    private static func stated(_ random: inout SeededGenerator) -> StatedLabels {
        StatedLabels(
            confidentiality: random.some(of: Confidentiality.allCases, upTo: 1).first,
            sensitivities: random.some(of: SensitivityCode.all, upTo: 2),
            isReadable: Int.random(in: 0..<10, using: &random) > 0)
    }

    @Test func neverLowersAndNeverDependsOnOrder() throws {
        for seed in 1...3_000 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let rules = Self.rules(&random)
            let names = random.some(of: Self.names, upTo: 5)
            let isComplete = Bool.random(using: &random)
            let codes = Known(names.map(LabellerTests.coding), isComplete: isComplete)
            let stated = Self.stated(&random)
            let set = LabelRules(version: "v", rules: rules)
            let labelled = Labeller(rules: set).label(codes: codes, stated: stated)
            let shuffled = LabelRules(version: "v", rules: rules.shuffled(using: &random))
            let others = Known(codes.elements.shuffled(using: &random), isComplete: isComplete)
            let again = Labeller(rules: shuffled).label(codes: others, stated: stated)
            let more = Known(codes.elements + [LabellerTests.coding("c0")], isComplete: isComplete)
            let wider = Labeller(rules: set).label(codes: more, stated: stated)
            let isSame =
                try again == labelled
                && shuffled.canonical().canonicalBytes() == set.canonical().canonicalBytes()
            if !isSame || !Self.isKept(stated, labelled) || !Self.isAtLeast(wider.labels, labelled.labels) {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    /// What is stated is in the labels, or there are none.
    private static func isKept(_ stated: StatedLabels, _ labelled: LabelledResource) -> Bool {
        guard let labels = labelled.labels else { return true }
        return stated.isReadable && labels.confidentiality >= stated.confidentiality ?? .normal
            && Set(stated.sensitivities).isSubset(of: labels.sensitivities)
    }

    /// A further code never makes labels lower: they rise, stay or can no longer be told.
    private static func isAtLeast(_ wider: ResourceLabels?, _ labels: ResourceLabels?) -> Bool {
        guard let wider else { return true }
        guard let labels else { return false }
        return wider.confidentiality >= labels.confidentiality
            && Set(labels.sensitivities).isSubset(of: wider.sensitivities)
    }

    @Test func theHighWaterMarkCoversEachResourceInWhateverOrder() {
        for seed in 1...1_000 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let labeller = Labeller(rules: LabelRules(version: "v", rules: Self.rules(&random)))
            var resources: [LabelledResource] = []
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let names = random.some(of: Self.names, upTo: 4)
                resources.append(
                    labeller.label(
                        codes: Known(names.map(LabellerTests.coding)), stated: Self.stated(&random)))
            }
            let mark = HighWaterMark(of: resources)
            let isCovering = resources.allSatisfy { Self.isAtLeast(mark.labels, $0.labels ?? mark.labels) }
            if !isCovering || HighWaterMark(of: resources.shuffled(using: &random)) != mark {
                Issue.record("seed \(seed)")
                return
            }
        }
    }
}
