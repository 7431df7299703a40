package import Cryptography
import LedgerProtocol
package import Model
package import Postgres

/// Keeps a service's own events: writes them with their outbox rows, and says how far each has come.
package final class EventStore: Sendable {
    /// The most bytes of a payload; sealed, in Base64 and with its receipt it must fit into a Kafka
    /// record.
    package static let payloadBytesMax = 600_000
    /// The most events that may wait for finality: about a minute of the heaviest load; beyond it
    /// accept no more.
    package static let outboxCountMax = 100_000
    /// The most events of one call, so that one statement stays small.
    package static let appendCountMax = 1_024

    let context: MessagingContext
    let board = MessagingBoard()
    let waiters = FinalityWaiters()

    /// Makes the store of a service; the context's pool must reach a schema that `MessagingSchema`
    /// prepared.
    package init(_ context: MessagingContext) {
        self.context = context
    }

    /// Writes the event and its outbox row inside the caller's transaction.
    ///
    /// The id is random and chosen by the caller; it is also the ledger entry's. The type must be one
    /// that this service publishes. The relay learns of it when the caller's transaction commits.
    /// - Throws: `MessagingFault` with `.outboxFull`, `.eventTooLarge`, `.duplicateEvent` or
    ///   `.secretUnavailable`; `JSONError` when the data has no canonical form; `PostgresFault`.
    package func append(
        id: EntryID, type: EventType, subject: ParticipantID, data: JSONValue, at: Timestamp,
        in session: PostgresSession
    ) throws {
        try append([NewEvent(id: id, type: type, subject: subject, data: data)], at: at, in: session)
    }

    /// Writes several events in their order with one statement.
    ///
    /// - Throws: as the append of one event.
    package func append(_ events: [NewEvent], at: Timestamp, in session: PostgresSession) throws {
        guard !events.isEmpty else { return }
        precondition(events.count <= Self.appendCountMax, "one call appends at most 1,024 events")
        guard board.outboxCount + events.count <= Self.outboxCountMax else {
            throw MessagingFault(
                .outboxFull, "too many events wait for the ledger; try again in a few seconds")
        }
        let secrets = SubjectSecrets(context)
        let wrapped = try secrets.findOrMake(of: Set(events.map(\.subject)), in: session)
        let rows = try events.map { event in
            let erasureSecret = try secrets.open(wrapped[event.subject], of: event.subject)
            return try row(
                of: event, at: at, opening: Entry.opening(of: event.id, erasureSecret: erasureSecret))
        }
        try EventTable.insert(rows, at: at, outboxChannel: context.outboxChannel, in: session)
    }

    private func row(of event: NewEvent, at: Timestamp, opening: Digest) throws -> EventTable.NewRow {
        precondition(
            context.service.topics.contains(event.type.topic),
            "a service appends only events of topics that it publishes")
        precondition(event.data.members != nil, "the data of an event is an object")
        let payload = EventPayload(
            id: event.id, type: event.type, subject: event.subject, time: at, data: event.data)
        let payloadBytes = try payload.canonicalBytes()
        guard payloadBytes.count <= Self.payloadBytesMax else {
            throw MessagingFault(
                .eventTooLarge,
                "the event has `\(payloadBytes.count)` bytes, at most `\(Self.payloadBytesMax)` can be "
                    + "published; send less at once")
        }
        let entry = Entry.make(
            submitter: context.signer.keyID, id: event.id, time: at.seconds, opening: opening,
            networkID: context.genesis.networkID, payload: payloadBytes)
        return EventTable.NewRow(event: event, payload: payloadBytes, entry: entry.encoded)
    }

    /// Says how far an event has come; nil when no event has that id.
    ///
    /// - Throws: `PostgresFault`.
    package func finality(of id: EntryID, in session: PostgresSession) throws -> EventFinality? {
        try EventTable.finality(of: [id], in: session)[id]
    }

    /// Gives what shows an event to somebody: the canonical disclosure, and the receipt once it is
    /// final.
    ///
    /// - Returns: nil when no event has that id.
    /// - Throws: `MessagingFault` with `.secretUnavailable` when the subject's secret is gone;
    ///   `PostgresFault`.
    package func disclosure(
        of id: EntryID, in session: PostgresSession
    ) throws -> (disclosure: [UInt8], receipt: String?)? {
        guard let row = try EventTable.find([id], in: session).first else { return nil }
        let disclosure = try row.disclosure(opening: try opening(of: row, in: session))
        return (disclosure.bytes, row.receipt)
    }

    /// Gives the opening of an event's entry; nil when no event has that id.
    ///
    /// - Throws: `MessagingFault` with `.secretUnavailable` when the subject's secret is gone;
    ///   `PostgresFault`.
    package func opening(of id: EntryID, in session: PostgresSession) throws -> Digest? {
        guard let row = try EventTable.find([id], in: session).first else { return nil }
        return try opening(of: row, in: session)
    }

    /// Gives an event's data as it was appended; nil when no event has that id.
    ///
    /// - Throws: `MessagingFault` with `.corruptRow`; `PostgresFault`.
    package func data(of id: EntryID, in session: PostgresSession) throws -> JSONValue? {
        guard let row = try EventTable.find([id], in: session).first else { return nil }
        return try row.eventPayload().data
    }

    /// Waits until an event is final, or until the time is over and it is still pending.
    ///
    /// It returns as soon as any replica's leader marked the event; the running `MessagingService`
    /// listens for that and asks the database every 250 ms besides.
    /// - Throws: `MessagingFault` with `.unknownEvent` or `.tooManyWaiters`; `PostgresFault`;
    ///   `CancellationError`.
    package func waitUntilFinal(
        _ id: EntryID, timeoutMilliseconds: Int = 5_000
    ) async throws -> EventFinality {
        let ticket = try waiters.register(id)
        defer { waiters.withdraw(ticket) }
        // The first look comes after the registration, so no notification falls between the two.
        let present = try await currentFinality(of: id)
        if present.isFinal { return present }
        let finality = try await waiters.wait(ticket, timeoutMilliseconds: timeoutMilliseconds)
        if let finality { return finality }
        return try await currentFinality(of: id)
    }

    private func currentFinality(of id: EntryID) async throws -> EventFinality {
        let found = try await context.pool.query { session in
            try EventTable.finality(of: [id], in: session)[id]
        }
        guard let found else {
            throw MessagingFault(
                .unknownEvent, "no event has the id `\(id)`; append it before waiting for it")
        }
        return found
    }

    private func opening(of row: StoredEvent, in session: PostgresSession) throws -> Digest {
        let secrets = SubjectSecrets(context)
        let wrapped = try SubjectSecrets.findWrapped(of: [row.subject], in: session)
        return Entry.opening(
            of: row.id, erasureSecret: try secrets.open(wrapped[row.subject], of: row.subject))
    }
}
