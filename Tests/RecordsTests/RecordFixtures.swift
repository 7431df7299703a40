import ConsentEngine
import Cryptography
import Foundation
import Model
import RecordsCore
import TestSupport
import Tokens

/// Ids of the tests, made from a number or at random.
enum Made {
    static func participant(_ number: UInt8) -> ParticipantID {
        // Sixteen bytes always make an id.
        ParticipantID([UInt8](repeating: 7, count: 15) + [number])!
    }

    static func participant() -> ParticipantID { ParticipantID(Random.bytes(16))! }
    static func entry() -> EntryID { EntryID(Random.bytes(16))! }
    static func contract() -> ContractID { ContractID(Random.bytes(16))! }
    static func version() -> RecordVersionID { RecordVersionID(Random.bytes(16))! }
}

/// How the records of the tests are read.
enum RecordFixture {
    static let reading = RecordReading(zone: .utc, labeller: Labeller(rules: .standard))
}

/// One permitted access: the contract, the decision made from it, and the token for it.
struct GrantedAccess: Sendable {
    static let recordsURL = "http://127.0.0.1:4104"
    static let consentURL = "http://127.0.0.1:4102"
    static let entryIndex: UInt64 = 41

    var patient = Made.participant()
    var custodian = Made.participant()
    var clinician = Made.participant()
    var organization = Made.participant()
    var system = Made.participant()
    var contract = Made.contract()
    var decision = Made.entry()
    var purposes = ["TREAT"]
    var type = "permit"
    var periodEnd: String?
    /// Provisions inside the root.
    var exceptions: [JSONValue] = []
    /// Whether the contract's event is final.
    var isFinal = true

    /// The bytes that the patient signs.
    var document: [UInt8] {
        var provision: [(String, JSONValue)] = [
            ("type", .string(type)),
            (
                "actor",
                [["role": Self.role, "reference": ["reference": .string("Organization/\(organization)")]]]
            ),
            (
                "purpose",
                .array(purposes.map { ["system": .string(PurposeCode.system), "code": .string($0)] })
            ),
        ]
        if !exceptions.isEmpty { provision.append(("provision", .array(exceptions))) }
        if let periodEnd { provision.append(("period", ["start": "2020-01-01", "end": .string(periodEnd)])) }
        let consent: JSONValue = [
            "resourceType": "Consent", "status": "active",
            "scope": Self.coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
            "category": [Self.coded("http://loinc.org", "59284-0")],
            "patient": ["reference": .string("Patient/\(patient)")], "dateTime": "2026-11-01",
            "organization": [["reference": .string("Organization/\(custodian)")]],
            "policy": [["uri": .string(ImplicitPolicy.denyAll.rawValue)]],
            "provision": .object(provision.map { JSONMember(name: $0.0, value: $0.1) }),
        ]
        return consent.encoded()
    }

    var reference: ContractReference { ContractReference(id: contract, version: SHA256.hash(document)) }

    func compiled() throws -> CompiledContract {
        try ContractCompiler.compile(
            JSONValue(parsing: document), id: contract.description, version: reference.version.hex,
            registry: CustodianRegistry(policies: [ImplicitPolicy.denyAll.rawValue]))
    }

    /// The data of the event with which `consent` records the contract, as far as `records` reads it.
    var contractData: JSONValue {
        [
            "contract": .string(contract.description), "version": .string(reference.version.hex),
            "document": .string(Base64.encode(document)),
        ]
    }

    /// The data of the event with which `consent` records the decision.
    func decisionData(at now: Timestamp) throws -> JSONValue {
        let request = AccessRequestFacts(
            patient: "Patient/\(patient)", actor: "Practitioner/\(clinician)",
            actingFor: ["Organization/\(organization)"], custodian: ["Organization/\(custodian)"],
            purposes: purposes.compactMap { PurposeCode(code: $0) }, atMilliseconds: now.milliseconds)
        let decided = ConsentEvaluator.decide(
            request, contracts: [StandingContract(try compiled())], policies: DecisionPolicies(.denyAll))
        return [
            "effect": .string(decided.effect.rawValue), "system": .string(system.description),
            "resourceTypes": [], "decision": decided.canonical(),
        ]
    }

    func recordedDecision(at now: Timestamp) throws -> RecordedDecision? {
        RecordedDecision(
            id: decision, entryIndex: Self.entryIndex, subject: patient, data: try decisionData(at: now))
    }

    /// The token as `consent` states it; tests change what they are about.
    func token(
        at now: Timestamp, audience: String = Self.recordsURL, patient: ParticipantID? = nil,
        subject: ParticipantID? = nil, purposes: [String]? = nil, entryIndex: UInt64 = Self.entryIndex,
        contracts: [ContractReference]? = nil, types: [String] = [], lifetimeSeconds: Int64 = 300
    ) -> RecordAccessToken {
        RecordAccessToken(
            issuer: Self.consentURL, subject: subject ?? clinician, organization: organization, actor: system,
            audience: audience, patient: patient ?? self.patient, purposes: purposes ?? self.purposes,
            resourceTypes: types, decision: decision, entryIndex: entryIndex,
            contracts: contracts ?? [reference],
            issuedAt: now, expiresAt: now.advanced(byMilliseconds: lifetimeSeconds * 1_000), id: "token-1")
    }

    func everything() -> ReleaseRecords.Target { .everything(of: patient, types: []) }

    private static let role = coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")

    private static func coded(_ system: String, _ code: String) -> JSONValue {
        ["coding": [["system": .string(system), "code": .string(code)]]]
    }
}

/// Bundles of the tests.
enum SampleBundle {
    static func make(_ resources: [String], type: String = "collection") -> [UInt8] {
        let entries = resources.map { "{\"fullUrl\":\"urn:uuid:x\",\"resource\":\($0)}" }.joined(
            separator: ",")
        return Array("{\"resourceType\":\"Bundle\",\"type\":\"\(type)\",\"entry\":[\(entries)]}".utf8)
    }

    /// An Observation with spaces and digits that only exact bytes keep.
    static func observation(_ id: String, patient: ParticipantID, note: String = "note") -> String {
        """
        { "resourceType":"Observation", "id":"\(id)","status" : "final",
          "subject":{"reference":"Patient/\(patient)"},"valueQuantity":{"value":1.50,"low": 0.10e1},
          "note":[{"text":"\(note)"}] }
        """
    }

    /// An Observation that a LOINC code says something about.
    static func coded(_ id: String, patient: ParticipantID, loinc: String) -> String {
        """
        {"resourceType":"Observation","id":"\(id)","status":"final",
         "subject":{"reference":"Patient/\(patient)"},
         "code":{"coding":[{"system":"http://loinc.org","code":"\(loinc)"}]}}
        """
    }

    static var corpora: [String] { (try? Corpora.files(in: "synthea", suffix: ".json")) ?? [] }
}

extension JSONValue {
    /// The object with one member set.
    func setting(_ name: String, _ value: JSONValue) -> JSONValue {
        .object((members ?? []).filter { $0.name != name } + [JSONMember(name: name, value: value)])
    }
}
