import Model

/// Reads a condition from the modifier extension of a provision that states it.
enum ConditionReader {
    /// Permitted accesses that a contract may count; more is no limit.
    private static let usesMax: Int64 = 1_000_000

    private static let values: [AccessCondition.Kind: Set<String>] = [
        .credential: ["kind", "type", "issuer"], .careRelationship: ["kind", "relationship"],
        .session: ["kind"], .timeWindow: ["kind", "day", "start", "end"], .uses: ["kind", "max"],
    ]

    static func read(_ element: FHIRElement) throws(ContractRefusal) -> AccessCondition {
        try element.allowOnly(["url", "extension"])
        let url = try element.requiredToken("url")
        guard url == AccessCondition.extensionURL else {
            throw .element(path: element.path, reason: .unsupported)
        }
        let parts = try element.requiredElements("extension")
        var byName: [String: [FHIRElement]] = [:]
        for part in parts { byName[try part.requiredToken("url"), default: []].append(part) }
        let kindPart = try only("kind", in: byName, element)
        let code = try value(kindPart, "valueCode")
        guard let kind = AccessCondition.Kind(rawValue: code), let names = values[kind] else {
            throw .badCode(path: kindPart.path, code: code)
        }
        for part in parts where !names.contains(try part.requiredToken("url")) {
            throw .element(path: part.path, reason: .unsupported)
        }
        switch kind {
        case .credential:
            let issuer = byName["issuer"] == nil ? nil : try only("issuer", in: byName, element)
            return .credential(
                type: try value(try only("type", in: byName, element), "valueUri"),
                issuer: try value(issuer, "valueUri"))
        case .careRelationship: return .careRelationship(try relationships(byName, element))
        case .session: return .session
        case .timeWindow: return .timeWindow(try timeWindow(byName, element))
        case .uses:
            let part = try only("max", in: byName, element)
            return .uses(max: Int(try number(part, "valuePositiveInt", in: 1...usesMax)))
        }
    }

    private static func relationships(
        _ parts: [String: [FHIRElement]], _ element: FHIRElement
    ) throws(ContractRefusal) -> [CareRelationship] {
        var stated: Set<CareRelationship> = []
        for part in parts["relationship"] ?? [] {
            let code = try value(part, "valueCode")
            guard let relationship = CareRelationship(rawValue: code) else {
                throw .badCode(path: part.path, code: code)
            }
            stated.insert(relationship)
        }
        guard !stated.isEmpty else { throw .missing(path: element.path("extension(relationship)")) }
        return CareRelationship.allCases.filter(stated.contains)
    }

    private static func timeWindow(
        _ parts: [String: [FHIRElement]], _ element: FHIRElement
    ) throws(ContractRefusal) -> TimeWindow {
        var days: [Int] = []
        for part in parts["day"] ?? [] { days.append(Int(try number(part, "valuePositiveInt", in: 1...7))) }
        let start = try number(try only("start", in: parts, element), "valueUnsignedInt", in: 0...1_439)
        let end = try number(try only("end", in: parts, element), "valueUnsignedInt", in: 0...1_439)
        guard let window = TimeWindow(days: days, startMinute: Int(start), endMinute: Int(end)) else {
            throw .badDate(path: element.path)
        }
        return window
    }

    private static func only(
        _ name: String, in parts: [String: [FHIRElement]], _ element: FHIRElement
    ) throws(ContractRefusal) -> FHIRElement {
        guard let found = parts[name] else { throw .missing(path: element.path("extension(\(name))")) }
        guard found.count == 1 else {
            throw .element(path: element.path("extension(\(name))"), reason: .ambiguous)
        }
        return found[0]
    }

    private static func value(_ part: FHIRElement, _ type: String) throws(ContractRefusal) -> String {
        try part.allowOnly(["url", type])
        return try part.requiredToken(type)
    }

    private static func value(_ part: FHIRElement?, _ type: String) throws(ContractRefusal) -> String? {
        guard let part else { return nil }
        let text: String = try value(part, type)
        return text
    }

    private static func number(
        _ part: FHIRElement, _ type: String, in range: ClosedRange<Int64>
    ) throws(ContractRefusal) -> Int64 {
        try part.allowOnly(["url", type])
        guard let number = try part.requiredInteger(type), range.contains(number) else {
            throw .malformed(path: part.path)
        }
        return number
    }
}
