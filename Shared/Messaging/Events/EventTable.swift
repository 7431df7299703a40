import Cryptography
import LedgerProtocol
import Model
import Postgres

/// An event as its table holds it.
struct StoredEvent: Sendable {
    let id: EntryID
    let type: EventType
    let subject: ParticipantID
    var payload: [UInt8]
    var entry: [UInt8]
    let acceptedAt: Timestamp
    let finality: EventFinality
    var receipt: String?

    /// Reads the payload back.
    ///
    /// - Throws: `MessagingFault` with `.corruptRow`.
    func eventPayload() throws(MessagingFault) -> EventPayload {
        guard let value = try? JSONValue(parsing: payload), let read = try? EventPayload(value) else {
            throw corrupt
        }
        return read
    }

    /// Joins what shows the event to somebody, and checks that the parts belong together.
    ///
    /// - Throws: `MessagingFault` with `.corruptRow`.
    func disclosure(opening: Digest) throws(MessagingFault) -> EventDisclosure {
        let read = try eventPayload()
        guard let entry = try? Entry(decoding: entry),
            let disclosure = try? EventDisclosure(entry: entry, opening: opening, payload: read),
            disclosure.payloadBytes == payload
        else { throw corrupt }
        return disclosure
    }

    private var corrupt: MessagingFault {
        MessagingFault(.corruptRow, "the row of event `\(id)` cannot be read back; restore the event table")
    }
}

/// What the finality of one event consists of.
struct FinalEvent: Sendable {
    let id: EntryID
    let submissionSequence: UInt64
    let submissionPosition: Int
    let index: UInt64
    let height: BlockHeight
    let treeSize: UInt64
    let receipt: String

    var finality: EventFinality { .final(index: index, height: height, treeSize: treeSize) }
}

/// Reads and writes the event table.
enum EventTable {
    /// An event that is about to be written.
    struct NewRow {
        let event: NewEvent
        let payload: [UInt8]
        let entry: [UInt8]
    }

    /// Writes events, their outbox rows and, for restrictive ones, their place in the queue of
    /// publications.
    static func insert(
        _ events: [NewRow], at: Timestamp, outboxChannel: String, in session: PostgresSession
    ) throws {
        let rows = events.map(\.event)
        do {
            _ = try session.query(
                insertStatement,
                [
                    .uuidArray(rows.map(\.id.bytes)), .textArray(rows.map(\.type.rawValue)),
                    .uuidArray(rows.map(\.subject.bytes)), .textArray(rows.map(\.type.topic.rawValue)),
                    .bytesArray(events.map(\.payload)), .bytesArray(events.map(\.entry)),
                    .int(at.milliseconds), .boolArray(rows.map(\.type.isRestrictive)), .text(outboxChannel),
                ])
        } catch let fault as PostgresFault where fault.isUniqueViolation && fault.constraint == "event_pkey" {
            throw MessagingFault(.duplicateEvent, "an event with this id exists; look it up by its id")
        }
    }

    // One round trip for everything, and the notification with it.
    private static let insertStatement = """
        WITH given AS (
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $8) WITH ORDINALITY
                AS u(id, type, subject, topic, payload, entry, restrictive, place)
        ), events AS (
            INSERT INTO event (id, type, subject, topic, payload, entry, accepted_at, restrictive)
            SELECT id, type, subject, topic, payload, entry, $7, restrictive FROM given ORDER BY place
        ), waiting AS (
            INSERT INTO outbox (event_id) SELECT id FROM given ORDER BY place
        ), restrictive AS (
            INSERT INTO unpublished (event_id, finality)
            SELECT id, 0 FROM given WHERE restrictive ORDER BY place
        )
        SELECT pg_notify($9, '')
        """

    /// Gives the finality of those of the events that exist.
    static func finality(
        of ids: [EntryID], in session: PostgresSession
    ) throws -> [EntryID: EventFinality] {
        let rows = try session.query(
            "SELECT id, entry_index, height, tree_size FROM event WHERE id = ANY($1)",
            [.uuidArray(ids.map(\.bytes))])
        var finalities: [EntryID: EventFinality] = [:]
        for row in rows {
            guard let id = EntryID(try row.uuid(0)) else { continue }
            finalities[id] = try finality(in: row, from: 1)
        }
        return finalities
    }

    /// Finds events by their ids, in no particular order.
    static func find(_ ids: [EntryID], in session: PostgresSession) throws -> [StoredEvent] {
        let rows = try session.query(
            """
            SELECT id, type, subject, payload, entry, accepted_at, receipt, entry_index, height, tree_size
            FROM event WHERE id = ANY($1)
            """,
            [.uuidArray(ids.map(\.bytes))])
        return try rows.map { row in
            guard let id = EntryID(try row.uuid(0)), let type = EventType(rawValue: try row.text(1)),
                let subject = ParticipantID(try row.uuid(2))
            else { throw MessagingFault(.corruptRow, "a row of the event table cannot be read; restore it") }
            return StoredEvent(
                id: id, type: type, subject: subject, payload: try row.bytes(3), entry: try row.bytes(4),
                acceptedAt: Timestamp(milliseconds: try row.int(5)), finality: try finality(in: row, from: 7),
                receipt: try row.textOrNull(6))
        }
    }

    /// Marks events final and queues each for publication once, in the order of the ledger.
    ///
    /// - Returns: the ids of those that were pending before; an event is marked once.
    static func markFinal(_ events: [FinalEvent], in session: PostgresSession) throws -> Set<EntryID> {
        let rows = try session.query(
            """
            WITH given AS (
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                    AS u(id, sequence, position, index, height, tree_size, receipt)
            ), marked AS (
                UPDATE event SET final = true, submission_sequence = given.sequence,
                    submission_position = given.position, entry_index = given.index, height = given.height,
                    tree_size = given.tree_size, receipt = given.receipt
                FROM given WHERE event.id = given.id AND NOT event.final
                RETURNING event.id, event.entry_index
            ), queued AS (
                INSERT INTO unpublished (event_id, finality)
                SELECT id, 1 FROM marked ORDER BY entry_index
            )
            SELECT id FROM marked
            """,
            [
                .uuidArray(events.map(\.id.bytes)),
                .intArray(events.map { Int64(bitPattern: $0.submissionSequence) }),
                .intArray(events.map { Int64($0.submissionPosition) }),
                .intArray(events.map { Int64(bitPattern: $0.index) }),
                .intArray(events.map { Int64(bitPattern: $0.height.value) }),
                .intArray(events.map { Int64(bitPattern: $0.treeSize) }), .textArray(events.map(\.receipt)),
            ])
        return Set(try rows.compactMap { EntryID(try $0.uuid(0)) })
    }

    private static func finality(in row: PostgresRow, from column: Int) throws -> EventFinality {
        guard let index = try row.intOrNull(column) else { return .pending }
        return .final(
            index: UInt64(bitPattern: index),
            height: BlockHeight(UInt64(bitPattern: try row.int(column + 1))),
            treeSize: UInt64(bitPattern: try row.int(column + 2)))
    }
}
