/// Why a purpose or a resource was decided as it was.
package enum DecisionReason: Hashable, Sendable {
    /// A clause permits it and none denies it.
    case permittedByContract
    /// A clause denies it, or clauses deny everything that others permit.
    case deniedByContract
    /// No clause speaks about it: the implicit policy decides.
    case noContractApplies(ImplicitPolicy)
    /// The clauses that speak about it have ended: the implicit policy decides.
    case expired(ImplicitPolicy)
    /// The clauses that speak about it have not begun: the implicit policy decides.
    case notYetInForce(ImplicitPolicy)
    /// A clause would permit it but for a condition: the implicit policy decides.
    case conditionUnmet(ImplicitPolicy)
    /// The implicit policy permits normal data, and whether this resource is normal cannot be told.
    case undetermined(ImplicitPolicy)
    /// The implicit policy permits normal data, and this resource is more confidential.
    case notNormal(ImplicitPolicy)
    /// No contract names break-glass, and the custodian lets this requester declare it.
    case permittedByBreakGlassPolicy
    /// No contract names break-glass, and the custodian does not let this requester declare it.
    case deniedByBreakGlassPolicy
    /// The custodian's policy does not open data this confidential to break-glass.
    case beyondBreakGlassPolicy

    /// The name in canonical decisions; part of their format.
    package var name: String {
        switch self {
        case .permittedByContract: "permitted-by-contract"
        case .deniedByContract: "denied-by-contract"
        case .noContractApplies: "no-contract-applies"
        case .expired: "expired"
        case .notYetInForce: "not-yet-in-force"
        case .conditionUnmet: "condition-unmet"
        case .undetermined: "undetermined"
        case .notNormal: "not-normal"
        case .permittedByBreakGlassPolicy: "permitted-by-break-glass-policy"
        case .deniedByBreakGlassPolicy: "denied-by-break-glass-policy"
        case .beyondBreakGlassPolicy: "beyond-break-glass-policy"
        }
    }
}
