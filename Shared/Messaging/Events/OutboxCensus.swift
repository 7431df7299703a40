import Model
import Postgres

/// What waits in the outbox at one moment.
struct OutboxCensus: Sendable {
    let count: Int
    let unsentCount: Int
    let oldestAgeMilliseconds: Int64
    let oldestUnsentAgeMilliseconds: Int64

    init(at now: Timestamp, in session: PostgresSession) throws {
        let counts = try session.query("SELECT count(*), count(*) FILTER (WHERE NOT sent) FROM outbox")
        count = Int(try counts[0].int(0))
        unsentCount = Int(try counts[0].int(1))
        oldestAgeMilliseconds = try Self.age(at: now, Self.oldest, session)
        oldestUnsentAgeMilliseconds = try Self.age(at: now, Self.oldestUnsent, session)
    }

    private static let oldest = """
        SELECT event.accepted_at FROM outbox JOIN event ON event.id = outbox.event_id
        ORDER BY outbox.id LIMIT 1
        """
    private static let oldestUnsent = """
        SELECT event.accepted_at FROM outbox JOIN event ON event.id = outbox.event_id
        WHERE NOT outbox.sent ORDER BY outbox.id LIMIT 1
        """

    private static func age(at now: Timestamp, _ statement: String, _ session: PostgresSession) throws
        -> Int64
    {
        guard let row = try session.query(statement).first else { return 0 }
        return max(0, now.milliseconds - (try row.int(0)))
    }
}
