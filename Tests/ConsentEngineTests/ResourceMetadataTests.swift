import ConsentEngine
import Foundation
import Model
import TestSupport
import Testing

@Suite struct ResourceMetadataTests {
    static func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    /// Reads a resource given by its type and members; single quotes stand for double ones.
    static func metadata(_ type: String, _ members: String, zone: ZoneRules = .utc) throws -> ResourceMetadata
    {
        let text = "{'resourceType':'\(type)','id':'1'" + (members.isEmpty ? "" : ",") + members + "}"
        return try #require(
            ResourceMetadata(resource: try json(text.replacingOccurrences(of: "'", with: "\"")), zone: zone))
    }

    /// `2020` stands for the year, `2020/` for what begins with it, `-` for nothing.
    static func interval(_ text: String) -> Interval? {
        if text == "-" { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let start = FHIRDateTime.milliseconds(of: parts[0])?.lowerBound
        let end = FHIRDateTime.milliseconds(of: parts.count == 1 ? parts[0] : parts[1])?.upperBound
        return Interval(start: start, end: end)
    }

    static let dates: [(String, String, String)] = [
        ("Observation", "'effectiveDateTime':'2020-02','issued':'2021-01-01T00:00:00Z'", "2020-02"),
        ("Observation", "'effectivePeriod':{'start':'2020','end':'2021-03'}", "2020/2021-03"),
        ("Observation", "'effectiveInstant':'2020-01-01T10:00:00.5Z'", "2020-01-01T10:00:00.5Z"),
        ("Observation", "'effectiveTiming':{'code':{'text':'daily'}},'issued':'2021-01-01T00:00:00Z'", "-"),
        ("Observation", "'issued':'2021-01-01T00:00:00Z'", "2021-01-01T00:00:00Z"), ("Observation", "", "-"),
        ("Observation", "'effectiveDateTime':'soon','issued':'2021-01-01T00:00:00Z'", "-"),
        ("Observation", "'effectiveDateTime':'2020-01-01T10:00'", "-"),
        (
            "Observation", "'_effectiveDateTime':{'extension':[]},'issued':'2021-01-01T00:00:00Z'",
            "2021-01-01T00:00:00Z"
        ),
        ("Observation", "'effectivePeriod':{'start':'2020'}", "2020/"),
        ("Observation", "'effectivePeriod':{'end':'2020'}", "/2020"),
        ("Observation", "'effectivePeriod':{}", "-"),
        ("Observation", "'effectivePeriod':{'start':'2021','end':'2020'}", "-"),
        ("Observation", "'effectivePeriod':{'start':'2020','end':'never'}", "-"),
        ("Condition", "'onsetAge':{'value':40},'recordedDate':'2020-05-01'", "2020-05-01"),
        ("Condition", "'onsetString':'in childhood','recordedDate':'2020-05-01'", "2020-05-01"),
        ("Condition", "'onsetRange':{}", "-"),
        ("Condition", "'onsetPeriod':{'start':'2019'},'recordedDate':'2020'", "2019/"),
        ("Condition", "'abatementDateTime':'2020'", "-"),
        ("AllergyIntolerance", "'onsetDateTime':'2001','recordedDate':'2020'", "2001"),
        ("Encounter", "'period':{'start':'2020-01-01T10:00:00Z'}", "2020-01-01T10:00:00Z/"),
        ("Procedure", "'performedPeriod':{'start':'2020','end':'2020'}", "2020"),
        ("Procedure", "'performedString':'last year'", "-"),
        ("MedicationRequest", "'authoredOn':'2020-01-01'", "2020-01-01"),
        ("Immunization", "'occurrenceString':'as a child','recorded':'2020'", "2020"),
        ("DiagnosticReport", "'issued':'2020-01-01T00:00:00Z'", "2020-01-01T00:00:00Z"),
        ("Claim", "'billablePeriod':{'start':'2020','end':'2021'},'created':'2022'", "2020/2021"),
        ("Claim", "'created':'2022'", "2022"), ("CarePlan", "'created':'2022'", "2022"),
        ("ExplanationOfBenefit", "'billablePeriod':{'start':'2020'},'created':'2022'", "2020/"),
        ("Goal", "'startDate':'2020-01-02','statusDate':'2021'", "2020-01-02"),
        ("Goal", "'statusDate':'2021'", "-"), ("ImagingStudy", "'started':'2020'", "2020"),
        ("DocumentReference", "'context':{'period':{'start':'2019','end':'2019'}},'date':'2020'", "2019"),
        ("DocumentReference", "'date':'2020-01-01T00:00:00Z'", "2020-01-01T00:00:00Z"),
        ("Device", "'manufactureDate':'2020'", "-"), ("Patient", "'birthDate':'1980-01-01'", "-"),
        ("Specimen", "'collection':{'collectedDateTime':'2020'},'receivedTime':'2021'", "2020"),
        ("ServiceRequest", "'occurrenceTiming':{}", "-"), ("ServiceRequest", "'authoredOn':'2020'", "2020"),
        ("Unknown", "'date':'2020'", "-"),
    ]

    @Test(arguments: dates)
    func findsTheClinicalDate(_ type: String, _ members: String, _ expected: String) throws {
        #expect(try Self.metadata(type, members).clinicalDate == Self.interval(expected))
    }

    @Test func readsADateWithoutZoneInTheZoneOfTheOrganisation() throws {
        let zone = ZoneRules(name: "+05:30", initialOffsetSeconds: 19_800)
        let day = try Self.metadata("Condition", "'onsetDateTime':'1970-01-02'", zone: zone).clinicalDate
        #expect(day == Interval(start: 66_600_000, end: 152_999_999))
    }

    static func text(_ known: Known<String>) -> String {
        known.elements.joined(separator: " ") + (known.isComplete ? "" : " ?")
    }

    static let uuid = "urn:uuid:84404ba8-40ec-47dc-8879-fcb5403974b6"

    static let authors: [(String, String, String)] = [
        (
            "Observation", "'performer':[{'reference':'Practitioner/b'},{'reference':'Organization/a'}]",
            "Organization/a Practitioner/b"
        ),
        ("Observation", "'performer':[{'reference':'\(uuid)'}]", uuid), ("Observation", "", " ?"),
        ("Observation", "'performer':[{'reference':'Practitioner/b/_history/2'}]", "Practitioner/b"),
        (
            "Observation", "'performer':[{'reference':'Practitioner/b'},{'display':'Dr X'}]",
            "Practitioner/b ?"
        ),
        ("Observation", "'performer':[{'reference':'https://example.org/fhir/Practitioner/b'}]", " ?"),
        ("Observation", "'performer':[{'reference':'Practitioner?identifier=1|2'}]", " ?"),
        ("Observation", "'performer':[{'reference':'#p'}]", " ?"),
        ("Observation", "'performer':[{'identifier':{'value':'1'}}]", " ?"),
        ("Observation", "'performer':[{'reference':'Practitioner/b','type':'Patient'}]", " ?"),
        ("Observation", "'performer':[{'reference':'urn:uuid:1'}]", " ?"),
        ("Observation", "'performer':[{'reference':'urn:oid:1.2'}]", " ?"),
        ("Observation", "'performer':[{'reference':'practitioner/b'}]", " ?"),
        ("Observation", "'performer':['Practitioner/b']", " ?"),
        (
            "Condition", "'recorder':{'reference':'Practitioner/b'},'asserter':{'reference':'Patient/p'}",
            "Patient/p Practitioner/b"
        ),
        (
            "Procedure",
            """
            'performer':[{'actor':{'reference':'Practitioner/b'},\
            'onBehalfOf':{'reference':'Organization/o'}}]
            """,
            "Practitioner/b"
        ),
        (
            "MedicationRequest",
            "'requester':{'reference':'Practitioner/b'},'performer':{'reference':'Practitioner/c'}",
            "Practitioner/b"
        ),
        ("ServiceRequest", "'performer':[{'reference':'Practitioner/c'}]", " ?"),
        ("Encounter", "'participant':[{'individual':{'reference':'Practitioner/b'}}]", "Practitioner/b"),
        (
            "Claim", "'provider':{'reference':'Organization/o'},'enterer':{'reference':'Practitioner/b'}",
            "Organization/o Practitioner/b"
        ),
        (
            "ExplanationOfBenefit",
            "'provider':{'reference':'Organization/o'},'insurer':{'display':'private'}", "Organization/o ?"
        ),
        (
            "Composition",
            """
            'author':[{'reference':'Device/d'}],\
            'section':[{'section':[{'author':[{'reference':'Practitioner/b'}]}]}]
            """,
            "Device/d Practitioner/b"
        ),
        ("Provenance", "'agent':[{'who':{'reference':'Practitioner/b'}}]", "Practitioner/b"),
        ("BodyStructure", "", " ?"), ("Unknown", "'performer':[{'reference':'Practitioner/b'}]", " ?"),
    ]

    @Test(arguments: authors)
    func findsTheAuthors(_ type: String, _ members: String, _ expected: String) throws {
        #expect(Self.text(try Self.metadata(type, members).authors) == expected)
    }

    @Test func takesTheAgentsOfAProvenanceAsAuthors() throws {
        let provenance = try Self.json(
            """
            {"resourceType":"Provenance","id":"v",
            "target":[{"reference":"Observation/1"},{"reference":"\(Self.uuid)"}],
            "agent":[{"who":{"reference":"Practitioner/z"},"onBehalfOf":{"reference":"Organization/o"}}]}
            """)
        let said = try #require(ProvenanceAgents(provenance: provenance))
        #expect(Self.text(said.targets) == "Observation/1 \(Self.uuid)")
        let observation = try Self.json(#"{"resourceType":"Observation","id":"1"}"#)
        let known = ResourceMetadata(resource: observation, agents: said.agents)
        #expect(known.map { Self.text($0.authors) } == "Practitioner/z")
        let unknown = ResourceMetadata(
            resource: observation, agents: Known(["Practitioner/z"], isComplete: false))
        #expect(unknown.map { Self.text($0.authors) } == "Practitioner/z ?")
        #expect(ProvenanceAgents(provenance: observation) == nil)
    }

    static let related: [(String, String, String)] = [
        ("Observation", "'encounter':{'reference':'Encounter/e'}", "Encounter/e"), ("Observation", "", ""),
        ("Observation", "'encounter':{'reference':'Encounter/e/_history/2'}", "Encounter/e"),
        ("Observation", "'encounter':{'reference':'\(uuid)'}", uuid),
        ("Observation", "'encounter':{'reference':'https://example.org/Encounter/e'}", " ?"),
        ("Observation", "'encounter':{'reference':'#e'}", " ?"),
        ("Observation", "'encounter':{'display':'visit'}", " ?"),
        ("Observation", "'encounter':{'reference':'Encounter?identifier=1'}", " ?"),
        ("Observation", "'subject':{'reference':'https://example.org/Patient/p'}", ""),
        ("Observation", "'subject':{'display':'somebody'},'performer':[{'reference':'#p'}]", ""),
        (
            "Observation", "'basedOn':[{'reference':'ServiceRequest/s'},{'reference':'CarePlan/c'}]",
            "CarePlan/c"
        ),
        ("Observation", "'basedOn':[{'reference':'https://example.org/ServiceRequest/s'}]", ""),
        ("Observation", "'basedOn':[{'identifier':{'value':'1'}}]", " ?"),
        ("Observation", "'basedOn':[{'identifier':{'value':'1'},'type':'ServiceRequest'}]", ""),
        ("Observation", "'basedOn':[{'identifier':{'value':'1'},'type':'CarePlan'}]", " ?"),
        ("Observation", "'hasMember':[{'reference':'\(uuid)'}]", ""),
        ("Observation", "'focus':[{'reference':'EpisodeOfCare/f'}]", "EpisodeOfCare/f"),
        (
            "Observation", "'extension':[{'url':'x','valueReference':{'reference':'Encounter/e'}}]",
            "Encounter/e"
        ),
        (
            "Observation",
            """
            'contained':[{'resourceType':'Device','id':'d',\
            'note':[{'authorReference':{'reference':'Encounter/e'}}]}]
            """,
            "Encounter/e"
        ),
        ("Encounter", "'partOf':{'reference':'Encounter/1'}", ""),
        (
            "Encounter",
            "'partOf':{'reference':'Encounter/2'},'episodeOfCare':[{'reference':'EpisodeOfCare/e'}]",
            "Encounter/2 EpisodeOfCare/e"
        ),
        ("Procedure", "'partOf':[{'display':'operation'}]", ""),
        ("MedicationAdministration", "'context':{'reference':'EpisodeOfCare/e'}", "EpisodeOfCare/e"),
        (
            "DocumentReference",
            "'context':{'period':{'start':'2020'},'encounter':[{'reference':'Encounter/e'}]}", "Encounter/e"
        ),
        (
            "Claim", "'item':[{'encounter':[{'reference':'Encounter/e'},{'reference':'Encounter/f'}]}]",
            "Encounter/e Encounter/f"
        ),
        ("Provenance", "'target':[{'reference':'Encounter/e'},{'reference':'Observation/o'}]", "Encounter/e"),
        ("Unknown", "'encounter':{'reference':'Encounter/e'}", "Encounter/e ?"),
    ]

    @Test(arguments: related)
    func findsTheEncountersAndPlans(_ type: String, _ members: String, _ expected: String) throws {
        #expect(Self.text(try Self.metadata(type, members).related) == expected)
    }

    /// A concept with one code of the system `urn:s`.
    static func concept(_ code: String) -> String { "{'coding':[{'system':'urn:s','code':'\(code)'}]}" }

    static let codes: [(String, String, String)] = [
        (
            "Observation",
            """
            'code':\(concept("a")),'category':[\(concept("c"))],'valueCodeableConcept':\(concept("v")),\
            'component':[{'code':\(concept("k"))}]
            """,
            "a c k v"
        ),
        ("Observation", "'code':\(concept("a")),'bodySite':\(concept("b")),'method':\(concept("m"))", "a"),
        ("Observation", "", " ?"), ("Observation", "'code':{'text':'HIV test'}", " ?"),
        ("Observation", "'code':{'coding':[]}", " ?"),
        ("Observation", "'code':{'coding':[{'code':'a'}]}", " ?"), ("Observation", "'code':'a'", " ?"),
        ("Observation", "'code':{'coding':[{'system':'urn:s','code':'a b'}]}", " ?"),
        ("Observation", "'code':{'coding':[{'system':'urn:s','code':'a'},{'display':'local'}]}", "a ?"),
        ("Observation", "'code':\(concept("a")),'category':[{'text':'lab'}]", "a ?"),
        ("Observation", "'code':\(concept("a")),'valueString':'positive'", "a"),
        ("Condition", "'code':\(concept("a")),'clinicalStatus':\(concept("active"))", "a"),
        ("Condition", "", " ?"),
        (
            "Encounter",
            "'class':{'system':'urn:s','code':'AMB'},'type':[\(concept("t"))],'reasonCode':[\(concept("r"))]",
            "AMB r t"
        ),
        ("MedicationRequest", "'medicationCodeableConcept':\(concept("m"))", "m"),
        ("MedicationRequest", "'medicationReference':{'reference':'Medication/m'}", "known"),
        ("MedicationRequest", "'medicationReference':{'reference':'Medication/x'}", " ?"),
        ("MedicationRequest", "", " ?"),
        (
            "MedicationRequest",
            """
            'contained':[{'resourceType':'Medication','id':'m','code':\(concept("m"))}],\
            'medicationReference':{'reference':'#m'}
            """,
            "m"
        ),
        (
            "MedicationRequest",
            "'contained':[{'resourceType':'Medication','id':'m'}],'medicationReference':{'reference':'#m'}",
            " ?"
        ),
        (
            "MedicationRequest",
            """
            'contained':[{'resourceType':'Medication','id':'m','code':\(concept("m")),\
            'ingredient':[{'itemReference':{'reference':'#m'}}]}],'medicationReference':{'reference':'#m'}
            """,
            "m ?"
        ),
        (
            "Claim",
            """
            'type':\(concept("t")),'item':[{'productOrService':\(concept("p")),\
            'detail':[{'productOrService':\(concept("d"))}]}]
            """,
            "d p t"
        ),
        ("Claim", "'diagnosis':[{'diagnosisReference':{'reference':'Condition/x'}}]", " ?"),
        (
            "Composition",
            """
            'type':\(concept("t")),\
            'section':[{'code':\(concept("s")),'section':[{'code':\(concept("u"))}]}]
            """,
            "s t u"
        ),
        (
            "QuestionnaireResponse",
            "'item':[{'item':[{'answer':[{'valueCoding':{'system':'urn:s','code':'q'}}]}]}]", "q"
        ),
        ("QuestionnaireResponse", "'item':[{'answer':[{'valueString':'yes'}]}]", " ?"),
        ("Immunization", "'vaccineCode':\(concept("v"))", "v"), ("Patient", "", ""),
        ("Unknown", "'code':\(concept("a"))", " ?"),
    ]

    @Test(arguments: codes)
    func findsTheCodes(_ type: String, _ members: String, _ expected: String) throws {
        let text = "{'resourceType':'\(type)','id':'1'" + (members.isEmpty ? "" : ",") + members + "}"
        let coding = try #require(Coding(system: "urn:s", code: "known"))
        let metadata = try #require(
            ResourceMetadata(
                resource: try Self.json(text.replacingOccurrences(of: "'", with: "\"")),
                codesByReference: ["Medication/m": Known([coding])]))
        let codes = Known(metadata.codes.elements.map(\.code), isComplete: metadata.codes.isComplete)
        #expect(Self.text(codes) == expected)
    }

    static let confidentiality = "'system':'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'"
    static let sensitivity = "'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode'"

    static let labels: [(String, String)] = [
        ("", "nil"), ("{\(confidentiality),'code':'N'}", "N"),
        (
            "{\(confidentiality),'code':'N'},{\(confidentiality),'code':'V'},{\(confidentiality),'code':'R'}",
            "V"
        ),
        (
            "{\(confidentiality),'code':'R'},{\(sensitivity),'code':'HIV'},{\(sensitivity),'code':'ETHUD'}",
            "R ETHUD HIV"
        ),
        ("{\(sensitivity),'code':'HIV'}", "nil"), ("{\(confidentiality),'code':'X'}", "nil"),
        ("{\(confidentiality),'code':'N'},{\(confidentiality),'code':'X'}", "nil"),
        ("{\(confidentiality),'code':'N'},{\(sensitivity),'code':'42CFRPart2'}", "N"),
        (
            """
            {\(confidentiality),'code':'N'},{'system':'http://terminology.hl7.org/CodeSystem/v3-ActReason',\
            'code':'HTEST'}
            """,
            "N"
        ),
        ("{'system':'urn:oid:2.16.840.1.113883.5.25','code':'R'}", "R"), ("{'code':'R'}", "nil"),
        ("'R'", "nil"),
    ]

    @Test(arguments: labels)
    func readsTheStatedLabels(_ security: String, _ expected: String) throws {
        let metadata = try Self.metadata("Observation", "'meta':{'security':[\(security)]}")
        let labels = metadata.statedLabels.labels
        let text = labels.map {
            ([$0.confidentiality.code] + $0.sensitivities.map(\.code)).joined(separator: " ")
        }
        #expect((text ?? "nil") == expected)
    }

    @Test(arguments: [
        "{}", "[]", #"{"resourceType":"Observation"}"#, #"{"id":"1"}"#,
        #"{"resourceType":"observation","id":"1"}"#,
        #"{"resourceType":"Observation","id":"a b"}"#, #"{"resourceType":"Observation","id":""}"#,
    ])
    func readsNothingWithoutTypeAndId(_ text: String) throws {
        #expect(ResourceMetadata(resource: try Self.json(text)) == nil)
    }

    /// Every type that the vault stores, and the directories.
    @Test func theTableHoldsTheTypesOfTheVault() throws {
        let file = "\(Corpora.packageRoot)/Services/Records/Core/Bundle/ResourceTypeTable.swift"
        try #require(FileManager.default.fileExists(atPath: file))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let names = text.matches(of: /"([A-Z][A-Za-z]+)"/).map { String($0.output.1) }
        let missing = names.filter { $0 != "Consent" && !ResourceMetadata.types.contains($0) }
        #expect(missing.isEmpty && names.count > 60)
    }

    @Test(.enabled(if: Corpora.isPresent, "corpora/pcf is absent"))
    func readsTheDataOfThePrivacyConsentExamples() throws {
        let rows = try Corpora.names(in: "pcf/data").filter { $0.hasPrefix("Observation-") }.map { name in
            let one = try #require(ResourceMetadata(resource: try ConsentCorpus.json("pcf/data/\(name)")))
            let facts = one.facts(
                custodian: ["Organization/ex-organization"], labels: one.statedLabels.labels)
            let labels =
                facts.labels.map { [$0.confidentiality.code] + $0.sensitivities.map(\.code) } ?? ["nil"]
            return [
                facts.id, facts.clinicalDate == nil ? "undated" : "dated", Self.text(facts.authors),
                Self.text(facts.related), facts.codes.elements.map(\.code).joined(separator: ","),
                labels.joined(separator: ","),
            ].joined(separator: "; ")
        }
        #expect(rows == Self.examples)
    }

    static let examples = [
        "ex-alcoholUse; dated; Practitioner/ex-author; Encounter/ex-encounter; 74013-4; R,ETHUD",
        """
        ex-bloodPressure; dated; Practitioner/ex-author; Encounter/ex-encounter; 8462-4,\
        85354-9,vital-signs; N
        """,
        "ex-bloodSugar; dated; Practitioner/ex-author; Encounter/ex-encounter; 2339-0,laboratory; N",
        "ex-weight-2; dated; Practitioner/ex-author; Encounter/ex-encounter; 29463-7,vital-signs; N",
        "ex-weight; dated; Practitioner/ex-author; Encounter/ex-encounter; 29463-7,vital-signs; N",
        "extra-hiv; dated; Practitioner/ex-author; Encounter/ex-encounter; 75622-1; R,HIV",
        "extra-own-note; dated; Practitioner/ex-practitioner; ; 34109-9; N",
        "extra-psychiatry; dated; Practitioner/ex-author; ; 44249-1; R,PSY",
        "extra-undated; undated;  ?; ; 8302-2; N",
    ]
}
