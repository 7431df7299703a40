/// What the contracts of a patient say to one request for one purpose, before any resource is looked at.
///
/// Each provision whose actors, purposes, actions, period and conditions match becomes a rule; what is left
/// of it is the scope, against which resources are held.
struct AccessRules: Sendable {
    /// One provision that applies to the request.
    struct Rule: Sendable {
        /// The place of its contract among those given.
        let contract: Int
        /// The place of the provision in its contract, 0 for the root.
        let place: Int
        let effect: ProvisionEffect
        /// Which resources it is about; nil for all.
        var scope: DataScope? { box?.scope }
        var isUnscoped: Bool { box == nil }
        let box: ScopeBox?

        fileprivate func matches(_ resource: ResourceFacts?) -> Bool {
            guard let box else { return true }
            guard let resource else {
                preconditionFailure("rules that look at resources are held against one")
            }
            return box.scope.matches(resource, as: effect)
        }
    }

    /// A scope by reference, since a rule is copied more often than its scope is looked at.
    final class ScopeBox: Sendable {
        let scope: DataScope

        init(_ scope: DataScope) {
            self.scope = scope
        }
    }

    /// A permit that would apply but for its conditions.
    struct Unmet: Sendable {
        let contract: Int
        let place: Int
        let condition: AccessCondition
        /// False or unknown.
        let truth: Truth
    }

    let contracts: [StandingContract]
    private let absent: Set<Clause>
    /// The rules, those of one contract next to each other and its root first.
    private(set) var rules: [Rule] = []
    private(set) var unmet: [Unmet] = []
    /// Whether a provision would apply had its period not ended.
    private(set) var hasEnded = false
    /// Whether a provision would apply had its period begun.
    private(set) var isYetToBegin = false
    /// Whether a contract names break-glass, so that the custodian's policy has no say.
    private(set) var namesBreakGlass = false

    /// Holds contracts against a request; clauses that are to count as absent are passed over.
    init(
        _ request: RequestKeys, _ purpose: PurposeKeys, contracts: [StandingContract],
        without absent: Set<Clause> = []
    ) {
        self.contracts = contracts
        self.absent = absent
        // Contracts lie anywhere in memory. A first look at all of them, where nothing waits for the one
        // before, lets the processor fetch them side by side.
        var ruleCountMax = 0
        for index in contracts.indices {
            // The contracts are held here, so that none needs to be counted as held again.
            var reader = contracts[index].contract.unheldReader
            ruleCountMax += reader.skipToProvisions()
        }
        rules.reserveCapacity(ruleCountMax)
        request.read { references in
            for index in contracts.indices {
                var reader = contracts[index].contract.unheldReader
                read(&reader, at: index, request, references, purpose)
            }
        }
    }

    /// Whether every rule is about all resources, so that one resource stands for all.
    var areUnscoped: Bool { rules.allSatisfy { $0.isUnscoped } }

    /// Rule 0: active, about this patient, and binding the custodian; the compiler has checked the rest.
    private mutating func read(
        _ reader: inout PackedReader, at index: Int, _ request: RequestKeys,
        _ references: RequestKeys.References, _ purpose: PurposeKeys
    ) {
        guard contracts[index].contract.status == .active else { return }
        guard reader.takesReference(among: references.patients) else { return }
        var bindsCustodian = false
        for _ in 0..<reader.number() where reader.takesReference(among: references.custodian) {
            bindsCustodian = true
        }
        guard bindsCustodian else { return }
        let nestedCount = reader.number()
        for place in 0...nestedCount {
            let count = reader.number()
            let end = reader.position + count
            if absent.isEmpty || !isAbsent(contracts[index].contract, place, reader) {
                readProvision(&reader, index, place, request, references.parties, purpose)
            }
            reader.position = end
        }
    }

    private func isAbsent(_ contract: CompiledContract, _ place: Int, _ reader: PackedReader) -> Bool {
        var reader = reader
        let elements = PackedElements(rawValue: reader.byte())
        let effect: ProvisionEffect = elements.contains(.isDeny) ? .deny : .permit
        return absent.contains(Clause(contract: contract, place: place, effect: effect))
    }

    /// Rule 1, as far as it does not look at resources.
    private mutating func readProvision(
        _ reader: inout PackedReader, _ index: Int, _ place: Int, _ request: RequestKeys,
        _ parties: PackedReferences, _ purpose: PurposeKeys
    ) {
        let elements = PackedElements(rawValue: reader.byte())
        let effect: ProvisionEffect = elements.contains(.isDeny) ? .deny : .permit
        // INVARIANT: before its finality and after its revocation a contract restricts and never permits.
        guard effect == .deny || contracts[index].standing == .full else { return }
        // INVARIANT: a provision that names no purpose does not name break-glass either.
        guard elements.contains(.purposes) ? purpose.isNamed(in: &reader) : !purpose.isBreakGlass else {
            return
        }
        let period = elements.contains(.period) ? reader.interval() : nil
        let isInForce = period?.contains(request.atMilliseconds) ?? true
        if purpose.isBreakGlass && isInForce { namesBreakGlass = true }
        guard !elements.contains(.actors) || Self.namesParty(&reader, parties) else { return }
        guard !elements.contains(.actions) || Self.names(request.action, &reader, effect) else { return }
        if let period, !isInForce {
            if period.isBefore(request.atMilliseconds) { hasEnded = true } else { isYetToBegin = true }
            return
        }
        guard !elements.contains(.conditions) || meets(&reader, index, place, effect, request) else { return }
        let box = elements.contains(.scope) ? ScopeBox(reader.scope()) : nil
        rules.append(Rule(contract: index, place: place, effect: effect, box: box))
    }

    private static func namesParty(_ reader: inout PackedReader, _ parties: PackedReferences) -> Bool {
        var isNamed = false
        for _ in 0..<reader.number() where reader.takesReference(among: parties) { isNamed = true }
        return isNamed
    }

    private static func names(
        _ action: ConsentAction, _ reader: inout PackedReader, _ effect: ProvisionEffect
    ) -> Bool {
        let bits = reader.byte()
        return ConsentAction.allCases.contains {
            bits & 1 << $0.number != 0 && $0.covers(action, as: effect)
        }
    }

    /// INVARIANT: what cannot be determined matches a deny and no permit.
    private mutating func meets(
        _ reader: inout PackedReader, _ index: Int, _ place: Int, _ effect: ProvisionEffect,
        _ request: RequestKeys
    ) -> Bool {
        let contractID = contracts[index].contract.contractID
        var truth = Truth.yes
        for _ in 0..<reader.number() {
            let condition = reader.condition()
            let key = ContractCondition(contractID: contractID, condition: condition)
            let found = request.conditions[key] ?? .unknown
            truth = min(truth, found)
            if found != .yes, effect == .permit {
                unmet.append(Unmet(contract: index, place: place, condition: condition, truth: found))
            }
        }
        switch effect {
        case .permit: return truth == .yes
        case .deny: return truth != .no
        }
    }
}

extension AccessRules {
    /// The rules that decide about one resource, by their places among `rules`.
    struct Verdict {
        var permits: [Int] = []
        var denials: [Int] = []
    }

    /// Rules 1 to 4 for one resource; nil stands for any, where no rule looks at resources.
    func verdict(on resource: ResourceFacts?) -> Verdict {
        var verdict = Verdict()
        for range in ContractRanges(rules) { judge(range, resource, into: &verdict) }
        return verdict
    }

    /// Rule 2: where nested provisions match they override the root; among them deny overrides.
    private func judge(_ range: Range<Int>, _ resource: ResourceFacts?, into verdict: inout Verdict) {
        guard let effect = effect(of: range, on: resource) else { return }
        let isRoot = !range.contains { rules[$0].place > 0 && rules[$0].matches(resource) }
        for index in range
        where rules[index].effect == effect && (rules[index].place == 0) == isRoot
            && rules[index].matches(resource)
        {
            switch effect {
            case .permit: verdict.permits.append(index)
            case .deny: verdict.denials.append(index)
            }
        }
    }

    /// What all contracts say about one resource, without the rules that decide; nil where none applies.
    func effect(on resource: ResourceFacts?) -> ProvisionEffect? {
        var found: ProvisionEffect?
        for range in ContractRanges(rules) {
            guard let effect = effect(of: range, on: resource) else { continue }
            // INVARIANT: deny overrides across contracts, whatever their order.
            if effect == .deny { return .deny }
            found = effect
        }
        return found
    }

    /// Rule 2 for the rules of one contract.
    private func effect(of range: Range<Int>, on resource: ResourceFacts?) -> ProvisionEffect? {
        var isPermitted = false
        for index in range where rules[index].place > 0 && rules[index].matches(resource) {
            if rules[index].effect == .deny { return .deny }
            isPermitted = true
        }
        if isPermitted { return .permit }
        let root = rules[range.lowerBound]
        return root.place == 0 && root.matches(resource) ? root.effect : nil
    }

    /// Whether a contract denies every resource, so that nothing need be looked for.
    var denyEverything: Bool {
        for range in ContractRanges(rules) {
            let permitsSome = range.contains { rules[$0].place > 0 && rules[$0].effect == .permit }
            for index in range where rules[index].effect == .deny && rules[index].isUnscoped {
                if rules[index].place > 0 || !permitsSome { return true }
            }
        }
        return false
    }
}

/// The rules of one contract after those of the other.
private struct ContractRanges: Sequence, IteratorProtocol {
    private let rules: [AccessRules.Rule]
    private var start = 0

    init(_ rules: [AccessRules.Rule]) {
        self.rules = rules
    }

    mutating func next() -> Range<Int>? {
        guard start < rules.count else { return nil }
        let first = start
        while start < rules.count, rules[start].contract == rules[first].contract { start += 1 }
        return first..<start
    }
}
