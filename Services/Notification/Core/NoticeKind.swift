package import Model

/// The events that make a notice in the patient's inbox.
package enum NoticeKind: String, CaseIterable, Sendable {
    case accessDecided = "access.decided.v1"
    case accessDisclosed = "access.disclosed.v1"
    case accessRefused = "access.refused.v1"
    case consentGranted = "consent.granted.v1"
    case consentDenied = "consent.denied.v1"
    case consentRevoked = "consent.revoked.v1"

    /// Takes the type of an event; nil for one that makes no notice.
    package init?(_ type: EventType) {
        switch type {
        case .accessDecided: self = .accessDecided
        case .accessDisclosed: self = .accessDisclosed
        case .accessRefused: self = .accessRefused
        case .consentGranted: self = .consentGranted
        case .consentDenied: self = .consentDenied
        case .consentRevoked: self = .consentRevoked
        case .participantEnrolled, .recordsStored: return nil
        }
    }

    /// The one service whose word counts for such an event.
    package var producer: ServiceName {
        switch self {
        case .accessDecided, .consentGranted, .consentDenied, .consentRevoked: .consent
        case .accessDisclosed, .accessRefused: .records
        }
    }

    /// Whether subscribing systems receive such an event once it is final.
    package var isForSubscribers: Bool {
        switch self {
        case .accessDecided, .accessDisclosed, .accessRefused: true
        case .consentGranted, .consentDenied, .consentRevoked: false
        }
    }
}
