package import Model
package import Postgres

/// States which producers' events of a topic a service wants, and what it does with each.
package struct Subscription: Sendable {
    /// Applies one event inside the transaction that advances the consumer's position.
    ///
    /// It is called once for each record: for a restrictive event when it is pending and again when it
    /// is final. What it throws decides: a `PostgresFault` that is retriable or a `MessagingFault` with
    /// `.retryLater` is tried again with back-off; anything else parks the record and its subject, or
    /// stops the consumer when the event is restrictive.
    package typealias Handler = @Sendable (InboundEvent, PostgresSession) throws -> Void

    /// The topic to read.
    package let topic: Topic
    /// The services whose records are taken; those of others are passed over.
    package let producers: [ServiceName]
    /// What to do with each event.
    package let handle: Handler

    /// States a subscription; a service has at most one a topic.
    package init(topic: Topic, producers: [ServiceName], handle: @escaping Handler) {
        self.topic = topic
        self.producers = producers
        self.handle = handle
    }
}
