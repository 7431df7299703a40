import Cryptography
import LedgerProtocol
import Model
import Postgres

/// Reads and writes submissions and the outbox rows that they hold.
enum SubmissionTable {
    /// One version of a submission as the table holds it.
    struct Stored: Sendable {
        let submission: Submission
        let version: Int
        let isFinal: Bool
    }

    /// A submission that is in a final block, with what its receipt proved.
    struct Landing: Sendable {
        let submission: Submission
        let events: [FinalEvent]
    }

    /// Takes unsent rows in the order of their ids, at most `limit`, and locks them.
    ///
    /// Never "ids above the last one": a row's transaction may commit after that of a row with a higher
    /// id.
    static func takeUnsent(
        limit: Int, in session: PostgresSession
    ) throws -> [(outboxID: Int64, entry: Entry)] {
        let rows = try session.query(
            """
            SELECT outbox.id, event.entry FROM outbox JOIN event ON event.id = outbox.event_id
            WHERE NOT outbox.sent ORDER BY outbox.id LIMIT $1 FOR UPDATE OF outbox
            """,
            [.int(Int64(limit))])
        return try rows.map { row in
            guard let entry = try? Entry(decoding: try row.bytes(1)) else {
                throw MessagingFault(
                    .corruptRow, "an entry of the event table cannot be read; restore the table")
            }
            return (try row.int(0), entry)
        }
    }

    /// Gives the sequence after the highest one taken.
    static func nextSequence(in session: PostgresSession) throws -> UInt64 {
        let rows = try session.query("SELECT coalesce(max(sequence) + 1, 0) FROM submission")
        return UInt64(bitPattern: try rows[0].int(0))
    }

    /// Stores a version and assigns the outbox rows to its sequence.
    static func store(
        _ submission: Submission, version: Int, outboxIDs: [Int64], in session: PostgresSession
    ) throws {
        try session.execute(
            """
            WITH stored AS (
                INSERT INTO submission (sequence, version, bytes, hash, state)
                VALUES ($1, $2, $3, $4, 'pending')
            )
            UPDATE outbox SET sent = true, sequence = $1 WHERE id = ANY($5)
            """,
            [
                .int(Int64(bitPattern: submission.sequence)), .int(Int64(version)),
                .bytes(submission.encoded), .bytes(submission.hash.bytes), .intArray(outboxIDs),
            ])
    }

    /// Reads the newest version of every submission that is not final.
    static func pending(in session: PostgresSession) throws -> [Stored] {
        let rows = try session.query(
            """
            SELECT DISTINCT ON (sequence) bytes, version, false FROM submission
            WHERE state = 'pending' ORDER BY sequence, version DESC
            """)
        return try rows.map(stored(in:))
    }

    /// Reads all versions of the sequences.
    static func versions(of sequences: [UInt64], in session: PostgresSession) throws -> [Stored] {
        let rows = try session.query(
            "SELECT bytes, version, state = 'final' FROM submission WHERE sequence = ANY($1)",
            [.intArray(sequences.map { Int64(bitPattern: $0) })])
        return try rows.map(stored(in:))
    }

    /// Marks submissions and their events final and takes the events out of the outbox.
    ///
    /// - Returns: the ids of the events that were pending before.
    static func land(
        _ landings: [Landing], finalChannel: String, in session: PostgresSession
    ) throws -> Set<EntryID> {
        let sequences = landings.map { Int64(bitPattern: $0.submission.sequence) }
        let events = landings.flatMap(\.events)
        let versions = try session.query(
            """
            UPDATE submission
            SET state = CASE WHEN submission.hash = given.hash THEN 'final' ELSE 'refused' END
            FROM unnest($1, $2) AS given(sequence, hash)
            WHERE submission.sequence = given.sequence AND submission.state <> 'final'
            RETURNING submission.version
            """,
            [.intArray(sequences), .bytesArray(landings.map(\.submission.hash.bytes))])
        let ids = PostgresValue.uuidArray(events.map(\.id.bytes))
        let marked = try EventTable.markFinal(events, in: session)
        try session.execute(
            "DELETE FROM outbox WHERE sent AND sequence = ANY($1) AND event_id = ANY($2)",
            [.intArray(sequences), ids])
        if try versions.contains(where: { try $0.int(0) > 0 }) {
            // Another version held other entries: those go into a submission of their own.
            try session.execute("DELETE FROM outbox WHERE event_id = ANY($1)", [ids])
            try session.execute(
                "UPDATE outbox SET sent = false, sequence = NULL WHERE sent AND sequence = ANY($1)",
                [.intArray(sequences)])
        }
        _ = try session.query("SELECT pg_notify($1, '')", [.text(finalChannel)])
        return marked
    }

    /// Replaces a refused version by one that holds fewer entries; the others wait for a submission of
    /// their own.
    ///
    /// - Returns: false when that version is no longer pending.
    static func replace(
        _ refused: Submission, version: Int, by replacement: Submission, in session: PostgresSession
    ) throws -> Bool {
        let sequence = PostgresValue.int(Int64(bitPattern: refused.sequence))
        let changed = try session.execute(
            """
            UPDATE submission SET state = 'refused'
            WHERE sequence = $1 AND version = $2 AND state = 'pending'
            """,
            [sequence, .int(Int64(version))])
        guard changed == 1 else { return false }
        let kept = Set(replacement.entries.map(\.id))
        let released = refused.entries.map(\.id).filter { !kept.contains($0) }
        try session.execute(
            """
            UPDATE outbox SET sent = false, sequence = NULL
            WHERE sent AND sequence = $1 AND event_id = ANY($2)
            """,
            [sequence, .uuidArray(released.map(\.bytes))])
        try store(replacement, version: version + 1, outboxIDs: [], in: session)
        return true
    }

    private static func stored(in row: PostgresRow) throws -> Stored {
        guard let submission = try? Submission(decoding: try row.bytes(0)) else {
            throw MessagingFault(.corruptRow, "a stored submission cannot be read back; restore the table")
        }
        return Stored(submission: submission, version: Int(try row.int(1)), isFinal: try row.bool(2))
    }
}
