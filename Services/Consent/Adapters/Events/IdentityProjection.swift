import ConsentCore
import Messaging
import Model
import Postgres
import Tokens

/// Keeps the view of the participants: applies the final events of `identity`.
enum IdentityProjection {
    /// What this service takes from `identity.events`.
    static var subscription: Subscription {
        Subscription(topic: .identityEvents, producers: [.identity], handle: apply)
    }

    /// Applies one event in the transaction that advances the consumer's position.
    ///
    /// - Throws: `MessagingFault` with `.invalidRecord` for an enrolment that cannot be read; it is parked.
    @Sendable static func apply(_ event: InboundEvent, in session: PostgresSession) throws {
        // INVARIANT: an enrolment permits nothing before it is final.
        guard event.type == .participantEnrolled, event.finality.isFinal else { return }
        guard let enrolled = EnrolledParticipant(id: event.subject, eventData: event.data) else {
            throw MessagingFault(
                .invalidRecord, "the enrolment `\(event.id)` cannot be read; use the same version as identity"
            )
        }
        try ParticipantView.insert(
            KnownParticipant(
                id: enrolled.id, kind: enrolled.kind, organization: enrolled.organization,
                signingKey: enrolled.signingKey, authority: enrolled.authority),
            event: event.id, in: session)
    }
}
