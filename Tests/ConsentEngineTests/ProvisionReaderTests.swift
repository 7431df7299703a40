import ConsentEngine
import Model
import Testing

/// The elements of provisions beside type, actor, purpose and period.
@Suite struct ProvisionReaderTests {
    private func terms(_ members: [JSONMember]) throws(ContractRefusal) -> ContractTerms {
        try ContractCompiler.terms(
            of: sampleConsent(purposes: ["TREAT"], provisionExtra: members), id: "c", version: "h",
            registry: CustodianRegistry(policies: [], purposeSystems: ["http://example.org/purposes"]))
    }

    private static func member(_ name: String, _ value: JSONValue) -> JSONMember {
        JSONMember(name: name, value: value)
    }

    private static func coding(_ system: String, _ code: String) -> JSONValue {
        ["system": .string(system), "code": .string(code)]
    }

    private static func data(_ meaning: String, _ reference: String) -> JSONMember {
        member(
            "data", [["meaning": .string(meaning), "reference": ["reference": .string(reference)]]])
    }

    private static let loinc = "http://loinc.org"

    static let scopes: [(JSONMember, DataScope)] = [
        (
            member("dataPeriod", ["start": "2022-01-01", "end": "2022-12-31"]),
            DataScope(dataPeriod: Interval(start: 1_640_995_200_000, end: 1_672_531_199_999))
        ),
        (data("instance", "ImagingStudy/1"), DataScope(data: [DataReference(.instance, "ImagingStudy/1")])),
        (data("related", "CarePlan/1"), DataScope(data: [DataReference(.related, "CarePlan/1")])),
        (
            data("authoredby", "PractitionerRole/1"),
            DataScope(data: [DataReference(.authoredBy, "PractitionerRole/1")])
        ),
        (
            member(
                "securityLabel",
                [
                    coding(Confidentiality.system, "R"), coding(SensitivityCode.system, "HIV"),
                    coding(Confidentiality.system, "N"),
                ]),
            DataScope(
                confidentialities: [.normal, .restricted],
                sensitivities: [SensitivityCode(code: "HIV")].compactMap { $0 })
        ),
        (
            member("class", [coding("http://hl7.org/fhir/resource-types", "Observation")]),
            DataScope(classes: ["Observation"])
        ),
        (
            member("code", [["coding": [coding(loinc, "1-1"), coding(loinc, "2-2")], "text": "x"]]),
            DataScope(
                codes: ["1-1", "2-2"].compactMap { Coding(system: "http://loinc.org", code: $0) })
        ),
    ]

    @Test(arguments: scopes)
    func readsWhichResourcesAProvisionIsAbout(_ stated: JSONMember, _ expected: DataScope) throws {
        let terms = try terms([stated])
        #expect(terms.root == Provision(.permit, purposes: [.treatment], scope: expected))
        #expect(CompiledContract(terms).terms == terms)
    }

    @Test func readsActions() throws {
        let action: JSONValue = ["coding": [Self.coding(ConsentAction.system, "disclose")]]
        #expect(try terms([Self.member("action", [action])]).root.actions == [.disclose])
    }

    @Test func readsPurposesOfRegisteredSystems() throws {
        let stated = Self.member("purpose", [Self.coding("http://example.org/purposes", "FooBar")])
        let consent = sampleConsent(provisionExtra: [stated])
        func compile(_ systems: Set<String>) throws(ContractRefusal) -> CompiledContract {
            try ContractCompiler.compile(
                consent, id: "c", version: "h",
                registry: CustodianRegistry(policies: [], purposeSystems: systems))
        }
        let contract = try compile(["http://example.org/purposes"])
        #expect(contract.terms.root.purposes.map(\.code) == ["http://example.org/purposes|FooBar"])
        #expect(
            throws: ContractRefusal.badCode(
                path: "Consent.provision.purpose[0]", code: "http://example.org/purposes|FooBar")
        ) { try compile([]) }
    }

    static let refused: [(JSONMember, ContractRefusal)] = [
        (
            data("dependents", "Encounter/1"),
            .badCode(path: "Consent.provision.data[0].meaning", code: "dependents")
        ),
        (
            data("related", "Observation/1"),
            .badCode(path: "Consent.provision.data[0].reference.reference", code: "Observation/1")
        ),
        (
            data("instance", "Gizmo/1"),
            .badCode(path: "Consent.provision.data[0].reference.reference", code: "Gizmo/1")
        ),
        (
            member("securityLabel", [coding(Confidentiality.system, "B")]),
            .badCode(path: "Consent.provision.securityLabel[0]", code: "\(Confidentiality.system)|B")
        ),
        (
            member("securityLabel", [coding(SensitivityCode.system, "AMB")]),
            .badCode(path: "Consent.provision.securityLabel[0]", code: "\(SensitivityCode.system)|AMB")
        ),
        (
            member("class", [coding("urn:ietf:bcp:13", "application/hl7-cda+xml")]),
            .badCode(
                path: "Consent.provision.class[0]", code: "urn:ietf:bcp:13|application/hl7-cda+xml")
        ),
        (member("code", [["text": "blood"]]), .missing(path: "Consent.provision.code[0].coding")),
        (
            member("code", [["coding": [coding("no-uri", "1")]]]),
            .badCode(path: "Consent.provision.code[0].coding[0]", code: "no-uri|1")
        ),
        (
            member("action", [["coding": [coding(ConsentAction.system, "sell")]]]),
            .badCode(path: "Consent.provision.action[0]", code: "sell")
        ),
        (
            member("provision", .array(Array(repeating: ["type": "deny"], count: 65))),
            .element(path: "Consent.provision", reason: .tooMany(max: 64))
        ),
        (
            member("code", .array(Array(repeating: ["coding": [coding(loinc, "1")]], count: 257))),
            .element(path: "Consent.provision.code", reason: .tooMany(max: 256))
        ),
    ]

    @Test(arguments: refused)
    func refusesByName(_ stated: JSONMember, _ refusal: ContractRefusal) {
        #expect(throws: refusal) { try terms([stated]) }
    }

    // MARK: nested provisions

    @Test func aNestedProvisionReplacesWhatItStates() throws {
        let terms = try terms([
            Self.member("period", ["end": "2022"]), Self.data("instance", "Observation/1"),
            Self.member(
                "provision",
                [
                    [
                        "type": "deny", "period": ["start": "2021", "end": "2099"],
                        "data": [["meaning": "instance", "reference": ["reference": "Observation/2"]]],
                    ]
                ]),
        ])
        #expect(
            terms.nested == [
                Provision(
                    .deny, purposes: [.treatment],
                    period: Interval(start: 1_609_459_200_000, end: 1_672_531_199_999),
                    scope: DataScope(data: [DataReference(.instance, "Observation/2")]))
            ])
        #expect(CompiledContract(terms).terms == terms)
    }

    /// What a provision states inside one that states everything, and what becomes of it.
    static let nestedProvisions: [([JSONMember], Provision)] = [
        ([], outer(.deny)),
        (
            [member("purpose", [coding(PurposeCode.system, "HRESCH")])],
            outer(.deny, purposes: purposes("HRESCH"))
        ),
        // A securityLabel is one element: stated, it takes the place of all of the parent's.
        (
            [member("securityLabel", [coding(SensitivityCode.system, "SUD")])],
            outer(.deny, confidentialities: [], sensitivities: ["SUD"])
        ),
        (
            [member("securityLabel", [coding(Confidentiality.system, "V")])],
            outer(.deny, confidentialities: [.veryRestricted], sensitivities: [])
        ),
        (
            [condition("uses", [["url": "max", "valuePositiveInt": 3]])],
            outer(.deny, conditions: [.uses(max: 3)])
        ),
        (
            [member("class", [coding("http://hl7.org/fhir/resource-types", "Media")])],
            outer(.deny, classes: ["Media"])
        ),
    ]

    private static func outer(
        _ effect: ProvisionEffect, purposes: [PurposeCode] = [.treatment],
        conditions: [AccessCondition] = [.session], confidentialities: [Confidentiality] = [.restricted],
        sensitivities: [String] = ["HIV"], classes: [String] = ["Observation"]
    ) -> Provision {
        Provision(
            effect, actors: ["Practitioner/d"], purposes: purposes, actions: [.disclose],
            period: Interval(start: nil, end: 1_672_531_199_999), conditions: conditions,
            scope: DataScope(
                dataPeriod: Interval(start: 1_640_995_200_000, end: nil),
                data: [DataReference(.related, "Encounter/1")], confidentialities: confidentialities,
                sensitivities: sensitivities.compactMap { SensitivityCode(code: $0) }, classes: classes,
                codes: ["1-1"].compactMap { Coding(system: loinc, code: $0) }))
    }

    @Test(arguments: nestedProvisions)
    func aNestedProvisionInheritsWhatItDoesNotState(
        _ stated: [JSONMember], _ expected: Provision
    ) throws {
        let consent = sampleConsent(
            purposes: ["TREAT"], actors: ["Practitioner/d"], period: ["end": "2022"],
            provisionExtra: [
                Self.condition("session"), Self.data("related", "Encounter/1"),
                Self.member("action", [["coding": [Self.coding(ConsentAction.system, "disclose")]]]),
                Self.member("dataPeriod", ["start": "2022"]),
                Self.member(
                    "securityLabel",
                    [Self.coding(Confidentiality.system, "R"), Self.coding(SensitivityCode.system, "HIV")]),
                Self.member("class", [Self.coding("http://hl7.org/fhir/resource-types", "Observation")]),
                Self.member("code", [["coding": [Self.coding(Self.loinc, "1-1")]]]),
                Self.member("provision", [.object([Self.member("type", "deny")] + stated)]),
            ])
        let terms = try ContractCompiler.terms(
            of: consent, id: "c", version: "h", registry: CustodianRegistry(policies: []))
        #expect(terms.root == Self.outer(.permit))
        #expect(terms.nested == [expected])
    }

    /// The period of the root, that of a provision inside it, and what both leave; years as FHIR writes them.
    static let nestedPeriods: [(JSONValue?, JSONValue?, (String?, String?)?)] = [
        (["start": "2021", "end": "2024"], ["start": "2020", "end": "2025"], ("2021", "2024")),
        (["start": "2021", "end": "2024"], ["start": "2022", "end": "2023"], ("2022", "2023")),
        (["start": "2021", "end": "2024"], nil, ("2021", "2024")),
        (["start": "2021", "end": "2024"], ["start": "2022"], ("2022", "2024")),
        (["start": "2021"], ["end": "2023"], ("2021", "2023")), (nil, ["end": "2023"], (nil, "2023")),
        // Nothing is left of it.
        (["end": "2022"], ["start": "2024"], ("2024", "2022")), (nil, nil, nil),
    ]

    @Test(arguments: nestedPeriods)
    func aNestedPeriodNeverReachesBeyondItsParents(
        _ outer: JSONValue?, _ inner: JSONValue?, _ expected: (String?, String?)?
    ) throws {
        let nested = [Self.member("type", "deny")] + (inner.map { [Self.member("period", $0)] } ?? [])
        let consent = sampleConsent(
            period: outer, provisionExtra: [Self.member("provision", [.object(nested)])])
        let terms = try ContractCompiler.terms(
            of: consent, id: "c", version: "h", registry: CustodianRegistry(policies: []))
        let period = expected.map { start, end in
            Interval(
                start: start.flatMap { FHIRDateTime.milliseconds(of: $0)?.lowerBound },
                end: end.flatMap { FHIRDateTime.milliseconds(of: $0)?.upperBound })
        }
        #expect(terms.nested.map(\.period) == [period])
    }

    // MARK: conditions

    private static func condition(_ kind: String, _ parts: [JSONValue] = []) -> JSONMember {
        let stated: [JSONValue] = [["url": "kind", "valueCode": .string(kind)]]
        return member(
            "modifierExtension",
            [["url": .string(AccessCondition.extensionURL), "extension": .array(stated + parts)]])
    }

    static let conditions: [(JSONMember, AccessCondition)] = [
        (
            condition(
                "credential",
                [["url": "type", "valueUri": "http://x/license"], ["url": "issuer", "valueUri": "did:x:1"]]),
            .credential(type: "http://x/license", issuer: "did:x:1")
        ),
        (
            condition("credential", [["url": "type", "valueUri": "http://x/license"]]),
            .credential(type: "http://x/license", issuer: nil)
        ),
        (
            condition(
                "care-relationship",
                [
                    ["url": "relationship", "valueCode": "care-team"],
                    ["url": "relationship", "valueCode": "referral"],
                ]),
            .careRelationship([.referral, .careTeam])
        ),
        (condition("session"), .session),
        (condition("uses", [["url": "max", "valuePositiveInt": 3]]), .uses(max: 3)),
    ]

    @Test(arguments: conditions)
    func readsConditions(_ stated: JSONMember, _ expected: AccessCondition) throws {
        let contract = CompiledContract(try terms([stated]))
        #expect(contract.terms.root.conditions == [expected])
        #expect(contract.conditions == [expected])
    }

    @Test func readsTimeWindows() throws {
        let contract = CompiledContract(
            try terms([
                Self.condition(
                    "time-window",
                    [
                        ["url": "day", "valuePositiveInt": 5], ["url": "day", "valuePositiveInt": 1],
                        ["url": "start", "valueUnsignedInt": 480], ["url": "end", "valueUnsignedInt": 1_079],
                    ])
            ]))
        let window = try #require(TimeWindow(days: [1, 5], startMinute: 480, endMinute: 1_079))
        #expect(contract.conditions == [.timeWindow(window)])
        // 2023-11-14T22:13:20Z is a Tuesday, the 17th a Friday.
        let tuesday: Int64 = 1_700_000_000_000
        let friday: Int64 = 1_700_208_000_000
        let answers = [
            window.contains(tuesday, offsetSeconds: 0), window.contains(friday, offsetSeconds: 0),
            window.contains(friday, offsetSeconds: 10 * 3_600),
            window.contains(-259_200_000, offsetSeconds: 0),
            window.contains(-230_400_000, offsetSeconds: 0),
        ]
        #expect(answers == [false, true, false, false, true])
    }

    /// Milliseconds since 1970-01-01, a Thursday, the offset of the zone, and whether it is 08:00 to 17:59 on
    /// a Thursday or Sunday.
    static let minutes: [(Int64, Int64, Bool)] = [
        (28_799_999, 0, false), (28_800_000, 0, true), (64_799_999, 0, true), (64_800_000, 0, false),
        (259_200_000 + 28_800_000, 0, true), (172_800_000 + 28_800_000, 0, false),
        (25_200_000, 3_600, true), (64_799_999, 3_600, false), (28_800_000, -3_600, false),
        (28_800_000 - 604_800_000, 0, true),
    ]

    @Test(arguments: minutes)
    func aTimeWindowIncludesItsFirstAndLastMinute(
        _ milliseconds: Int64, _ offsetSeconds: Int64, _ expected: Bool
    ) throws {
        let window = try #require(TimeWindow(days: [4, 7], startMinute: 480, endMinute: 1_079))
        #expect(window.contains(milliseconds, offsetSeconds: offsetSeconds) == expected)
    }

    static let badConditions: [(JSONMember, ContractRefusal)] = [
        (
            condition("weather"),
            .badCode(path: "Consent.provision.modifierExtension[0].extension[0]", code: "weather")
        ),
        (
            condition("session", [["url": "max", "valuePositiveInt": 3]]),
            .element(path: "Consent.provision.modifierExtension[0].extension[1]", reason: .unsupported)
        ),
        (
            condition("uses", [["url": "max", "valuePositiveInt": 0]]),
            .malformed(path: "Consent.provision.modifierExtension[0].extension[1]")
        ),
        (
            condition("care-relationship"),
            .missing(path: "Consent.provision.modifierExtension[0].extension(relationship)")
        ),
        (
            condition(
                "time-window",
                [["url": "start", "valueUnsignedInt": 9], ["url": "end", "valueUnsignedInt": 8]]),
            .badDate(path: "Consent.provision.modifierExtension[0]")
        ),
    ]

    @Test(arguments: badConditions)
    func refusesConditionsByName(_ stated: JSONMember, _ refusal: ContractRefusal) {
        #expect(throws: refusal) { try terms([stated]) }
    }
}
