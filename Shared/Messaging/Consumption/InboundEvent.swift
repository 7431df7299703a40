package import Model

/// One event of another service, delivered after everything that it claims was verified.
package struct InboundEvent: Sendable {
    /// Says which of the two records of an event this is.
    package enum Finality: Hashable, Sendable {
        /// Accepted by its producer; only a restrictive event is delivered at this stage.
        case pending
        /// In a final block at this index; the receipt was verified.
        case final(index: UInt64)

        /// Whether a quorum of validators committed the entry.
        package var isFinal: Bool {
            switch self {
            case .pending: false
            case .final: true
            }
        }
    }

    /// The event's id, which is also its ledger entry's.
    package let id: EntryID
    /// The event's type.
    package let type: EventType
    /// The participant whom the event is about.
    package let subject: ParticipantID
    /// When its producer accepted it, by the producer's clock.
    package let time: Timestamp
    /// The event's data as its producer wrote it.
    package let data: JSONValue
    /// The service that published it.
    package let producer: ServiceName
    /// Which of the event's two records this is.
    package let finality: Finality
    /// The canonical bytes of the `EventDisclosure`; with the receipt they prove the event offline.
    package let disclosureBytes: [UInt8]
    /// The receipt as `tlog-proof@v1` text; nil while the event is pending.
    package let receipt: String?

    /// States an event; tests of handlers make their own.
    package init(
        id: EntryID, type: EventType, subject: ParticipantID, time: Timestamp, data: JSONValue,
        producer: ServiceName, finality: Finality, disclosureBytes: [UInt8], receipt: String?
    ) {
        self.id = id
        self.type = type
        self.subject = subject
        self.time = time
        self.data = data
        self.producer = producer
        self.finality = finality
        self.disclosureBytes = disclosureBytes
        self.receipt = receipt
    }
}
