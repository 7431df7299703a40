package import Model

/// The payload of an event: what happened, to whom, when.
package struct EventPayload: Hashable, Sendable {
    /// The event's id, which is also its entry's.
    package let id: EntryID
    /// The type of the event as written, such as `consent.granted.v1`.
    package let type: String
    /// Whom the event is about.
    package let subject: ParticipantID
    /// When it was accepted by its service.
    package let time: Timestamp
    /// The object that the type defines.
    package let data: JSONValue

    /// Joins the parts; `data` must be an object that has a canonical form.
    package init(id: EntryID, type: EventType, subject: ParticipantID, time: Timestamp, data: JSONValue) {
        self.id = id
        self.type = type.rawValue
        self.subject = subject
        self.time = time
        self.data = data
    }

    /// Reads the payload of an event strictly.
    ///
    /// - Throws: `VerificationFailure` when a member is missing, unknown or wrong.
    package init(_ value: JSONValue) throws(VerificationFailure) {
        guard let members = value.members,
            members.map(\.name).sorted() == ["data", "id", "subject", "time", "type"]
        else { throw .event(.malformed, "the payload must have data, id, subject, time and type only") }
        guard let id = value["id"]?.string.flatMap({ EntryID($0) }),
            let subject = value["subject"]?.string.flatMap({ ParticipantID($0) })
        else { throw .event(.malformed, "`id` and `subject` of the payload must be lower-case UUIDs") }
        guard let text = value["time"]?.string, let time = Timestamp(text), time.description == text else {
            throw .event(.malformed, "`time` of the payload must be like `2026-11-22T19:00:00.000Z`")
        }
        guard let type = value["type"]?.string, !type.isEmpty, let data = value["data"], data.members != nil
        else { throw .event(.malformed, "the payload needs a type and an object as its data") }
        self.id = id
        self.type = type
        self.subject = subject
        self.time = time
        self.data = data
    }

    /// The type, when this version of the suite knows it.
    package var eventType: EventType? { EventType(rawValue: type) }

    /// The payload as JSON.
    package var json: JSONValue {
        [
            "data": data, "id": .string(id.description), "subject": .string(subject.description),
            "time": .string(time.description), "type": .string(type),
        ]
    }

    /// The canonical bytes, which the commitment of the entry covers.
    ///
    /// - Throws: `JSONError` when the data have no canonical form.
    package func canonicalBytes() throws(JSONError) -> [UInt8] { try json.canonicalBytes() }
}
