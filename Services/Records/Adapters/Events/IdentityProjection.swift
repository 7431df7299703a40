import Messaging
import Model
import Postgres
import Tokens

/// Keeps the view of who is enrolled.
enum IdentityProjection {
    /// Applies one event of `identity.events`.
    static func apply(_ event: InboundEvent, in session: PostgresSession) throws {
        // An enrolment permits, so it counts once it is final.
        guard event.type == .participantEnrolled, event.finality.isFinal else { return }
        guard let participant = EnrolledParticipant(id: event.subject, eventData: event.data) else {
            throw MessagingFault(
                .invalidRecord, "an enrolment has another form; run the version that wrote it")
        }
        try ParticipantTable.insert(participant.id, participant.kind, in: session)
    }
}
