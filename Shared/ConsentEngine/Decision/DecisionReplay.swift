package import Model

/// Repeats a decision from its canonical form and the contracts that it names.
package enum DecisionReplay {
    /// Why a decision could not be repeated, or that it came out otherwise.
    package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// A member is missing or of another form.
        case malformed(String)
        /// It was made by other rules than this version has.
        case otherEngine(String)
        /// It was made with other code tables than this version has.
        case otherTerminology
        /// A document of this version was not given.
        case missingContract(ContractVersion)
        /// A document does not compile here.
        case contractRefused(ContractVersion, ContractRefusal)
        /// The same inputs give another decision.
        case differs

        /// The refusal in words.
        package var description: String {
            switch self {
            case .malformed(let member):
                "`\(member)` of the decision has another form; give the whole decision"
            case .otherEngine(let version):
                "decision was made by `\(version)`; repeat it with the release that has these rules"
            case .otherTerminology:
                "decision was made with other code tables; repeat it with the release that has them"
            case .missingContract(let contract):
                "contract `\(contract.contractID)` of version `\(contract.version)` is missing; give its "
                    + "document"
            case .contractRefused(let contract, let refusal):
                "contract `\(contract.contractID)` does not compile: \(refusal)"
            case .differs: "the same inputs give another decision than the one stated; do not rely on it"
            }
        }
    }

    /// Decides again and holds the outcome against what was stated, byte for byte.
    ///
    /// - Parameters:
    ///   - stated: the decision in its canonical form.
    ///   - registry: what the custodian had registered.
    ///   - document: gives the signed document of a contract version; the caller has checked its hash.
    /// - Returns: the decision, which is the one stated.
    /// - Throws: `Refusal`.
    package static func decide(
        again stated: JSONValue, registry: CustodianRegistry, document: (ContractVersion) -> JSONValue?
    ) throws(Refusal) -> ConsentDecision {
        let reader = ReplayReader(stated)
        let engine = try reader.text("engine")
        guard engine == ConsentEvaluator.engineVersion else { throw .otherEngine(engine) }
        guard try reader.texts("terminology") == Terminology.identifiers else { throw .otherTerminology }
        guard try reader.text("combining") == ConsentEvaluator.combiningRule else {
            throw .malformed("combining")
        }
        var contracts: [StandingContract] = []
        for item in try reader.elements("contracts") {
            let named = ContractVersion(
                contractID: try item.text("id"), version: try item.text("version"))
            guard let standing = StandingContract.Standing(rawValue: try item.text("standing")) else {
                throw .malformed("contracts")
            }
            guard let document = document(named) else { throw .missingContract(named) }
            do throws(ContractRefusal) {
                let contract = try ContractCompiler.compile(
                    document, id: named.contractID, version: named.version, registry: registry)
                contracts.append(StandingContract(contract, standing))
            } catch {
                throw .contractRefused(named, error)
            }
        }
        let decision = ConsentEvaluator.decide(
            try reader.request(), contracts: contracts, policies: try reader.policies())
        guard decision.canonical() == stated else { throw .differs }
        return decision
    }
}

/// Reads the inputs of a decision back from its canonical form.
private struct ReplayReader {
    private let value: JSONValue

    init(_ value: JSONValue) {
        self.value = value
    }

    func text(_ name: String) throws(DecisionReplay.Refusal) -> String {
        guard let text = value[name]?.string else { throw .malformed(name) }
        return text
    }

    func texts(_ name: String) throws(DecisionReplay.Refusal) -> [String] {
        guard let items = value[name]?.array else { throw .malformed(name) }
        let texts = items.compactMap(\.string)
        guard texts.count == items.count else { throw .malformed(name) }
        return texts
    }

    func elements(_ name: String) throws(DecisionReplay.Refusal) -> [ReplayReader] {
        guard let items = value[name]?.array else { throw .malformed(name) }
        return items.map(ReplayReader.init)
    }

    private func number(_ name: String) throws(DecisionReplay.Refusal) -> Int64 {
        guard case .number(let number) = value[name], let integer = number.int64 else {
            throw .malformed(name)
        }
        return integer
    }

    func policies() throws(DecisionReplay.Refusal) -> DecisionPolicies {
        guard let implicit = ImplicitPolicy(rawValue: try text("implicitPolicy")) else {
            throw .malformed("implicitPolicy")
        }
        var versions: [PolicyVersion] = []
        for item in try elements("policies") {
            versions.append(PolicyVersion(uri: try item.text("uri"), version: try item.text("version")))
        }
        guard let breakGlass = value["breakGlass"] else { throw .malformed("breakGlass") }
        return DecisionPolicies(
            implicit, breakGlass: try ReplayReader(breakGlass).breakGlassPolicy(), versions: versions)
    }

    private func breakGlassPolicy() throws(DecisionReplay.Refusal) -> BreakGlassPolicy? {
        if value == .null { return nil }
        let scope = value["scopeMax"]?.string
        let scopeMax = scope.flatMap { Confidentiality(code: $0) }
        guard (scope == nil) == (scopeMax == nil) else { throw .malformed("scopeMax") }
        return BreakGlassPolicy(
            mayDeclare: try texts("mayDeclare"), scopeMax: scopeMax,
            lifetimeSeconds: Int(try number("lifetimeSeconds")), reviewHours: Int(try number("reviewHours")))
    }

    func request() throws(DecisionReplay.Refusal) -> AccessRequestFacts {
        guard let request = value["request"] else { throw .malformed("request") }
        let reader = ReplayReader(request)
        guard let action = ConsentAction(rawValue: try reader.text("action")) else {
            throw .malformed("action")
        }
        var purposes: [PurposeCode] = []
        for code in try reader.texts("purposes") {
            guard let purpose = PurposeCode(code: code) else { throw .malformed("purposes") }
            purposes.append(purpose)
        }
        var conditions: [ContractCondition: Truth] = [:]
        for item in try reader.elements("conditions") {
            conditions[
                ContractCondition(
                    contractID: try item.text("contract"), condition: try item.condition())] =
                try item.truth()
        }
        return AccessRequestFacts(
            patient: try reader.text("patient"), linkedPatients: try reader.texts("linkedPatients"),
            actor: try reader.text("actor"), actingFor: try reader.texts("actingFor"),
            groups: try reader.texts("groups"), custodian: try reader.texts("custodian"), purposes: purposes,
            action: action, conditions: conditions, atMilliseconds: try reader.number("atMilliseconds"))
    }

    private func truth() throws(DecisionReplay.Refusal) -> Truth {
        switch value["holds"] {
        case .some(.bool(let holds)): holds ? .yes : .no
        case .some(.null): .unknown
        case nil, .some(.number), .some(.string), .some(.array), .some(.object): throw .malformed("holds")
        }
    }

    private func condition() throws(DecisionReplay.Refusal) -> AccessCondition {
        guard let condition = value["condition"] else { throw .malformed("condition") }
        let reader = ReplayReader(condition)
        guard let kind = AccessCondition.Kind(rawValue: try reader.text("kind")) else {
            throw .malformed("kind")
        }
        switch kind {
        case .credential:
            return .credential(type: try reader.text("type"), issuer: condition["issuer"]?.string)
        case .careRelationship:
            let stated = try reader.texts("relationship").compactMap { CareRelationship(rawValue: $0) }
            return .careRelationship(stated)
        case .session: return .session
        case .timeWindow:
            var days: [Int] = []
            for day in condition["day"]?.array ?? [] {
                if case .number(let number) = day, let value = number.int64 { days.append(Int(value)) }
            }
            guard
                let window = TimeWindow(
                    days: days, startMinute: Int(try reader.number("start")),
                    endMinute: Int(try reader.number("end")))
            else { throw .malformed("condition") }
            return .timeWindow(window)
        case .uses: return .uses(max: Int(try reader.number("max")))
        }
    }
}
