/// A clause that can never matter: without it everything would be decided alike.
package struct IdleClause: Hashable, Sendable {
    /// Why a clause can never matter.
    package enum Reason: Hashable, Sendable {
        /// Its time is over, or never comes because its contract ends before.
        case neverInForce
        /// Another clause says the same of all that it is about.
        case saidBy(Clause)
        /// Another clause denies all that it permits.
        case deniedBy(Clause)
    }

    /// The clause.
    package let clause: Clause
    /// Why it can never matter.
    package let reason: Reason

    /// States that a clause is idle.
    package init(clause: Clause, reason: Reason) {
        self.clause = clause
        self.reason = reason
    }

    /// Finds the idle clauses of a contract.
    ///
    /// What is found is so; a clause that only several others together make idle is not found, nor is one
    /// that names break-glass, which takes a decision away from the custodian's policy by its being there.
    ///
    /// - Parameters:
    ///   - draft: the contract.
    ///   - inForce: the patient's other contracts.
    ///   - instant: now, in milliseconds since 1970.
    package static func find(
        in draft: CompiledContract, besides inForce: [StandingContract], atMilliseconds instant: Int64
    ) -> [IdleClause] {
        let own = terms(of: draft)
        let others = inForce.filter { isAboutTheSame($0.contract, draft) }
        return own.clauses.compactMap { clause in
            guard !clause.provision.purposes.contains(.breakGlass) else { return nil }
            let reason =
                isOver(clause.provision.period, instant)
                ? .neverInForce : own.reason(for: clause) ?? reason(for: clause, by: others)
            return reason.map { IdleClause(clause: clause.clause, reason: $0) }
        }
    }

    private static func isOver(_ period: Interval?, _ instant: Int64) -> Bool {
        guard let period else { return false }
        if let start = period.start, let end = period.end, start > end { return true }
        return period.isBefore(instant)
    }

    private static func isAboutTheSame(_ other: CompiledContract, _ draft: CompiledContract) -> Bool {
        let (one, two) = (other.terms, draft.terms)
        return one.status == .active && one.patient == two.patient
            && Set(one.custodians).isSuperset(of: two.custodians)
    }

    private static func reason(
        for candidate: ReadClause, by others: [StandingContract]
    ) -> Reason? {
        for other in others {
            let contract = terms(of: other.contract)
            for clause in contract.clauses where clause.provision.covers(candidate.provision) {
                switch (candidate.provision.effect, clause.provision.effect) {
                case (.permit, .deny) where contract.alwaysActs(clause):
                    return .deniedBy(clause.clause)
                case (.deny, .deny) where contract.alwaysActs(clause): return .saidBy(clause.clause)
                case (.permit, .permit)
                where other.standing == .full && candidate.place == 0:
                    return .saidBy(clause.clause)
                case (.permit, .deny), (.deny, .deny), (.permit, .permit), (.deny, .permit): continue
                }
            }
        }
        return nil
    }

    private static func terms(of contract: CompiledContract) -> ReadContract {
        let provisions = contract.terms.provisions
        return ReadContract(
            clauses: provisions.indices.map { place in
                ReadClause(contract: contract, place: place, provision: provisions[place])
            })
    }
}

/// A clause with what it says at hand.
private struct ReadClause {
    let contract: CompiledContract
    let place: Int
    let provision: Provision

    var clause: Clause { Clause(contract: contract, place: place, effect: provision.effect) }
}

private struct ReadContract {
    /// The clauses, the root first.
    let clauses: [ReadClause]

    /// Whether a denial denies whatever it matches: nothing nested can override it.
    func alwaysActs(_ clause: ReadClause) -> Bool {
        clause.place > 0 || !clauses.contains { $0.place > 0 && $0.provision.effect == .permit }
    }

    /// Finds what in the same contract makes a clause idle.
    func reason(for clause: ReadClause) -> IdleClause.Reason? {
        for other in clauses where other.place != clause.place && other.provision.covers(clause.provision) {
            switch (clause.provision.effect, other.provision.effect) {
            case (.permit, .deny) where other.place > 0: return .deniedBy(other.clause)
            case (.permit, .permit)
            where clause.place > 0 && (other.place == 0 || other.place < clause.place):
                return .saidBy(other.clause)
            case (.deny, .deny)
            where clause.place > 0
                && (other.place == 0 ? alwaysActs(other) : other.place < clause.place):
                return .saidBy(other.clause)
            case (.permit, .deny), (.permit, .permit), (.deny, .deny), (.deny, .permit): continue
            }
        }
        return nil
    }
}

extension Provision {
    /// Tells whether this provision matches wherever another one does that has a narrower or the same
    /// wording.
    func covers(_ other: Provision) -> Bool {
        coversRequest(of: other) && scope.covers(other.scope, as: effect, other.effect)
    }

    private func coversRequest(of other: Provision) -> Bool {
        let coversPurposes =
            purposes.isEmpty
            ? !other.purposes.contains(.breakGlass)
            : !other.purposes.isEmpty
                && other.purposes.allSatisfy { purpose in purposes.contains { purpose.isCovered(by: $0) } }
        let coversActors =
            actors.isEmpty || (!other.actors.isEmpty && Set(actors).isSuperset(of: other.actors))
        let coversActions =
            actions.isEmpty || (!other.actions.isEmpty && Set(actions).isSuperset(of: other.actions))
        // Conditions are asked of each contract for itself, so that the same one may hold for one of two.
        let coversConditions = conditions.isEmpty
        return coversPurposes && coversActors && coversActions && coversConditions
            && (period.map { own in other.period.map(own.contains) ?? false } ?? true)
    }
}

extension DataScope {
    /// Tells whether a scope matches every resource that another one does, as provisions of these effects.
    func covers(_ other: DataScope, as effect: ProvisionEffect, _ otherEffect: ProvisionEffect) -> Bool {
        if isEverything { return true }
        // What is undetermined matches a deny and no permit: a permit covers no deny.
        guard effect == .deny || otherEffect == .permit else { return false }
        return self == other
    }
}
