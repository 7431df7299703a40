/// The types of events, each a fact in the past tense with its version.
package enum EventType: String, CaseIterable, Sendable {
    case participantEnrolled = "identity.participant-enrolled.v1"
    case consentGranted = "consent.granted.v1"
    case consentDenied = "consent.denied.v1"
    case consentRevoked = "consent.revoked.v1"
    case accessDecided = "access.decided.v1"
    case accessDisclosed = "access.disclosed.v1"
    case accessRefused = "access.refused.v1"
    case recordsStored = "records.stored.v1"

    /// The topic on which events of this type are published.
    package var topic: Topic {
        switch self {
        case .participantEnrolled: .identityEvents
        case .consentGranted, .consentDenied, .consentRevoked: .consentEvents
        case .accessDecided, .accessDisclosed, .accessRefused: .accessEvents
        case .recordsStored: .recordsEvents
        }
    }

    /// Whether an event of this type may take a permission away.
    ///
    /// A restrictive event is published when it is accepted and again when it is final, and every consumer
    /// obeys the first; any other event is published when it is final.
    package var isRestrictive: Bool {
        switch self {
        case .consentDenied, .consentRevoked: true
        case .participantEnrolled, .consentGranted, .accessDecided, .accessDisclosed, .accessRefused,
            .recordsStored:
            false
        }
    }
}
