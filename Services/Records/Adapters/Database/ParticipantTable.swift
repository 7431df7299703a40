import Model
import Postgres
import Tokens

/// The view of who is enrolled.
enum ParticipantTable {
    /// Says what a participant is; nil when the enrolment has not arrived.
    static func kind(of id: ParticipantID, in session: PostgresSession) throws -> ParticipantKind? {
        let rows = try session.query("SELECT kind FROM participant WHERE id = $1", [.uuid(id.bytes)])
        return try rows.first.flatMap { ParticipantKind(rawValue: try $0.text(0)) }
    }

    /// Adds a participant; once is enough.
    static func insert(_ id: ParticipantID, _ kind: ParticipantKind, in session: PostgresSession) throws {
        try session.execute(
            "INSERT INTO participant (id, kind) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [.uuid(id.bytes), .text(kind.rawValue)])
    }
}
