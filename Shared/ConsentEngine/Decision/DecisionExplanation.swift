/// Puts decisions into words, for each reader no more than that reader may know.
package enum DecisionExplanation {
    /// Returns one sentence a purpose and clause, for the patient and the privacy officer.
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
        let mayBreakGlass = decision.breakGlass?.allows(decision.request) ?? false
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
        let subject = "Access for \(quote(decision))"
        let verb = decision.effect == .permit ? "permitted" : "denied"
        switch decision.reason {
        case .permittedByContract, .deniedByContract:
            return decision.clauses.map { clause in
                "\(subject) is \(verb) by clause `\(clause.path)` of contract `\(clause.contractID)`, "
                    + "version `\(clause.version)`."
            }
        case .noContractApplies(let policy):
            return [
                "\(subject) is \(verb) by the custodian's policy `\(policy.rawValue)`: no contract applies."
            ]
        case .expired(let policy):
            return [
                "\(subject) is \(verb) by the custodian's policy `\(policy.rawValue)`: "
                    + "the contract that spoke about it has ended."
            ]
        case .notYetInForce(let policy):
            return [
                "\(subject) is \(verb) by the custodian's policy `\(policy.rawValue)`: "
                    + "the contract that speaks about it has not begun."
            ]
        case .undetermined(let policy):
            return [
                "\(subject) is \(verb): the custodian's policy `\(policy.rawValue)` permits normal data, "
                    + "and this resource has no label that says so."
            ]
        case .permittedByBreakGlassPolicy:
            return [
                "\(subject) is permitted by the custodian's break-glass policy: "
                    + "no contract names break-glass."
            ]
        case .deniedByBreakGlassPolicy:
            return ["\(subject) is denied: the custodian does not let this requester declare break-glass."]
        }
    }
}
