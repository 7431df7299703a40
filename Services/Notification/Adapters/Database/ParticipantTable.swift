import Model
import NotificationCore
import Postgres
import Tokens

/// Keeps the names of those of whom notices speak.
struct ParticipantTable: Sendable {
    let keys: NotificationKeys

    /// Adds a participant; one that is there stays as it is.
    func insert(_ id: ParticipantID, _ participant: KnownParticipant, in session: PostgresSession) throws {
        try session.execute(
            "INSERT INTO participant (id, kind, sealed_name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [
                .uuid(id.bytes), .text(participant.kind.rawValue),
                .bytes(keys.seal(name: participant.name, of: id)),
            ])
    }

    /// Finds those participants who are known.
    func find(
        _ ids: Set<ParticipantID>, in session: PostgresSession
    ) throws -> [ParticipantID: KnownParticipant] {
        guard !ids.isEmpty else { return [:] }
        let rows = try session.query(
            "SELECT id, kind, sealed_name FROM participant WHERE id = ANY($1)",
            [.uuidArray(ids.map(\.bytes))])
        var found: [ParticipantID: KnownParticipant] = [:]
        for row in rows {
            guard let id = ParticipantID(try row.uuid(0)),
                let kind = ParticipantKind(rawValue: try row.text(1))
            else { continue }
            found[id] = KnownParticipant(kind: kind, name: try keys.openName(try row.bytes(2), of: id))
        }
        return found
    }
}
