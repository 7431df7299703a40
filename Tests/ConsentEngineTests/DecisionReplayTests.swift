import ConsentEngine
import Foundation
import Model
import TestSupport
import Testing

@Suite struct DecisionReplayTests {
    private static let registry = CustodianRegistry(policies: [])
    private static let documents = [
        "h-a": sampleConsent(purposes: ["TREAT"]),
        "h-b": sampleConsent(type: "deny", purposes: ["HRESCH"]),
    ]

    private static func decision() throws -> ConsentDecision {
        let window = try #require(TimeWindow(days: [1, 3], startMinute: 60, endMinute: 120))
        let conditions: [AccessCondition] = [
            .session, .uses(max: 3), .timeWindow(window), .careRelationship([.referral, .careTeam]),
            .credential(type: "http://x/licence", issuer: nil),
            .credential(type: "http://x/licence", issuer: "Organization/board"),
        ]
        let truths = Dictionary(
            uniqueKeysWithValues: zip(conditions, [Truth.yes, .no, .unknown, .yes, .no, .unknown]).map {
                (ContractCondition(contractID: "a", condition: $0.0), $0.1)
            })
        let request = AccessRequestFacts(
            patient: "Patient/p", linkedPatients: ["Patient/q"], actor: "Practitioner/d",
            actingFor: ["Organization/w", "Organization/a"], groups: ["Group/g"],
            custodian: ["Organization/o"],
            purposes: purposes("TREAT", "HRESCH", "BTG")
                + [PurposeCode(code: "http://x/y|Z")].compactMap { $0 },
            action: .access, conditions: truths, atMilliseconds: 1_700_000_000_000)
        let contracts = try documents.keys.sorted().map { version in
            StandingContract(
                try ContractCompiler.compile(
                    try #require(documents[version]), id: String(version.dropFirst(2)), version: version,
                    registry: registry), version == "h-b" ? .restrictionsOnly : .full)
        }
        return ConsentEvaluator.decide(
            request, contracts: contracts,
            policies: DecisionPolicies(
                .allNormal, breakGlass: BreakGlassPolicy(mayDeclare: ["Group/g"], scopeMax: .restricted),
                versions: [PolicyVersion(uri: "http://x/p", version: "00")]))
    }

    private static func replay(
        _ stated: JSONValue, documents: [String: JSONValue] = documents
    ) throws(DecisionReplay.Refusal) -> ConsentDecision {
        try DecisionReplay.decide(again: stated, registry: registry) { documents[$0.version] }
    }

    @Test func whatWasDecidedComesOutAgain() throws {
        // As an auditor has it: the canonical bytes, read again.
        let stated = try JSONValue(parsing: Self.decision().canonical().canonicalBytes())
        let again = try Self.replay(stated)
        #expect(again.canonical() == stated)
    }

    static let changes: [(String, DecisionReplay.Refusal)] = [
        (#""effect":"deny","obligations":[],"purpose":"HRESCH""#, .differs),
        (#""engine":"consentry-engine/2""#, .otherEngine("consentry-engine/1")),
        (#""combining":"deny-overrides""#, .malformed("combining")),
        (#"v3-ActReason|2018-08-12"#, .otherTerminology), (#""action":"access""#, .malformed("action")),
        (#""atMilliseconds":1700000000000"#, .malformed("atMilliseconds")),
        (#""standing":"restrictions-only""#, .malformed("contracts")),
    ]
    private static let replacements = [
        #""effect":"permit","obligations":[],"purpose":"HRESCH""#, #""engine":"consentry-engine/1""#,
        #""combining":"permit-overrides""#, #"v3-ActReason|2019-01-01"#, #""action":"sell""#,
        #""atMilliseconds":"now""#, #""standing":"some""#,
    ]

    @Test(arguments: changes.indices)
    func whatWasChangedIsNotRepeated(_ index: Int) throws {
        let (part, refusal) = Self.changes[index]
        let bytes = try Self.decision().canonical().canonicalBytes()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(part))
        let changed = text.replacing(part, with: Self.replacements[index])
        let stated = try JSONValue(parsing: Array(changed.utf8))
        #expect(throws: refusal) { try Self.replay(stated) }
    }

    @Test func aMissingDocumentIsNamed() throws {
        let stated = try Self.decision().canonical()
        #expect(
            throws: DecisionReplay.Refusal.missingContract(ContractVersion(contractID: "b", version: "h-b"))
        ) { try Self.replay(stated, documents: ["h-a": Self.documents["h-a"] ?? .null]) }
    }

    /// The golden file was written by another run of the program.
    @Test func aGoldenDecisionIsRepeated() throws {
        let file = URL(filePath: Corpora.packageRoot)
            .appending(path: "Tests/ConsentEngineTests/Golden/several-purposes.json")
        let stated = try JSONValue(parsing: [UInt8](Data(contentsOf: file)))
        let documents: [String: JSONValue] = [
            "h-a": sampleConsent(purposes: ["TREAT"]),
            "h-b": sampleConsent(type: "deny", purposes: ["HRESCH"]),
            "h-old": sampleConsent(purposes: ["HPAYMT"], period: ["end": "2022"]),
        ]
        #expect(try Self.replay(stated, documents: documents).canonical() == stated)
    }
}
