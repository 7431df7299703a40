/// Puts decisions into words, for each reader no more than that reader may know.
package enum DecisionExplanation {
    /// Returns the sentences for the patient and the privacy officer: what was decided for each purpose, by
    /// which clause and what it says, what is held back, and which condition was missing.
    package static func forPatient(_ decision: ConsentDecision) -> [String] {
        decision.purposes.flatMap(sentences)
    }

    /// Returns what the requester may read: their own purposes and whether break-glass is open to them.
    ///
    /// It tells neither why a contract denies nor whether there is one, or such a patient: for an
    /// unknown patient decide with no contracts under `ImplicitPolicy.denyAll`, which gives the same
    /// text.
    ///
    /// - Parameters:
    ///   - decision: The decision on the request.
    ///   - reference: What the requester may quote when they ask about it.
    package static func forRequester(_ decision: ConsentDecision, reference: String) -> String {
        var permitted: [String] = []
        var others: [String] = []
        for purpose in decision.purposes {
            if purpose.effect == .permit {
                permitted.append(quote(purpose))
            } else {
                others.append(quote(purpose))
            }
        }
        var parts: [String] = []
        if !permitted.isEmpty {
            parts.append("Access is permitted for \(permitted.joined(separator: ", ")).")
        }
        if !others.isEmpty {
            parts.append("Access is not permitted for \(others.joined(separator: ", ")).")
        }
        // From the custodian's policy alone: a contract that forbids break-glass must not show here.
        let mayBreakGlass = decision.policies.breakGlass?.allows(decision.request) ?? false
        if decision.effect == .deny && mayBreakGlass && !decision.request.purposes.contains(.breakGlass) {
            parts.append("In an emergency you may declare break-glass (`\(PurposeCode.breakGlass.code)`).")
        }
        parts.append("Reference: `\(reference)`.")
        return parts.joined(separator: " ")
    }

    private static func quote(_ decision: PurposeDecision) -> String {
        "\(decision.purpose.display) (`\(decision.purpose.code)`)"
    }

    private static func sentences(_ decision: PurposeDecision) -> [String] {
        [answer(decision)] + decision.clauses.map(sentence)
            + decision.residual.flatMap { heldBack($0, by: decision) }
            + decision.unmetConditions.map(sentence)
    }

    /// What was decided and why, in one sentence.
    private static func answer(_ decision: PurposeDecision) -> String {
        let subject = "Access for \(quote(decision))"
        let verb = decision.effect == .permit ? "permitted" : "denied"
        func byPolicy(_ policy: ImplicitPolicy, _ why: String) -> String {
            "\(subject) is \(verb) by the custodian's policy `\(policy.rawValue)`: \(why)."
        }
        switch decision.reason {
        case .permittedByContract: return "\(subject) is permitted by contract."
        case .deniedByContract: return "\(subject) is denied by contract."
        case .noContractApplies(let policy): return byPolicy(policy, "no contract applies")
        case .expired(let policy):
            return byPolicy(policy, "the contract that spoke about it has ended")
        case .notYetInForce(let policy):
            return byPolicy(policy, "the contract that speaks about it has not begun")
        case .conditionUnmet(let policy):
            return byPolicy(policy, "a condition of the contract that speaks about it is not met")
        case .undetermined(let policy):
            return byPolicy(policy, "it permits normal data, and no label says that this is")
        case .notNormal(let policy):
            return byPolicy(policy, "it permits normal data, and this is more confidential")
        case .permittedByBreakGlassPolicy:
            return "\(subject) is permitted by the custodian's break-glass policy: "
                + "no contract names break-glass."
        case .deniedByBreakGlassPolicy:
            return "\(subject) is denied: the custodian does not let this requester declare break-glass."
        case .beyondBreakGlassPolicy:
            return "\(subject) is denied: the custodian's break-glass policy does not open data so "
                + "confidential."
        }
    }

    /// Names a clause and says what it says.
    package static func sentence(_ clause: Clause) -> String {
        "Clause `\(clause.path)` of contract `\(clause.contractID)`, version `\(clause.version)`, "
            + "\(ProvisionDescription.words(for: clause.provision))."
    }

    private static func heldBack(_ rule: ResidualRule, by decision: PurposeDecision) -> [String] {
        let own = rule.clause.effect == .deny ? [rule] : []
        return (own + rule.exceptions.filter { $0.clause.effect == .deny }).map { rule in
            "Held back by clause `\(rule.clause.path)` of contract `\(rule.clause.contractID)`: "
                + "\(ProvisionDescription.words(for: rule.scope, as: .deny))."
        }
    }

    private static func sentence(_ unmet: UnmetCondition) -> String {
        let state = unmet.truth == .no ? "is not met" : "could not be checked"
        return "Clause `\(unmet.clause.path)` of contract `\(unmet.clause.contractID)` would permit it on a "
            + "condition that \(state): \(ProvisionDescription.words(for: unmet.condition))."
    }
}
