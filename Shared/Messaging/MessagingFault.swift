/// Says why messaging could not do what was asked; never carries an event's content.
package struct MessagingFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Names the kind of fault.
    package enum Code: String, Hashable, Sendable {
        /// The schema belongs to another network or service.
        case otherNetwork
        /// The genesis file does not name this service with the key that the process holds.
        case unknownService
        /// The event's payload is longer than a Kafka record can carry; refuse the command.
        case eventTooLarge
        /// An event of that id is there already.
        case duplicateEvent
        /// No event has that id.
        case unknownEvent
        /// The outbox holds as many events as it may; answer 503 with Retry-After.
        case outboxFull
        /// As many requests wait for finality as may; answer 503 with Retry-After.
        case tooManyWaiters
        /// The subject's erasure secret is missing, or the service's root key does not open it.
        case secretUnavailable
        /// The ledger holds bytes under this service's sequence that the service does not know.
        case sequenceTaken
        /// The ledger refuses this service's submissions by rule.
        case submissionRefused
        /// A record's content contradicts what its producer signed.
        case invalidRecord
        /// The topic no longer holds a record that the consumer needs next.
        case recordMissing
        /// The handler of a restrictive event failed, so its consumer does not go on.
        case restrictiveHandlerFailed
        /// A stored row cannot be read back.
        case corruptRow
        /// A handler asks to be called again later with the same event.
        case retryLater
    }

    /// The kind of fault.
    package let code: Code
    /// What happened and what to do next, in one lower-case sentence.
    package let sentence: String

    /// States a fault.
    package init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    /// Whether the same call may succeed later; HTTP answers 503 then.
    package var isRetriable: Bool {
        switch code {
        case .outboxFull, .tooManyWaiters, .retryLater: true
        case .otherNetwork, .unknownService, .eventTooLarge, .duplicateEvent, .unknownEvent,
            .secretUnavailable,
            .sequenceTaken, .submissionRefused, .invalidRecord, .recordMissing, .restrictiveHandlerFailed,
            .corruptRow:
            false
        }
    }

    /// The kind and the sentence.
    package var description: String { "\(code.rawValue): \(sentence)" }
}
