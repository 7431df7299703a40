import Cryptography
import Model
import NotificationCore
import Postgres

/// A final access event that has no number in the subscribers' topics yet.
struct QueuedEvent: Sendable {
    let queueID: Int64
    let notice: StoredNotice
    let receipt: String
}

/// Holds the access events that wait for their numbers.
enum SubscriberQueue {
    /// Appends an event and wakes the publisher when the transaction commits.
    static func append(_ event: EntryID, channel: String, in session: PostgresSession) throws {
        _ = try session.query(
            """
            WITH added AS (
                INSERT INTO subscriber_queue (event_id) VALUES ($1) ON CONFLICT DO NOTHING
            )
            SELECT pg_notify($2, '')
            """,
            [.uuid(event.bytes), .text(channel)])
    }

    /// Reads the first events of the queue and locks them.
    static func first(
        _ countMax: Int, notices: NoticeTable, in session: PostgresSession
    ) throws -> [QueuedEvent] {
        let rows = try session.query(
            """
            SELECT n.event_id, n.number, n.type, n.time, n.receipt, n.sealed_disclosure, n.inbox, q.id
            FROM (SELECT id, event_id FROM subscriber_queue ORDER BY id LIMIT $1 FOR UPDATE) AS q
            JOIN notice AS n ON n.event_id = q.event_id ORDER BY q.id
            """,
            [.int(Int64(countMax))])
        return try rows.map { row in
            guard let inbox = Digest(try row.bytes(6)) else {
                throw PostgresFault(
                    reason: .unreadable, message: "a row of the notice table cannot be read: restore it")
            }
            let notice = try notices.notice(in: row, inbox: inbox)
            return QueuedEvent(queueID: try row.int(7), notice: notice, receipt: try row.text(4))
        }
    }

    /// Takes events that have their numbers out of the queue.
    static func remove(_ events: [QueuedEvent], in session: PostgresSession) throws {
        try session.execute(
            "DELETE FROM subscriber_queue WHERE id = ANY($1)", [.intArray(events.map(\.queueID))])
    }
}
