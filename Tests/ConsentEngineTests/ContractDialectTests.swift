import ConsentEngine
import Model
import Testing

@Suite struct ContractDialectTests {
    private func terms(_ members: [JSONMember]) throws(ContractRefusal) -> ContractTerms {
        try ContractCompiler.terms(
            of: .object(members), id: "c", version: "h",
            registry: CustodianRegistry(policies: ["http://example.org/a"]))
    }

    private static func member(_ name: String, _ value: JSONValue) -> JSONMember {
        JSONMember(name: name, value: value)
    }

    private static func rule(_ code: String) -> JSONMember {
        member(
            "policyRule",
            [
                "coding": [
                    ["system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": .string(code)]
                ]
            ])
    }

    private static let exception: JSONValue = [
        "type": "deny", "purpose": [["system": .string(PurposeCode.system), "code": "HRESCH"]],
    ]

    private func r4(_ extra: [JSONMember], provision: JSONValue?) throws -> [JSONMember] {
        let members = try #require(sampleConsent(extra: extra).members).filter { $0.name != "provision" }
        return members + (provision.map { [Self.member("provision", $0)] } ?? [])
    }

    @Test func optInPermitsWhatNoExceptionDenies() throws {
        let terms = try terms(try r4([Self.rule("OPTIN")], provision: ["provision": [Self.exception]]))
        #expect(terms.dialect == .policyRule)
        #expect(terms.root == Provision(.permit))
        #expect(terms.nested == [Provision(.deny, purposes: purposes("HRESCH"))])
        #expect(terms.path(1) == "provision.provision[0]")
    }

    @Test func optOutAloneDeniesEverything() throws {
        let terms = try terms(try r4([Self.rule("OPTOUT")], provision: nil))
        #expect(terms.root == Provision(.deny))
        #expect(terms.nested.isEmpty)
    }

    @Test func aTypedRootThatAgreesIsRead() throws {
        let terms = try terms(
            try r4(
                [Self.rule("OPTIN")], provision: ["type": "permit", "period": ["start": "2022"]]))
        #expect(terms.root == Provision(.permit, period: Interval(start: 1_640_995_200_000, end: nil)))
    }

    static let ambiguous: [(String, JSONValue, ContractRefusal)] = [
        (
            "OPTIN", ["type": "deny"],
            .element(path: "Consent.provision.type", reason: .ambiguous)
        ),
        (
            // A limit of what is permitted, or an exception to it?
            "OPTIN", ["purpose": [["system": .string(PurposeCode.system), "code": "TREAT"]]],
            .element(path: "Consent.provision.purpose", reason: .ambiguous)
        ),
        ("OPTOUTE", ["type": "deny"], .badCode(path: "Consent.policyRule", code: "OPTOUTE")),
        (
            "OPTIN", ["provision": [["code": [["text": "x"]]]]],
            .missing(path: "Consent.provision.provision[0].type")
        ),
    ]

    @Test(arguments: ambiguous)
    func refusesAPolicyRuleThatCanBeReadInTwoWays(
        _ code: String, _ provision: JSONValue, _ refusal: ContractRefusal
    ) throws {
        let members = try r4([Self.rule(code)], provision: provision)
        #expect(throws: refusal) { try terms(members) }
    }

    private func r5(_ extra: [JSONMember]) -> [JSONMember] {
        let base: [JSONMember] = [
            Self.member("resourceType", "Consent"), Self.member("status", "active"),
            Self.member("category", [["text": "consent"]]),
            Self.member("subject", ["reference": "Patient/p"]),
            Self.member("controller", [["reference": "Organization/o"]]),
            Self.member("grantor", [["reference": "Patient/p"]]), Self.member("date", "2022-06-13"),
            Self.member("decision", "permit"),
            Self.member("policyBasis", ["url": "http://example.org/a"]),
        ]
        let replaced = Set(extra.map(\.name))
        return base.filter { !replaced.contains($0.name) } + extra
    }

    @Test func r5ProvisionsAreExceptionsOfTheOppositeEffect() throws {
        let type: JSONValue = [["system": "http://hl7.org/fhir/resource-types", "code": "Observation"]]
        let terms = try terms(
            r5([
                Self.member("period", ["end": "2022"]),
                Self.member(
                    "provision",
                    [
                        ["actor": [["reference": ["reference": "Practitioner/d"]]], "resourceType": type],
                        ["dataPeriod": ["start": "2022"], "period": ["start": "2021"]],
                    ]),
            ]))
        let end: Int64 = 1_672_531_199_999
        #expect(terms.dialect == .r5Decision)
        #expect(terms.policyURI == "http://example.org/a")
        #expect(terms.root == Provision(.permit, period: Interval(start: nil, end: end)))
        #expect(
            terms.nested == [
                Provision(
                    .deny, actors: ["Practitioner/d"], period: Interval(start: nil, end: end),
                    scope: DataScope(classes: ["Observation"])),
                Provision(
                    .deny, period: Interval(start: 1_609_459_200_000, end: end),
                    scope: DataScope(dataPeriod: Interval(start: 1_640_995_200_000, end: nil))),
            ])
        #expect([terms.path(0), terms.path(2)] == ["decision", "provision[1]"])
    }

    static let badR5: [(JSONMember, ContractRefusal)] = [
        (member("grantee", []), .element(path: "Consent.grantee", reason: .unsupported)),
        (member("patient", []), .element(path: "Consent.patient", reason: .unsupported)),
        (member("decision", "maybe"), .badCode(path: "Consent.decision", code: "maybe")),
        (
            member("provision", [["type": "deny"]]),
            .element(path: "Consent.provision[0].type", reason: .unsupported)
        ),
        (
            member("provision", [["provision": [["purpose": []]]]]),
            .element(path: "Consent.provision[0].provision", reason: .unsupported)
        ),
        (
            member("provision", [["expression": ["language": "text/cql"]]]),
            .element(path: "Consent.provision[0].expression", reason: .unsupported)
        ),
        (rule("OPTIN"), .element(path: "Consent.policyRule", reason: .ambiguous)),
        (
            member("policyBasis", ["url": "http://example.org/b"]),
            .element(path: "Consent.policyBasis.url", reason: .unregistered(policy: "http://example.org/b"))
        ),
    ]

    @Test(arguments: badR5)
    func refusesByName(_ extra: JSONMember, _ refusal: ContractRefusal) {
        #expect(throws: refusal) { try terms(r5([extra])) }
    }
}
