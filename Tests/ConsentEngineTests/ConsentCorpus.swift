import ConsentEngine
import Foundation
import Model
import TestSupport

/// The IHE PCF examples and decision cases beside the package.
enum ConsentCorpus {
    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: try Corpora.bytes(of: path))
    }

    static func texts(_ value: JSONValue?) -> [String] {
        value?.array?.compactMap(\.string) ?? []
    }

    /// The example policies that the cases take as registered.
    static func registeredPolicies() throws -> Set<String> {
        Set(texts(try json("pcf/cases.json")["policies"]?["registered"]))
    }

    static func contract(_ name: String) throws -> CompiledContract {
        try ContractCompiler.compile(
            json("pcf/consents/\(name).json"), id: name, version: "v1",
            registry: CustodianRegistry(
                policies: registeredPolicies(),
                purposeSystems: ["http://example.org/policies/purposeOfUse"]))
    }

    /// Returns an organisation and those above it, by `Organization.partOf`.
    static func chain(_ reference: String) throws -> [String] {
        var chain = [reference]
        while let current = chain.last,
            let parent = try json("pcf/data/\(current.replacingOccurrences(of: "/", with: "-")).json")[
                "partOf"]?[
                    "reference"]?.string
        {
            chain.append(parent)
        }
        return chain
    }

    /// Returns the groups that list a member.
    static func groups(of member: String) throws -> [String] {
        try Corpora.names(in: "pcf/data").filter { $0.hasPrefix("Group-") }.compactMap { name in
            let group = try json("pcf/data/\(name)")
            let members = group["member"]?.array?.compactMap { $0["entity"]?["reference"]?.string } ?? []
            return members.contains(member) ? group["id"]?.string.map { "Group/\($0)" } : nil
        }
    }
}

/// One line of `pcf/cases.json`.
struct PCFCase: Sendable, CustomStringConvertible {
    let id: String
    let consents: [String]
    let actor: String
    let organization: String
    let purposes: [String]
    let at: String
    let decision: String
    let permitted: [String]
    let release: [String]
    let candidates: [String]
    var description: String { "case \(id)" }

    /// Every case.
    static let all: [PCFCase] = (try? readAll()) ?? []

    private static func readAll() throws -> [PCFCase] {
        let document = try ConsentCorpus.json("pcf/cases.json")
        let data = ConsentCorpus.texts(document["data"])
        return (document["cases"]?.array ?? []).map { item in
            PCFCase(
                id: item["id"]?.string ?? "?", consents: ConsentCorpus.texts(item["consents"]),
                actor: item["request"]?["actor"]?.string ?? "",
                organization: item["request"]?["organization"]?.string ?? "",
                purposes: ConsentCorpus.texts(item["request"]?["purpose"]),
                at: item["request"]?["at"]?.string ?? "", decision: item["expect"]?["decision"]?.string ?? "",
                permitted: ConsentCorpus.texts(item["expect"]?["purposes"]),
                release: ConsentCorpus.texts(item["expect"]?["release"]),
                candidates: data + ConsentCorpus.texts(item["more"]))
        }
    }
}

/// A Consent as PCF Basic has it, each part replaceable.
func sampleConsent(
    type: JSONValue? = "permit", purposes: [String] = [], actors: [String] = [], period: JSONValue? = nil,
    status: JSONValue = "active", patient: String = "Patient/p", organization: String = "Organization/o",
    extra: [JSONMember] = [], provisionExtra: [JSONMember] = []
) -> JSONValue {
    var provision: [JSONMember] = []
    if let type { provision.append(JSONMember(name: "type", value: type)) }
    if let period { provision.append(JSONMember(name: "period", value: period)) }
    if !actors.isEmpty {
        let role: JSONValue = [
            "coding": [
                ["system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"]
            ]
        ]
        let list = actors.map { ["role": role, "reference": ["reference": .string($0)]] as JSONValue }
        provision.append(JSONMember(name: "actor", value: .array(list)))
    }
    if !purposes.isEmpty {
        let list = purposes.map { ["system": .string(PurposeCode.system), "code": .string($0)] as JSONValue }
        provision.append(JSONMember(name: "purpose", value: .array(list)))
    }
    let scope: JSONValue = [
        "coding": [
            ["system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"]
        ]
    ]
    let members: [JSONMember] = [
        JSONMember(name: "resourceType", value: "Consent"), JSONMember(name: "status", value: status),
        JSONMember(name: "scope", value: scope), JSONMember(name: "category", value: [["text": "consent"]]),
        JSONMember(name: "patient", value: ["reference": .string(patient)]),
        JSONMember(name: "organization", value: [["reference": .string(organization)]]),
        JSONMember(name: "provision", value: .object(provision + provisionExtra)),
    ]
    let replaced = Set(extra.map(\.name))
    return .object(members.filter { !replaced.contains($0.name) } + extra)
}

func sampleContract(
    _ id: String = "c", type: JSONValue = "permit", purposes: [String] = [], actors: [String] = [],
    period: JSONValue? = nil, status: JSONValue = "active", patient: String = "Patient/p",
    organization: String = "Organization/o"
) throws -> CompiledContract {
    try ContractCompiler.compile(
        sampleConsent(
            type: type, purposes: purposes, actors: actors, period: period, status: status, patient: patient,
            organization: organization), id: id, version: "h-\(id)", registry: CustodianRegistry(policies: [])
    )
}

extension ConsentEvaluator {
    /// Decides by contracts that act fully.
    static func decide(
        _ request: AccessRequestFacts, contracts: [CompiledContract], implicit: ImplicitPolicy = .denyAll,
        breakGlass: BreakGlassPolicy? = nil
    ) -> ConsentDecision {
        decide(
            request, contracts: contracts.map { StandingContract($0) },
            policies: DecisionPolicies(implicit, breakGlass: breakGlass))
    }
}

func purposes(_ codes: String...) -> [PurposeCode] {
    codes.compactMap { PurposeCode(code: $0) }
}

func sampleRequest(
    _ purposes: [PurposeCode], actor: String = "Practitioner/d", actingFor: [String] = ["Organization/w"],
    groups: [String] = [], patient: String = "Patient/p", linkedPatients: [String] = [],
    custodian: [String] = ["Organization/o"], at milliseconds: Int64 = 1_700_000_000_000
) -> AccessRequestFacts {
    AccessRequestFacts(
        patient: patient, linkedPatients: linkedPatients, actor: actor, actingFor: actingFor, groups: groups,
        custodian: custodian, purposes: purposes, atMilliseconds: milliseconds)
}

extension ConsentCorpus {
    /// An Observation of the cases with the facts that these need, read here without the engine's tables.
    static func resource(_ reference: String, custodian: [String]) throws -> ResourceFacts {
        let value = try json("pcf/data/\(reference.replacingOccurrences(of: "/", with: "-")).json")
        let parts = reference.split(separator: "/")
        let date = value["effectiveDateTime"]?.string.flatMap { FHIRDateTime.milliseconds(of: $0) }
        let performers = value["performer"]?.array?.compactMap { $0["reference"]?.string }
        let encounter = value["encounter"]?["reference"]?.string
        let codings = value["code"]?["coding"]?.array?.compactMap { coding in
            Coding(system: coding["system"]?.string ?? "", code: coding["code"]?.string ?? "")
        }
        let labels = value["meta"]?["security"]?.array ?? []
        func codes(_ system: String) -> [String] {
            labels.filter { $0["system"]?.string == system }.compactMap { $0["code"]?.string }
        }
        let confidentiality = codes(Confidentiality.system).compactMap { Confidentiality(code: $0) }.max()
        return ResourceFacts(
            type: String(parts[0]), id: String(parts[1]), custodian: custodian,
            clinicalDate: date.map { Interval(start: $0.lowerBound, end: $0.upperBound) },
            authors: performers.map { Known($0) } ?? .unknown, related: Known([encounter].compactMap { $0 }),
            codes: codings.map { Known($0) } ?? .unknown,
            labels: confidentiality.map { confidentiality in
                ResourceLabels(
                    confidentiality,
                    codes(SensitivityCode.system).compactMap { SensitivityCode(code: $0) })
            })
    }
}
