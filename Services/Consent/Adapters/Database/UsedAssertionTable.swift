import Cryptography
import Model
import Postgres
import Tokens

/// Remembers client assertions until they have expired, so that each counts once on all replicas together.
enum UsedAssertionTable {
    /// How long after its end an assertion is remembered: clocks differ, and no replica may take it again.
    private static let marginMilliseconds: Int64 = 600_000
    /// Rows that one round of pruning deletes, so that it never holds many locks.
    private static let pruneCountMax: Int64 = 10_000

    /// Uses an assertion up; false when it was used before.
    ///
    /// A concurrent use of the same assertion waits here for the other transaction's outcome.
    static func use(_ assertion: ClientAssertion, in session: PostgresSession) throws -> Bool {
        let insertedCount = try session.execute(
            """
            INSERT INTO used_assertion (client, digest, expires_at) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING
            """,
            [
                .uuid(assertion.clientID.bytes), .bytes(SHA256.hash(Array(assertion.id.utf8)).bytes),
                .int(assertion.expiresAt.milliseconds),
            ])
        return insertedCount == 1
    }

    /// Deletes some of the assertions that no replica would accept any more; returns how many.
    static func prune(now: Timestamp, in session: PostgresSession) throws -> Int {
        try session.execute(
            """
            DELETE FROM used_assertion WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM used_assertion WHERE expires_at < $1 LIMIT $2))
            """,
            [.int(now.milliseconds - marginMilliseconds), .int(pruneCountMax)])
    }
}
