import ConsentEngine
import Model
import RecordsCore
import Testing
import Tokens

/// What a contract with exceptions lets out, judged by the content of resources.
@Suite struct ContentReleaseTests {
    private static let now = Timestamp(seconds: 1_790_000_000)

    private static func denying(_ members: [JSONMember]) -> JSONValue {
        .object([JSONMember(name: "type", value: "deny")] + members)
    }

    private static let hiv = denying([
        JSONMember(
            name: "securityLabel",
            value: [["system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"]])
    ])

    private static func permission(
        _ exceptions: [JSONValue], further: [GrantedAccess] = [], isFinal: Bool = true
    ) throws -> ReleasePermission? {
        var access = GrantedAccess()
        access.exceptions = exceptions
        access.isFinal = isFinal
        let facts = ReleaseFacts(
            isFresh: true, decision: try access.recordedDecision(at: now),
            contracts: try ([access] + further).map {
                ReleaseFacts.Contract(
                    reference: $0.reference, compiled: try $0.compiled(), isFinal: $0.isFinal)
            }, revoked: [], policies: DecisionPolicies(.denyAll), reading: RecordFixture.reading)
        let command = try #require(
            ReleaseRecords(token: access.token(at: now), target: access.everything(), purpose: nil))
        guard case .permit(let permission) = command.decide(facts, now: now) else { return nil }
        return permission
    }

    private static func resource(_ type: String, _ members: [JSONMember]) -> (ResourceKey, [UInt8]) {
        let value = JSONValue.object(
            [
                JSONMember(name: "resourceType", value: .string(type)),
                JSONMember(name: "id", value: "1"),
            ] + members)
        return (ResourceKey(type: type, id: "1"), value.encoded())
    }

    private static func coded(_ system: String, _ code: String) -> JSONValue {
        ["coding": [["system": .string(system), "code": .string(code)]]]
    }

    private static func observation(_ code: String) -> (ResourceKey, [UInt8]) {
        resource("Observation", [JSONMember(name: "code", value: coded("http://loinc.org", code))])
    }

    @Test func whatTheRulesLabelIsHeldBack() throws {
        let permission = try #require(try Self.permission([Self.hiv]))
        #expect(permission.looksAtContents)
        // LOINC 75622-1 is an HIV test and 29463-7 a body weight.
        let judged = ["75622-1", "29463-7"].map { code in
            let (key, content) = Self.observation(code)
            return permission.permits(key, content: content, in: RecordContext())
        }
        #expect(judged == [false, true])
    }

    @Test func whatCannotBeReadIsHeldBack() throws {
        let permission = try #require(try Self.permission([Self.hiv]))
        let (key, content) = Self.observation("29463-7")
        let (other, _) = Self.resource("Condition", [])
        let judged = [
            permission.permits(key, content: Array(content.dropLast()), in: RecordContext()),
            permission.permits(other, content: content, in: RecordContext()),
            permission.permits(
                ResourceKey(type: "Observation", id: "2"), content: content, in: RecordContext()),
        ]
        #expect(judged == [false, false, false])
    }

    @Test func aCodeThatStandsInAnotherResourceCounts() throws {
        let permission = try #require(try Self.permission([Self.hiv]))
        let (request, content) = Self.resource(
            "MedicationRequest",
            [JSONMember(name: "medicationReference", value: ["reference": "Medication/1"])])
        func isReleased(_ drug: String?) -> Bool {
            var context = RecordContext()
            if let drug {
                let (key, content) = Self.resource(
                    "Medication",
                    [
                        JSONMember(
                            name: "code",
                            value: Self.coded("http://www.nlm.nih.gov/research/umls/rxnorm", drug))
                    ])
                context.add(key, content: content)
            }
            return permission.permits(request, content: content, in: context)
        }
        // Without the Medication nobody knows what was prescribed.
        #expect([isReleased(nil), isReleased("313782")] == [false, true])
    }

    @Test func aProvenanceNamesAuthors() throws {
        let exception = Self.denying([
            JSONMember(
                name: "data",
                value: [["meaning": "authoredby", "reference": ["reference": "Practitioner/x"]]])
        ])
        let permission = try #require(try Self.permission([exception]))
        let (key, content) = Self.resource(
            "Observation",
            [
                JSONMember(name: "code", value: Self.coded("http://loinc.org", "29463-7")),
                JSONMember(name: "performer", value: [["reference": "Practitioner/y"]]),
            ])
        func isReleased(_ agent: String?, target: String = "Observation/1") -> Bool {
            var context = RecordContext()
            if let agent {
                let (provenance, content) = Self.resource(
                    "Provenance",
                    [
                        JSONMember(name: "target", value: [["reference": .string(target)]]),
                        JSONMember(name: "agent", value: [["who": ["reference": .string(agent)]]]),
                    ])
                context.add(provenance, content: content)
            }
            return permission.permits(key, content: content, in: context)
        }
        let judged = [
            isReleased(nil), isReleased("Practitioner/y"), isReleased("Practitioner/x"),
            isReleased("Practitioner/x", target: "Observation/2"),
            // Whom it is about cannot be told, so it may be this one.
            isReleased("Practitioner/x", target: "http://elsewhere.example/Observation/9"),
        ]
        #expect(judged == [true, true, false, true, false])
    }

    @Test func aLaterContractRestrictsWithoutPermitting() throws {
        var later = GrantedAccess()
        later.contract = Made.contract()
        // One custodian and patient for both.
        var access = GrantedAccess()
        access.isFinal = true
        later.patient = access.patient
        later.custodian = access.custodian
        later.organization = access.organization
        later.exceptions = [Self.hiv]
        let contracts = try [access, later].map {
            ReleaseFacts.Contract(reference: $0.reference, compiled: try $0.compiled(), isFinal: true)
        }
        let facts = ReleaseFacts(
            isFresh: true, decision: try access.recordedDecision(at: Self.now), contracts: contracts,
            revoked: [], policies: DecisionPolicies(.denyAll), reading: RecordFixture.reading)
        let command = try #require(
            ReleaseRecords(token: access.token(at: Self.now), target: access.everything(), purpose: nil))
        guard case .permit(let permission) = command.decide(facts, now: Self.now) else {
            Issue.record("the access is permitted")
            return
        }
        let judged = ["75622-1", "29463-7"].map { code in
            let (key, content) = Self.observation(code)
            return permission.permits(key, content: content, in: RecordContext())
        }
        #expect(judged == [false, true])
    }

    @Test func whatIsNotFinalPermitsNothing() throws {
        #expect(try Self.permission([Self.hiv], isFinal: false) == nil)
    }
}
