import ConsentEngine
import Model

/// One patient's contracts with requests, resources and the answers of this engine, as one line of JSON.
///
/// It holds what Cedar needs besides: the concepts that a code covers, since no Cedar policy can ask for
/// them.
enum CedarExport {
    /// A request with resources, each with the answer for each purpose of the request.
    struct Case {
        let decision: ConsentDecision
        let resources: [ResourceFacts]
    }

    static func line(
        _ contracts: [StandingContract], policies: DecisionPolicies, _ cases: [Case]
    ) -> JSONValue {
        [
            "contracts": .array(contracts.map(contract)), "policies": json(policies),
            "cases": .array(cases.map(json)),
        ]
    }

    private static func contract(_ standing: StandingContract) -> JSONValue {
        let terms = standing.contract.terms
        return [
            "id": .string(terms.contractID), "isActive": .bool(terms.status == .active),
            "standing": .string(standing.standing.rawValue), "patient": .string(terms.patient),
            "custodians": texts(terms.custodians), "provisions": .array(terms.provisions.map(json)),
        ]
    }

    private static func json(_ provision: Provision) -> JSONValue {
        let scope = provision.scope
        return [
            "effect": .string(provision.effect.rawValue), "actors": texts(provision.actors),
            "purposes": texts(provision.purposes.map(\.code)),
            "actions": texts(provision.actions.map(\.rawValue)), "period": json(provision.period),
            "conditions": texts(provision.conditions.map(name)), "dataPeriod": json(scope.dataPeriod),
            "data": .array(
                scope.data.map {
                    ["meaning": .string($0.meaning.rawValue), "reference": .string($0.reference)]
                }),
            "confidentialities": .array(scope.confidentialities.map { number($0.rawValue) }),
            "sensitivities": texts(scope.sensitivities.map(\.code)),
            "coveredSensitivities": texts(
                SensitivityCode.all.filter { code in scope.sensitivities.contains { code.isCovered(by: $0) } }
                    .map(\.code)),
            "classes": texts(scope.classes), "codes": texts(scope.codes.map(\.description)),
        ]
    }

    private static func json(_ policies: DecisionPolicies) -> JSONValue {
        [
            "implicit": .string("\(policies.implicit)"),
            "breakGlass": policies.breakGlass.map { policy in
                [
                    "mayDeclare": texts(policy.mayDeclare),
                    "scopeMax": policy.scopeMax.map { number($0.rawValue) } ?? .null,
                ]
            } ?? .null,
        ]
    }

    private static func json(_ item: Case) -> JSONValue {
        let request = item.decision.request
        let purposes = item.decision.purposes.map { purpose -> JSONValue in
            [
                "code": .string(purpose.purpose.code), "above": texts(above(purpose.purpose)),
                "request": .string(purpose.effect.rawValue),
                "resources": texts(item.resources.map { purpose.judge($0).effect.rawValue }),
            ]
        }
        let conditions = request.conditions.filter { $0.value != .unknown }.map { key, truth in
            JSONMember(name: "\(key.contractID) \(name(key.condition))", value: .bool(truth == .yes))
        }
        return [
            "patient": .string(request.patient), "linkedPatients": texts(request.linkedPatients),
            "actor": .string(request.actor), "actingFor": texts(request.actingFor),
            "groups": texts(request.groups), "custodian": texts(request.custodian),
            "action": .string(request.action.rawValue), "now": .number(JSONNumber(request.atMilliseconds)),
            "conditions": .object(conditions.sorted { $0.name < $1.name }), "purposes": .array(purposes),
            "resources": .array(item.resources.map(json)),
        ]
    }

    private static func json(_ resource: ResourceFacts) -> JSONValue {
        [
            "type": .string(resource.type), "id": .string(resource.id),
            "custodian": texts(resource.custodian),
            "date": json(resource.clinicalDate), "authors": json(resource.authors) { $0 },
            "related": json(resource.related) { $0 }, "codes": json(resource.codes) { $0.description },
            "confidentiality": resource.labels.map { number($0.confidentiality.rawValue) } ?? .null,
            "sensitivities": texts(resource.labels?.sensitivities.map(\.code) ?? []),
        ]
    }

    private static func json<Element>(
        _ known: Known<Element>, _ text: (Element) -> String
    ) -> JSONValue {
        ["elements": texts(known.elements.map(text)), "isComplete": .bool(known.isComplete)]
    }

    private static func json(_ interval: Interval?) -> JSONValue {
        guard let interval else { return .null }
        return .array([interval.start, interval.end].map { $0.map { .number(JSONNumber($0)) } ?? .null })
    }

    /// The purposes that cover one, itself not included; none covers break-glass.
    private static func above(_ purpose: PurposeCode) -> [String] {
        PurposeCode.all.filter { $0 != purpose && purpose.isCovered(by: $0) }.map(\.code)
    }

    private static func name(_ condition: AccessCondition) -> String {
        String(decoding: condition.canonical().encoded(), as: UTF8.self)
    }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }

    private static func number(_ value: UInt8) -> JSONValue { .number(JSONNumber(Int(value))) }
}
