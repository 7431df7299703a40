/// The custodian's policy where no provision of any contract applies: one of the four that IHE PCF 1.1
/// names.
///
/// Break-glass is never permitted by one of these; `BreakGlassPolicy` decides about it.
package enum ImplicitPolicy: String, Hashable, Sendable, CaseIterable {
    /// Denies everything.
    case denyAll = "https://profiles.ihe.net/ITI/PCF/Policy-deny"
    /// Permits practitioners the use of normal data for treatment.
    ///
    /// At the request step that is a permit, since some resource may be normal. A resource whose label
    /// is not known is undetermined and therefore denied; labels come with a later version of the
    /// engine.
    case basicNormal = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
    /// Permits everybody the use of normal data for any purpose but break-glass; labels count as in
    /// `basicNormal`.
    case allNormal = "https://profiles.ihe.net/ITI/PCF/Policy-all-normal"
    /// Denies everything but break-glass, which `BreakGlassPolicy` decides: here the same as `denyAll`.
    case breakGlassOnly = "https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only"

    /// What a policy says about one purpose of one requester.
    enum Verdict {
        case deny
        /// Data labelled normal is permitted, other data is not.
        case permitNormal
    }

    func verdict(purpose: PurposeCode, actor: String) -> Verdict {
        switch self {
        case .denyAll, .breakGlassOnly: .deny
        case .basicNormal:
            actor.hasPrefix("Practitioner/") && purpose.isCovered(by: .treatment) ? .permitNormal : .deny
        case .allNormal: purpose == .breakGlass ? .deny : .permitNormal
        }
    }
}

/// The custodian's policy on break-glass, which decides where no contract names BTG.
///
/// Reason, time limit, notices and review are the service's part; this is who may declare it at all.
package struct BreakGlassPolicy: Hashable, Sendable {
    /// Persons, groups or organisations, any of which may declare it; empty for nobody.
    package let mayDeclare: [String]

    /// States who may declare break-glass.
    package init(mayDeclare: [String]) {
        self.mayDeclare = mayDeclare
    }

    /// Tells whether this requester may declare break-glass, whoever the patient is.
    package func allows(_ request: AccessRequestFacts) -> Bool {
        mayDeclare.contains { request.isMade(by: $0) }
    }
}

extension AccessRequestFacts {
    /// Tells whether a person, group or organisation named by a contract or policy stands behind this
    /// request.
    func isMade(by reference: String) -> Bool {
        reference == actor || actingFor.contains(reference) || groups.contains(reference)
    }
}
