package import Model

/// An event that is about to be appended.
package struct NewEvent: Sendable {
    /// The random id, chosen by the caller; also the ledger entry's.
    package let id: EntryID
    /// The event's type.
    package let type: EventType
    /// The participant whom the event is about.
    package let subject: ParticipantID
    /// What happened.
    package let data: JSONValue

    /// States an event.
    package init(id: EntryID, type: EventType, subject: ParticipantID, data: JSONValue) {
        self.id = id
        self.type = type
        self.subject = subject
        self.data = data
    }
}
