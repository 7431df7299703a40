/// What whoever acts on a permit has to do.
package enum Obligation: Hashable, Sendable {
    /// Hold every resource against the clauses: some of what was asked for is left out.
    case redact
    /// Count this access against the number of uses that a clause permits.
    case countUse(ContractCondition)
    /// Give the reason for the break-glass.
    case stateReason
    /// Tell the patient at once.
    case notifyPatient
    /// Tell the privacy officer at once.
    case notifyPrivacyOfficer
    /// Have it reviewed within this many hours.
    case review(hours: Int)
    /// Let the permit end after this many seconds.
    case expire(seconds: Int)

    /// The name in canonical decisions; part of their format.
    package var name: String {
        switch self {
        case .redact: "redact"
        case .countUse: "count-use"
        case .stateReason: "state-reason"
        case .notifyPatient: "notify-patient"
        case .notifyPrivacyOfficer: "notify-privacy-officer"
        case .review: "review"
        case .expire: "expire"
        }
    }
}
