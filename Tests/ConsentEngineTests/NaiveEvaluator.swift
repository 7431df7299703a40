import ConsentEngine
import Model

/// DESIGN's rules 0 to 4 read word by word over the readable terms, slowly and without any preparation.
struct NaiveEvaluator {
    let world: EngineWorld
    let contracts: [StandingContract]

    init(_ world: EngineWorld) {
        self.world = world
        contracts = world.contracts
    }

    private var request: AccessRequestFacts { world.request }

    /// Permits a resource for a purpose, or denies it.
    func permits(_ resource: ResourceFacts, for purpose: PurposeCode) -> Bool {
        var effects: Set<ProvisionEffect> = []
        for standing in contracts {
            if let effect = effect(of: standing, on: resource, for: purpose) { effects.insert(effect) }
        }
        if effects.contains(.deny) { return false }
        if effects.contains(.permit) { return true }
        if purpose.code == "BTG", let policy = world.policies.breakGlass, !isBreakGlassNamed {
            guard !Set(parties).isDisjoint(with: policy.mayDeclare) else { return false }
            guard let ceiling = policy.scopeMax else { return true }
            return resource.labels.map { $0.confidentiality <= ceiling } ?? false
        }
        let isNormal = resource.labels.map { $0.confidentiality <= .normal } ?? false
        switch world.policies.implicit {
        case .denyAll, .breakGlassOnly: return false
        case .basicNormal:
            return isNormal && request.actor.hasPrefix("Practitioner/") && line(purpose).contains("TREAT")
        case .allNormal: return isNormal && purpose.code != "BTG"
        }
    }

    private var parties: [String] { [request.actor] + request.actingFor + request.groups }

    private func counts(_ standing: StandingContract) -> Bool {
        let terms = standing.contract.terms
        return terms.status == .active
            && ([request.patient] + request.linkedPatients).contains(terms.patient)
            && !Set(terms.custodians).isDisjoint(with: request.custodian)
    }

    private var isBreakGlassNamed: Bool {
        contracts.contains { standing in
            counts(standing)
                && standing.contract.terms.provisions.contains { provision in
                    (standing.standing == .full || provision.effect == .deny)
                        && provision.purposes.contains { $0.code == "BTG" } && isInForce(provision)
                }
        }
    }

    private func isInForce(_ provision: Provision) -> Bool {
        let start = provision.period?.start ?? Int64.min
        let end = provision.period?.end ?? Int64.max
        return start <= request.atMilliseconds && request.atMilliseconds <= end
    }

    private func effect(
        of standing: StandingContract, on resource: ResourceFacts, for purpose: PurposeCode
    ) -> ProvisionEffect? {
        guard counts(standing) else { return nil }
        let terms = standing.contract.terms
        func applies(_ provision: Provision) -> Bool {
            guard standing.standing == .full || provision.effect == .deny else { return false }
            let answers = elements(provision, resource, purpose, terms.contractID)
            return provision.effect == .permit
                ? answers.allSatisfy { $0 == true } : !answers.contains { $0 == false }
        }
        let matching = terms.nested.filter(applies)
        if matching.contains(where: { $0.effect == .deny }) { return .deny }
        if !matching.isEmpty { return .permit }
        return applies(terms.root) ? terms.root.effect : nil
    }

    private func line(_ purpose: PurposeCode) -> [String] {
        var line: [String] = []
        var current: PurposeCode? = purpose
        while let code = current {
            line.append(code.code)
            current = purpose.code == "BTG" ? nil : code.parent
        }
        return line
    }

    /// One answer for each element: true, false, or nil for what cannot be told.
    private func elements(
        _ provision: Provision, _ resource: ResourceFacts, _ purpose: PurposeCode, _ contractID: String
    ) -> [Bool?] {
        let scope = provision.scope
        let isPermit = provision.effect == .permit
        let named = provision.purposes.map(\.code)
        var actions = provision.actions
        if !isPermit, actions.contains(.use) || actions.contains(.disclose) { actions.append(.access) }
        var answers: [Bool?] = [
            isInForce(provision),
            named.isEmpty ? purpose.code != "BTG" : !Set(named).isDisjoint(with: line(purpose)),
            provision.actors.isEmpty || !Set(provision.actors).isDisjoint(with: parties),
            actions.isEmpty || actions.contains(request.action),
            scope.classes.isEmpty || scope.classes.contains(resource.type),
        ]
        for condition in provision.conditions {
            switch request.conditions[ContractCondition(contractID: contractID, condition: condition)] {
            case .yes: answers.append(true)
            case .no: answers.append(false)
            case .unknown, nil: answers.append(nil)
            }
        }
        if let period = scope.dataPeriod { answers.append(date(resource, period, isPermit)) }
        if !scope.data.isEmpty { answers.append(any(scope.data.map { data(resource, $0) })) }
        if !scope.codes.isEmpty {
            answers.append(
                !Set(scope.codes).isDisjoint(with: resource.codes.elements)
                    ? true : resource.codes.isComplete ? false : nil)
        }
        if !scope.confidentialities.isEmpty || !scope.sensitivities.isEmpty {
            answers.append(labels(resource, scope, isPermit))
        }
        return answers
    }

    private func any(_ answers: [Bool?]) -> Bool? {
        answers.contains(true) ? true : answers.contains(nil) ? nil : false
    }

    private func date(_ resource: ResourceFacts, _ period: Interval, _ isPermit: Bool) -> Bool? {
        guard let date = resource.clinicalDate else { return nil }
        let (from, to) = (period.start ?? Int64.min, period.end ?? Int64.max)
        let (first, last) = (date.start ?? Int64.min, date.end ?? Int64.max)
        return isPermit ? from <= first && last <= to : first <= to && last >= from
    }

    private func data(_ resource: ResourceFacts, _ item: DataReference) -> Bool? {
        let own = "\(resource.type)/\(resource.id)"
        switch item.meaning {
        case .instance: return own == item.reference
        case .related:
            if own == item.reference || resource.related.elements.contains(item.reference) { return true }
            return resource.related.isComplete ? false : nil
        case .authoredBy:
            if resource.authors.elements.contains(item.reference) { return true }
            let isTold = !resource.authors.elements.contains { $0.hasPrefix("PractitionerRole/") }
            return resource.authors.isComplete && isTold ? false : nil
        }
    }

    private func labels(_ resource: ResourceFacts, _ scope: DataScope, _ isPermit: Bool) -> Bool? {
        guard let labels = resource.labels else { return nil }
        let stated = Set(scope.sensitivities.map(\.code))
        func isStated(_ sensitivity: SensitivityCode) -> Bool {
            var current: SensitivityCode? = sensitivity
            while let code = current {
                if stated.contains(code.code) { return true }
                current = code.parent
            }
            return false
        }
        let covered = labels.sensitivities.map(isStated)
        if isPermit {
            let isLow =
                scope.confidentialities.isEmpty
                || scope.confidentialities.contains { labels.confidentiality <= $0 }
            return isLow && (stated.isEmpty || covered.contains(true) && !covered.contains(false))
        }
        return scope.confidentialities.contains { labels.confidentiality >= $0 } || covered.contains(true)
    }
}
