import ConsentEngine
import Model
import Testing

@Suite struct ContractCompilerTests {
    private func compile(_ consent: JSONValue) throws(ContractRefusal) -> CompiledContract {
        try ContractCompiler.compile(
            consent, id: "c", version: "h",
            registry: CustodianRegistry(policies: ["http://example.org/a", "http://example.org/\u{E9}"]))
    }

    @Test func readsEveryElement() throws {
        let consent = sampleConsent(
            type: "deny", purposes: ["TREAT", "HRESCH"],
            actors: ["Practitioner/d", "Organization/w", "Group/g"],
            period: ["start": "2022-01", "end": "2022"],
            extra: [
                JSONMember(name: "policy", value: [["uri": "http://example.org/a"]]),
                JSONMember(name: "dateTime", value: "2022-06-13"),
                JSONMember(name: "performer", value: [["display": "somebody"]]),
                JSONMember(name: "meta", value: ["security": [["code": "HTEST"]]]),
                JSONMember(name: "id", value: "another"), JSONMember(name: "language", value: "en"),
                JSONMember(name: "verification", value: [["verified": true]]),
                JSONMember(name: "sourceReference", value: ["reference": "DocumentReference/1"]),
                JSONMember(name: "identifier", value: [["value": "1"]]),
                JSONMember(name: "text", value: ["status": "generated", "div": "<div/>"]),
            ])
        let contract = try compile(consent)
        #expect(contract.contractID == "c")
        #expect(contract.version == "h")
        #expect(contract.status == .active)
        #expect(contract.policyURI == "http://example.org/a")
        #expect(
            contract.terms
                == ContractTerms(
                    contractID: "c", version: "h", patient: "Patient/p", custodians: ["Organization/o"],
                    policyURI: "http://example.org/a",
                    root: Provision(
                        .deny, actors: ["Practitioner/d", "Organization/w", "Group/g"],
                        purposes: purposes("TREAT", "HRESCH"),
                        period: Interval(start: 1_640_995_200_000, end: 1_672_531_199_999))))
    }

    /// The second is a misprint that is found in the wild.
    @Test(arguments: ["59284-0", "59284-6"])
    func takesTheCategoryOfPrivacyConsents(_ code: String) throws {
        let category: JSONValue = [["coding": [["system": "http://loinc.org", "code": .string(code)]]]]
        let contract = try compile(
            sampleConsent(extra: [JSONMember(name: "category", value: category)]))
        #expect(contract.terms.root == Provision(.permit))
    }

    @Test func readsDatesInTheZoneOfTheCustodian() throws {
        let contract = try ContractCompiler.compile(
            sampleConsent(
                period: ["start": "1970-01-01", "end": "1970-01-01"],
                provisionExtra: [JSONMember(name: "dataPeriod", value: ["start": "1970-01-02"])]),
            id: "c", version: "h",
            registry: CustodianRegistry(
                policies: [], zone: ZoneRules(name: "+05:30", initialOffsetSeconds: 19_800)))
        #expect(contract.terms.root.period == Interval(start: -19_800_000, end: 66_599_999))
        #expect(contract.terms.root.scope.dataPeriod == Interval(start: 66_600_000, end: nil))
    }

    @Test func aBasicContractIsSmall() throws {
        let contract = try ContractCompiler.compile(
            sampleConsent(
                purposes: ["TREAT", "HPAYMT", "HOPERAT"],
                patient: "Patient/6a1c1d1e-5a0b-4e0e-9b1a-0d7c3c3f7e11",
                organization: "Organization/0b9f6c1e-7a55-4c3e-8a53-2f6c1a2d9b10",
                extra: [
                    JSONMember(name: "policy", value: [["uri": .string(ImplicitPolicy.denyAll.rawValue)]])
                ]),
            id: "9d8b0f6e-3c55-4f0e-8f6e-1b7a7c1c2d3e", version: String(repeating: "ab", count: 32),
            registry: CustodianRegistry(policies: [ImplicitPolicy.denyAll.rawValue]))
        #expect(contract.byteCount <= 110)
    }

    @Test(arguments: ["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"])
    func keepsTheStatus(_ status: String) throws {
        #expect(try compile(sampleConsent(status: .string(status))).status.rawValue == status)
    }

    /// Elements that could change what a contract means, each refused under its own path.
    static let unsupported: [(String, [JSONMember], [JSONMember])] = [
        ("Consent.implicitRules", [member("implicitRules", "http://x")], []),
        ("Consent.extension", [member("extension", [["url": "x"]])], []),
        ("Consent.modifierExtension", [member("modifierExtension", [["url": "x"]])], []),
        ("Consent.contained", [member("contained", [["resourceType": "Group"]])], []),
        ("Consent._status", [member("_status", ["id": "x"])], []),
        (
            "Consent.verification[0].modifierExtension",
            [member("verification", [["modifierExtension": []]])], []
        ),
        ("Consent.policy[0].extension", [member("policy", [["extension": []]])], []),
        (
            "Consent.patient.identifier", [member("patient", ["reference": "Patient/p", "identifier": [:]])],
            []
        ),
        ("Consent.scope.extension", [member("scope", ["extension": []])], []),
        ("Consent.provision.extension", [], [member("extension", [])]),
        ("Consent.provision._type", [], [member("_type", [:])]),
        (
            "Consent.provision.provision[1].modifierExtension[0]", [],
            [
                member(
                    "provision",
                    [["type": "deny"], ["type": "deny", "modifierExtension": [["url": "http://x/y"]]]])
            ]
        ),
        (
            "Consent.provision.actor[0].modifierExtension", [],
            [member("actor", [["modifierExtension": [["url": .string(AccessCondition.extensionURL)]]]])]
        ),
        (
            "Consent.provision.provision[0].provision", [],
            [member("provision", [["type": "deny", "provision": [["type": "permit"]]]])]
        ),
        ("Consent.provision.period.extension", [], [member("period", ["start": "2022", "extension": []])]),
        (
            "Consent.provision.purpose[0].version", [],
            [member("purpose", [["system": .string(PurposeCode.system), "code": "TREAT", "version": "1"]])]
        ),
    ]

    private static func member(_ name: String, _ value: JSONValue) -> JSONMember {
        JSONMember(name: name, value: value)
    }

    @Test(arguments: unsupported)
    func refusesByName(_ path: String, _ extra: [JSONMember], _ provisionExtra: [JSONMember]) {
        #expect(throws: ContractRefusal.element(path: path, reason: .unsupported)) {
            try compile(sampleConsent(extra: extra, provisionExtra: provisionExtra))
        }
    }

    static let badProvisions: [(ContractRefusal, [JSONMember])] = [
        (.missing(path: "Consent.provision.type"), []),
        (.badCode(path: "Consent.provision.type", code: "Permit"), [member("type", "Permit")]),
        (.malformed(path: "Consent.provision.type"), [member("type", ["permit"])]),
        (.malformed(path: "Consent.provision.purpose"), permitting("purpose", [])),
        (.malformed(path: "Consent.provision.purpose"), permitting("purpose", ["system": "x"])),
        (.malformed(path: "Consent.provision.purpose[0]"), permitting("purpose", [nil])),
        (.malformed(path: "Consent.provision.purpose[0]"), permitting("purpose", [[:]])),
        (.missing(path: "Consent.provision.purpose[0].system"), permitting("purpose", [["code": "TREAT"]])),
        (
            .badCode(path: "Consent.provision.purpose[0]", code: "\(PurposeCode.system)|XYZ"),
            permitting("purpose", [["system": .string(PurposeCode.system), "code": "XYZ"]])
        ),
        (
            .malformed(path: "Consent.provision.purpose[0].code"),
            permitting("purpose", [["system": .string(PurposeCode.system), "code": "SUPNW\u{212A}"]])
        ),
        (.malformed(path: "Consent.provision.actor"), permitting("actor", [])),
        (
            .missing(path: "Consent.provision.actor[0].role"),
            permitting("actor", [["reference": ["reference": "Practitioner/d"]]])
        ),
        (
            .missing(path: "Consent.provision.actor[0].reference"),
            permitting("actor", [["role": role("IRCP")]])
        ),
        (
            .badCode(path: "Consent.provision.actor[0].role", code: "\(participation)|PRCP"),
            actor("PRCP", "Practitioner/d")
        ),
        (
            .badCode(path: "Consent.provision.actor[0].reference.reference", code: "Device/d"),
            actor("IRCP", "Device/d")
        ),
        (
            .badCode(path: "Consent.provision.actor[0].reference.reference", code: "PractitionerRole/d"),
            actor("IRCP", "PractitionerRole/d")
        ),
        (.badCode(path: "Consent.provision.actor[0].reference.reference", code: "#d"), actor("IRCP", "#d")),
        (
            .badCode(
                path: "Consent.provision.actor[0].reference.reference", code: "Practitioner/d/_history/1"),
            actor("IRCP", "Practitioner/d/_history/1")
        ),
        (.malformed(path: "Consent.provision.period"), permitting("period", [:])),
        (.badDate(path: "Consent.provision.period.start"), permitting("period", ["start": "soon"])),
        (.badDate(path: "Consent.provision.period.end"), permitting("period", ["end": "2022-02-30"])),
        (.badDate(path: "Consent.provision.period"), permitting("period", ["start": "2023", "end": "2022"])),
    ]

    private static let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

    private static func role(_ code: String) -> JSONValue {
        ["coding": [["system": .string(participation), "code": .string(code)]]]
    }

    private static func permitting(_ name: String, _ value: JSONValue) -> [JSONMember] {
        [member("type", "permit"), member(name, value)]
    }

    private static func actor(_ code: String, _ reference: String) -> [JSONMember] {
        permitting("actor", [["role": role(code), "reference": ["reference": .string(reference)]]])
    }

    @Test(arguments: badProvisions)
    func refusesProvisions(_ refusal: ContractRefusal, _ members: [JSONMember]) {
        #expect(throws: refusal) {
            try compile(
                sampleConsent(type: nil, provisionExtra: members + [JSONMember(name: "id", value: "x")]))
        }
    }

    private static let consentScope = "http://terminology.hl7.org/CodeSystem/consentscope"

    static let badConsents: [(ContractRefusal, JSONMember)] = [
        (.notConsent, member("resourceType", "Patient")),
        (.badCode(path: "Consent.status", code: "Active"), member("status", "Active")),
        (.missing(path: "Consent.scope.coding"), member("scope", ["text": "privacy"])),
        (
            .badCode(path: "Consent.scope", code: "x|research"),
            member("scope", ["coding": [["system": "x", "code": "research"]]])
        ),
        (
            .badCode(path: "Consent.scope", code: "\(consentScope)|research"),
            member("scope", ["coding": [["system": .string(consentScope), "code": "research"]]])
        ),
        (
            .element(path: "Consent.scope.coding", reason: .ambiguous),
            member("scope", ["coding": [["system": "x", "code": "a"], ["system": "x", "code": "b"]]])
        ),
        (.malformed(path: "Consent.category"), member("category", [])),
        (.malformed(path: "Consent.organization"), member("organization", [])),
        (
            .badCode(path: "Consent.organization[0].reference", code: "Practitioner/d"),
            member("organization", [["reference": "Practitioner/d"]])
        ),
        (.missing(path: "Consent.patient.reference"), member("patient", ["display": "Jack"])),
        (
            .badCode(path: "Consent.patient.reference", code: "http://x/Patient/p"),
            member("patient", ["reference": "http://x/Patient/p"])
        ),
        (
            .element(path: "Consent.patient.type", reason: .ambiguous),
            member("patient", ["reference": "Patient/p", "type": "Group"])
        ),
        (.badDate(path: "Consent.dateTime"), member("dateTime", "yesterday")),
        (
            .element(path: "Consent.policy[0].uri", reason: .unregistered(policy: "http://example.org/A")),
            member("policy", [["uri": "http://example.org/A"]])
        ),
        (.malformed(path: "Consent.policy[0].uri"), member("policy", [["uri": "http://example.org/\u{E9}"]])),
        (
            .element(path: "Consent.policy", reason: .ambiguous),
            member("policy", [["uri": "http://example.org/a"], ["uri": "http://example.org/a"]])
        ),
        (
            .element(path: "Consent.meta.tag[0]", reason: .incomplete),
            member("meta", ["tag": [["code": "SUBSETTED"]]])
        ),
        (
            .element(path: "Consent.meta.security[1]", reason: .incomplete),
            member("meta", ["security": [["code": "R"], ["code": "SUBSETTED"]]])
        ),
        (.malformed(path: "Consent.provision"), member("provision", [["type": "permit"]])),
    ]

    @Test(arguments: badConsents)
    func refusesConsents(_ refusal: ContractRefusal, _ replaced: JSONMember) {
        #expect(throws: refusal) { try compile(sampleConsent(extra: [replaced])) }
    }

    @Test(arguments: ["status", "scope", "category", "patient", "organization", "provision"])
    func requires(_ name: String) throws {
        let members = try #require(sampleConsent().members).filter { $0.name != name }
        #expect(throws: ContractRefusal.missing(path: "Consent.\(name)")) { try compile(.object(members)) }
    }

    @Test(arguments: [nil, [], "Consent", 1] as [JSONValue])
    func refusesWhatIsNoResource(_ value: JSONValue) {
        #expect(throws: ContractRefusal.notConsent) { try compile(value) }
    }

    @Test func messagesNameTheElementAndSayWhatToDo() {
        let refusal = ContractRefusal.element(path: "Consent.provision.data", reason: .unsupported)
        #expect(
            "\(refusal)"
                == "`Consent.provision.data` is not supported; leave it out if the contract holds without it")
        let long = ContractRefusal.badCode(
            path: "Consent.status", code: String(repeating: "x", count: 10_000))
        #expect("\(long)".utf8.count < 300)
    }
}
