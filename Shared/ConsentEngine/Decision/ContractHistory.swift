/// A contract with the times at which it came to act and ceased to.
package struct ContractRecord: Hashable, Sendable {
    /// The contract.
    package let contract: CompiledContract
    /// When it was accepted, in milliseconds since 1970.
    package let acceptedAt: Int64
    /// When its event became final; nil when it is not.
    package let finalAt: Int64?
    /// When a revocation was accepted; nil when none was.
    package let revokedAt: Int64?
    /// When the revocation became final; nil when it is not.
    package let revocationFinalAt: Int64?

    /// States when a contract acted.
    package init(
        _ contract: CompiledContract, acceptedAt: Int64, finalAt: Int64?, revokedAt: Int64? = nil,
        revocationFinalAt: Int64? = nil
    ) {
        self.contract = contract
        self.acceptedAt = acceptedAt
        self.finalAt = finalAt
        self.revokedAt = revokedAt
        self.revocationFinalAt = revocationFinalAt
    }

    /// Tells how far the contract acted at an instant; nil when it did not.
    ///
    /// INVARIANT: what permits acts from its finality to the acceptance of its revocation, what restricts
    /// from its acceptance to the finality of its revocation; so nothing permits more before a quorum has it.
    package func standing(at instant: Int64) -> StandingContract.Standing? {
        func isPast(_ time: Int64?) -> Bool { time.map { $0 <= instant } ?? false }
        guard acceptedAt <= instant, !isPast(revocationFinalAt) else { return nil }
        return isPast(finalAt) && !isPast(revokedAt) ? .full : .restrictionsOnly
    }
}

/// The custodian's policies with the time from which they were in force.
package struct PolicyRecord: Hashable, Sendable {
    /// The policies.
    package let policies: DecisionPolicies
    /// From when they were in force, in milliseconds since 1970, until the next record.
    package let since: Int64

    /// States when policies came into force.
    package init(_ policies: DecisionPolicies, since: Int64) {
        self.policies = policies
        self.since = since
    }
}

extension ConsentEvaluator {
    /// Decides as it would have been decided at an instant.
    ///
    /// - Parameters:
    ///   - instant: milliseconds since 1970; it takes the place of the request's own time.
    ///   - request: the facts as they were at that instant.
    ///   - history: every contract of the patient that there ever was, in any order.
    ///   - policies: the policies that there ever were, in any order.
    /// - Returns: the decision; nil when no policies were in force yet.
    package static func decide(
        asOf instant: Int64, _ request: AccessRequestFacts, history: [ContractRecord],
        policies: [PolicyRecord]
    ) -> ConsentDecision? {
        let inForce = policies.filter { $0.since <= instant }.max { $0.since < $1.since }
        guard let inForce else { return nil }
        let contracts = history.compactMap { record in
            record.standing(at: instant).map { StandingContract(record.contract, $0) }
        }
        return decide(request.at(instant), contracts: contracts, policies: inForce.policies)
    }
}

extension AccessRequestFacts {
    /// The same request at another time, in milliseconds since 1970.
    package func at(_ instant: Int64) -> AccessRequestFacts {
        AccessRequestFacts(
            patient: patient, linkedPatients: linkedPatients, actor: actor, actingFor: actingFor,
            groups: groups, custodian: custodian, purposes: purposes, action: action,
            conditions: conditions, atMilliseconds: instant)
    }
}
