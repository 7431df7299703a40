import Cryptography
import Model
import Postgres
import Tokens

/// Counts each token's refusals on all replicas together, until the token has expired.
enum RefusalTable {
    /// How long after a token's end its count is kept: clocks differ, and no replica may start it again.
    private static let marginMilliseconds: Int64 = 600_000
    /// Rows that one round of pruning deletes, so that it never holds many locks.
    private static let pruneCountMax: Int64 = 10_000

    /// Counts one more refusal of a token; returns how many there are with it.
    static func count(_ token: RecordAccessToken, in session: PostgresSession) throws -> Int {
        let rows = try session.query(
            """
            INSERT INTO token_refusal (token, refusal_count, expires_at) VALUES ($1, 1, $2)
            ON CONFLICT (token) DO UPDATE SET refusal_count = token_refusal.refusal_count + 1
            RETURNING refusal_count
            """,
            [.bytes(SHA256.hash(Array(token.id.utf8)).bytes), .int(token.expiresAt.milliseconds)])
        return Int(try rows[0].int(0))
    }

    /// Deletes some of the counts of tokens that no replica takes any more; returns how many.
    static func prune(now: Timestamp, in session: PostgresSession) throws -> Int {
        try session.execute(
            """
            DELETE FROM token_refusal WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM token_refusal WHERE expires_at < $1 LIMIT $2))
            """,
            [.int(now.milliseconds - marginMilliseconds), .int(pruneCountMax)])
    }
}
