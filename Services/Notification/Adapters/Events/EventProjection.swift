import LedgerProtocol
import Messaging
import Model
import NotificationCore
import Postgres
import Tokens

/// Turns the events of other services into notices, names and work for the subscribers' publisher.
///
/// Everything is written in the transaction that advances the consumer's position, and keyed by the
/// event's id: an event that comes again changes nothing.
struct EventProjection: Sendable {
    let participants: ParticipantTable
    let notices: NoticeTable
    /// Whether there are subscribers, and so work for their publisher.
    let hasSubscribers: Bool
    /// The channel on which the publisher hears of new work.
    let channel: String

    /// What this service consumes.
    var subscriptions: [Subscription] {
        [
            Subscription(topic: .identityEvents, producers: [.identity], handle: learn),
            Subscription(topic: .consentEvents, producers: [.consent], handle: notify),
            Subscription(topic: .accessEvents, producers: [.consent, .records], handle: notify),
        ]
    }

    /// Learns the name of a participant.
    @Sendable func learn(_ event: InboundEvent, in session: PostgresSession) throws {
        guard event.type == .participantEnrolled else { return }
        guard let enrolled = EnrolledParticipant(id: event.subject, eventData: event.data) else {
            throw MessagingFault(.invalidRecord, "an enrolment has a form that this version does not know")
        }
        guard let participant = KnownParticipant(enrolled) else { return }
        try participants.insert(event.subject, participant, in: session)
    }

    /// Puts an event's notice into its patient's inbox.
    @Sendable func notify(_ event: InboundEvent, in session: PostgresSession) throws {
        guard let kind = NoticeKind(event.type) else { return }
        guard kind.producer == event.producer else {
            throw MessagingFault(
                .invalidRecord, "an event came from a service that does not make events of its type")
        }
        let notice = Notice(kind: kind, patient: event.subject, time: event.time, data: event.data)
        let outcome = try notices.put(
            event.id, notice, disclosure: event.disclosureBytes, receipt: event.receipt, in: session)
        // INVARIANT: a subscriber gets final events only, each once: an access event is delivered final,
        // and adds its notice once.
        guard hasSubscribers, kind.isForSubscribers, event.finality.isFinal, outcome != .known else { return }
        try SubscriberQueue.append(event.id, channel: channel, in: session)
    }
}
