import Cryptography
import Model
import NotificationCore
import Postgres

/// A notice as its table holds it, opened.
struct StoredNotice: Sendable {
    let event: EntryID
    let number: Int64
    let kind: NoticeKind
    let time: Timestamp
    /// The canonical bytes of the event's disclosure.
    let disclosure: [UInt8]
    /// Nil while the event is pending.
    let receipt: String?
}

/// Keeps one notice an event.
struct NoticeTable: Sendable {
    /// What the sealed events of one page may weigh together; the first notice is given whatever it
    /// weighs.
    static let pageBytesMax = 8 << 20

    /// What came of an event that was handed in.
    enum Outcome: Hashable {
        /// The notice is new.
        case added
        /// The notice was there without its receipt and has it now.
        case completed
        /// The notice was there.
        case known
    }

    let keys: NotificationKeys

    /// Adds the notice of an event, or completes it by its receipt.
    func put(
        _ event: EntryID, _ notice: Notice, disclosure: [UInt8], receipt: String?, in session: PostgresSession
    ) throws -> Outcome {
        let inbox = keys.pseudonyms.inbox(of: notice.patient)
        let number = try lock(inbox, in: session) + 1
        let sealed = keys.seal(disclosure: disclosure, of: event, inbox: inbox)
        let added = try session.execute(
            """
            INSERT INTO notice (event_id, inbox, number, type, time, sealed_disclosure, receipt)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (event_id) DO NOTHING
            """,
            [
                .uuid(event.bytes), .bytes(inbox.bytes), .int(number), .text(notice.kind.rawValue),
                .int(notice.time.milliseconds), .bytes(sealed), receipt.map { .text($0) } ?? .null,
            ])
        if added == 1 {
            try session.execute(
                "UPDATE inbox SET newest_number = $2 WHERE id = $1", [.bytes(inbox.bytes), .int(number)])
            return .added
        }
        guard let receipt else { return .known }
        // The disclosure goes with its receipt, also where the producer disclosed the pending event
        // otherwise.
        let completed = try session.execute(
            """
            UPDATE notice SET receipt = $3, sealed_disclosure = $4
            WHERE event_id = $1 AND inbox = $2 AND receipt IS NULL
            """,
            [.uuid(event.bytes), .bytes(inbox.bytes), .text(receipt), .bytes(sealed)])
        return completed == 1 ? .completed : .known
    }

    /// Makes and locks the row of an inbox, and gives the number of its newest notice.
    private func lock(_ inbox: Digest, in session: PostgresSession) throws -> Int64 {
        let rows = try session.query(
            """
            INSERT INTO inbox (id, newest_number) VALUES ($1, 0)
            ON CONFLICT (id) DO UPDATE SET newest_number = inbox.newest_number RETURNING newest_number
            """,
            [.bytes(inbox.bytes)])
        guard let row = rows.first else {
            throw PostgresFault(
                reason: .unreadable, message: "the inbox was not locked: restore the inbox table")
        }
        return try row.int(0)
    }

    /// Reads a page of a patient's notices in the order of their numbers.
    func page(
        of patient: ParticipantID, _ query: InboxQuery, in session: PostgresSession
    ) throws -> [StoredNotice] {
        let inbox = keys.pseudonyms.inbox(of: patient)
        let rows = try session.query(
            """
            SELECT event_id, number, type, time, receipt, sealed_disclosure FROM (
                SELECT *, sum(octet_length(sealed_disclosure)) OVER (ORDER BY number) AS bytes,
                    row_number() OVER (ORDER BY number) AS place
                FROM (
                    SELECT * FROM notice WHERE inbox = $1 AND number > $2 ORDER BY number LIMIT $3
                ) AS first
            ) AS counted WHERE bytes <= $4 OR place = 1 ORDER BY number
            """,
            [
                .bytes(inbox.bytes), .int(query.after), .int(Int64(query.count)),
                .int(Int64(Self.pageBytesMax)),
            ])
        return try rows.map { try notice(in: $0, inbox: inbox) }
    }

    /// Finds one notice of a patient; nil when the patient has none of that event.
    func find(
        _ event: EntryID, of patient: ParticipantID, in session: PostgresSession
    ) throws -> StoredNotice? {
        let inbox = keys.pseudonyms.inbox(of: patient)
        let rows = try session.query(
            """
            SELECT event_id, number, type, time, receipt, sealed_disclosure FROM notice
            WHERE event_id = $1 AND inbox = $2
            """,
            [.uuid(event.bytes), .bytes(inbox.bytes)])
        return try rows.first.map { try notice(in: $0, inbox: inbox) }
    }

    /// Reads what a row holds from its six columns on.
    func notice(in row: PostgresRow, inbox: Digest) throws -> StoredNotice {
        guard let event = EntryID(try row.uuid(0)), let kind = NoticeKind(rawValue: try row.text(2)) else {
            throw PostgresFault(
                reason: .unreadable, message: "a row of the notice table cannot be read: restore it")
        }
        return StoredNotice(
            event: event, number: try row.int(1), kind: kind, time: Timestamp(milliseconds: try row.int(3)),
            disclosure: try keys.openDisclosure(try row.bytes(5), of: event, inbox: inbox),
            receipt: try row.textOrNull(4))
    }
}
