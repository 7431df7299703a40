package import Model

/// The canonical form of decisions: JSON that encodes to the same bytes on every machine.
///
/// Lists whose order carries no meaning are sorted; the chains of organisations keep theirs.
extension ConsentDecision {
    /// Returns the decision with everything that it was made from.
    ///
    /// It contains personal data, so it belongs into a payload, never onto the ledger.
    package func canonical() -> JSONValue {
        [
            "breakGlass": policies.breakGlass?.canonical() ?? .null,
            "combining": .string(ConsentEvaluator.combiningRule),
            "contracts": .array(contractsCanonical),
            "effect": .string(effect.rawValue),
            "engine": .string(ConsentEvaluator.engineVersion),
            "implicitPolicy": .string(policies.implicit.rawValue),
            "policies": .array(policies.versions.map { $0.canonical() }.inByteOrder()),
            "purposes": .array(
                purposes.sorted { precedes($0.purpose.code, $1.purpose.code) }.map { $0.canonical() }),
            "request": request.canonical(),
            "terminology": texts(Terminology.identifiers),
        ]
    }

    private var contractsCanonical: [JSONValue] {
        Set(
            standing.map { standing -> JSONValue in
                [
                    "id": .string(standing.contract.contractID),
                    "standing": .string(standing.standing.rawValue),
                    "version": .string(standing.contract.version),
                ]
            }
        ).inByteOrder()
    }
}

extension PurposeDecision {
    func canonical() -> JSONValue {
        [
            "clauses": .array(clauses.map { .object($0.members) }), "effect": .string(effect.rawValue),
            "obligations": .array(obligations.map { $0.canonical() }), "purpose": .string(purpose.code),
            "reason": .string(reason.name), "residual": .array(residual.map { $0.canonical() }),
            "unmet": .array(
                unmetConditions.map { unmet in
                    sortedObject(
                        unmet.clause.members + [
                            JSONMember(name: "condition", value: unmet.condition.canonical()),
                            JSONMember(name: "holds", value: unmet.truth.canonical),
                        ])
                }),
        ]
    }
}

extension Clause {
    var members: [JSONMember] {
        [
            JSONMember(name: "contract", value: .string(contractID)),
            JSONMember(name: "effect", value: .string(effect.rawValue)),
            JSONMember(name: "path", value: .string(path)),
            JSONMember(name: "version", value: .string(version)),
        ]
    }
}

extension ResidualRule {
    /// Returns the rule as JSON: the clause, its scope, and its exceptions where there are any.
    package func canonical() -> JSONValue {
        var members = clause.members + [JSONMember(name: "scope", value: scope.canonical())]
        if !exceptions.isEmpty {
            members.append(JSONMember(name: "exceptions", value: .array(exceptions.map { $0.canonical() })))
        }
        return sortedObject(members)
    }
}

extension DataScope {
    /// Returns the elements that are stated, as JSON; times in milliseconds since 1970.
    package func canonical() -> JSONValue {
        var members: [JSONMember] = []
        func add(_ name: String, _ values: [JSONValue]) {
            if !values.isEmpty { members.append(JSONMember(name: name, value: .array(values.inByteOrder()))) }
        }
        if let dataPeriod { members.append(JSONMember(name: "dataPeriod", value: dataPeriod.canonical())) }
        add(
            "data",
            data.map { ["meaning": .string($0.meaning.rawValue), "reference": .string($0.reference)] })
        add("confidentiality", confidentialities.map { .string($0.code) })
        add("sensitivity", sensitivities.map { .string($0.code) })
        add("class", classes.map(JSONValue.string))
        add("code", codes.map { .string($0.description) })
        return sortedObject(members)
    }
}

extension Interval {
    func canonical() -> JSONValue {
        [
            "end": end.map { .number(JSONNumber($0)) } ?? .null,
            "start": start.map { .number(JSONNumber($0)) } ?? .null,
        ]
    }
}

extension AccessCondition {
    /// Returns the condition as JSON, its kind first.
    package func canonical() -> JSONValue {
        var members = [JSONMember(name: "kind", value: .string(kind.rawValue))]
        switch self {
        case .credential(let type, let issuer):
            members.append(JSONMember(name: "type", value: .string(type)))
            members.append(JSONMember(name: "issuer", value: issuer.map(JSONValue.string) ?? .null))
        case .careRelationship(let kinds):
            members.append(JSONMember(name: "relationship", value: texts(kinds.map(\.rawValue))))
        case .session: break
        case .timeWindow(let window):
            members.append(
                JSONMember(name: "day", value: .array(window.days.map { .number(JSONNumber($0)) })))
            members.append(JSONMember(name: "start", value: .number(JSONNumber(window.startMinute))))
            members.append(JSONMember(name: "end", value: .number(JSONNumber(window.endMinute))))
        case .uses(let max): members.append(JSONMember(name: "max", value: .number(JSONNumber(max))))
        }
        return sortedObject(members)
    }
}

extension Truth {
    /// True, false, or null for unknown.
    var canonical: JSONValue {
        switch self {
        case .no: .bool(false)
        case .unknown: .null
        case .yes: .bool(true)
        }
    }
}

extension Obligation {
    /// Returns the obligation as JSON: its name and what it states.
    package func canonical() -> JSONValue {
        var members = [JSONMember(name: "kind", value: .string(name))]
        switch self {
        case .redact, .stateReason, .notifyPatient, .notifyPrivacyOfficer: break
        case .countUse(let use):
            members.append(JSONMember(name: "contract", value: .string(use.contractID)))
            members.append(JSONMember(name: "condition", value: use.condition.canonical()))
        case .review(let hours): members.append(JSONMember(name: "hours", value: .number(JSONNumber(hours))))
        case .expire(let seconds):
            members.append(JSONMember(name: "seconds", value: .number(JSONNumber(seconds))))
        }
        return sortedObject(members)
    }
}

extension BreakGlassPolicy {
    func canonical() -> JSONValue {
        [
            "lifetimeSeconds": .number(JSONNumber(lifetimeSeconds)),
            "mayDeclare": texts(mayDeclare.sorted(by: precedes)),
            "reviewHours": .number(JSONNumber(reviewHours)),
            "scopeMax": scopeMax.map { .string($0.code) } ?? .null,
        ]
    }
}

extension PolicyVersion {
    func canonical() -> JSONValue { ["uri": .string(uri), "version": .string(version)] }
}

extension AccessRequestFacts {
    func canonical() -> JSONValue {
        let conditions = conditions.map { key, truth -> JSONValue in
            [
                "condition": key.condition.canonical(), "contract": .string(key.contractID),
                "holds": truth.canonical,
            ]
        }
        return [
            "actingFor": texts(actingFor),
            "action": .string(action.rawValue),
            "actor": .string(actor),
            "atMilliseconds": .number(JSONNumber(atMilliseconds)),
            "conditions": .array(conditions.inByteOrder()),
            "custodian": texts(custodian),
            "groups": texts(groups.sorted(by: precedes)),
            "linkedPatients": texts(linkedPatients.sorted(by: precedes)),
            "patient": .string(patient),
            "purposes": texts(Set(purposes.map(\.code)).sorted(by: precedes)),
        ]
    }
}

/// An object whose members stand in the order of JCS.
private func sortedObject(_ members: [JSONMember]) -> JSONValue {
    .object(members.sorted { precedes($0.name, $1.name) })
}

private func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }

extension Sequence<JSONValue> {
    /// Orders by encoded bytes, whose members the code puts in one order.
    fileprivate func inByteOrder() -> [JSONValue] {
        map { ($0, $0.encoded()) }.sorted { $0.1.lexicographicallyPrecedes($1.1) }.map(\.0)
    }
}
