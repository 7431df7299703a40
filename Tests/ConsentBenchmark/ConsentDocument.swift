import ConsentEngine
import Model

/// Writes terms as a FHIR R4 Consent by IHE PCF; a nested provision states again what it inherits.
enum ConsentDocument {
    static func json(_ terms: ContractTerms) -> JSONValue {
        var provision = members(terms.root)
        if !terms.nested.isEmpty {
            provision.append(
                JSONMember(name: "provision", value: .array(terms.nested.map { .object(members($0)) })))
        }
        return .object([
            JSONMember(name: "resourceType", value: "Consent"),
            JSONMember(name: "status", value: .string(terms.status.rawValue)),
            JSONMember(
                name: "scope",
                value: concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")),
            JSONMember(name: "category", value: [concept("http://loinc.org", "59284-0")]),
            JSONMember(name: "patient", value: reference(terms.patient)),
            JSONMember(name: "dateTime", value: "2026-01-02T10:00:00Z"),
            JSONMember(name: "organization", value: .array(terms.custodians.map(reference))),
            JSONMember(name: "policy", value: [["uri": .string(terms.policyURI ?? "")]]),
            JSONMember(name: "provision", value: .object(provision)),
        ])
    }

    private static func members(_ provision: Provision) -> [JSONMember] {
        var members = [JSONMember(name: "type", value: .string(provision.effect.rawValue))]
        func list(_ name: String, _ values: [JSONValue]) {
            if !values.isEmpty { members.append(JSONMember(name: name, value: .array(values))) }
        }
        if let stated = provision.period { members.append(JSONMember(name: "period", value: period(stated))) }
        list("modifierExtension", provision.conditions.map(condition))
        list(
            "actor",
            provision.actors.map { actor in
                [
                    "role": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                    "reference": reference(actor),
                ]
            })
        list("action", provision.actions.map { concept(ConsentAction.system, $0.rawValue) })
        let scope = provision.scope
        list(
            "securityLabel",
            scope.confidentialities.map { coding(Confidentiality.system, $0.code) }
                + scope.sensitivities.map { coding(SensitivityCode.system, $0.code) })
        list("purpose", provision.purposes.map { coding(PurposeCode.system, $0.code) })
        list("class", scope.classes.map { coding(ResourceTypes.system, $0) })
        list("code", scope.codes.map { concept($0.system, $0.code) })
        if let dataPeriod = scope.dataPeriod {
            members.append(JSONMember(name: "dataPeriod", value: period(dataPeriod)))
        }
        list(
            "data",
            scope.data.map { item in
                ["meaning": .string(item.meaning.rawValue), "reference": reference(item.reference)]
            })
        return members
    }

    private static func condition(_ condition: AccessCondition) -> JSONValue {
        var parts: [JSONValue] = [part("kind", "valueCode", .string(condition.kind.rawValue))]
        switch condition {
        case .credential(let type, let issuer):
            parts.append(part("type", "valueUri", .string(type)))
            if let issuer { parts.append(part("issuer", "valueUri", .string(issuer))) }
        case .careRelationship(let kinds):
            parts += kinds.map { part("relationship", "valueCode", .string($0.rawValue)) }
        case .session: break
        case .timeWindow(let window):
            parts += window.days.map { part("day", "valuePositiveInt", .number(JSONNumber($0))) }
            parts.append(part("start", "valueUnsignedInt", .number(JSONNumber(window.startMinute))))
            parts.append(part("end", "valueUnsignedInt", .number(JSONNumber(window.endMinute))))
        case .uses(let max): parts.append(part("max", "valuePositiveInt", .number(JSONNumber(max))))
        }
        return ["url": .string(AccessCondition.extensionURL), "extension": .array(parts)]
    }

    private static func part(_ url: String, _ type: String, _ value: JSONValue) -> JSONValue {
        .object([JSONMember(name: "url", value: .string(url)), JSONMember(name: type, value: value)])
    }

    private static func period(_ interval: Interval) -> JSONValue {
        let ends = [("start", interval.start), ("end", interval.end)]
        return .object(
            ends.compactMap { name, instant in
                instant.map { JSONMember(name: name, value: .string(exact($0))) }
            })
    }

    /// A dateTime without milliseconds would stand for the whole second.
    private static func exact(_ milliseconds: Int64) -> String {
        let text = FHIRDateTime.text(of: milliseconds)
        return text.contains(".") ? text : "\(text.dropLast()).000Z"
    }

    private static func reference(_ text: String) -> JSONValue { ["reference": .string(text)] }

    private static func coding(_ system: String, _ code: String) -> JSONValue {
        ["system": .string(system), "code": .string(code)]
    }

    private static func concept(_ system: String, _ code: String) -> JSONValue {
        ["coding": [coding(system, code)]]
    }
}
