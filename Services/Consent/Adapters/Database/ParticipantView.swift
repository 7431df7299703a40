import ConsentCore
import Cryptography
import Model
import Postgres
import Tokens

/// Reads and writes this service's view of the participants, and locks a patient's row.
enum ParticipantView {
    /// Finds those of the participants that the view knows.
    static func find(
        _ ids: [ParticipantID], in session: PostgresSession
    ) throws -> [ParticipantID: KnownParticipant] {
        guard !ids.isEmpty else { return [:] }
        let rows = try session.query(
            "SELECT id, kind, organization, signing_key, authority FROM participant WHERE id = ANY($1)",
            [.uuidArray(ids.map(\.bytes))])
        var found: [ParticipantID: KnownParticipant] = [:]
        for row in rows {
            let participant = try participant(row)
            found[participant.id] = participant
        }
        return found
    }

    /// Locks a patient's row until the transaction ends; nil when the view does not know the id.
    ///
    /// INVARIANT: every statement that reads or changes contracts or decisions of the patient comes after it.
    static func lock(_ patient: ParticipantID, in session: PostgresSession) throws -> KnownParticipant? {
        try session.query(
            "SELECT id, kind, organization, signing_key, authority FROM participant WHERE id = $1 FOR UPDATE",
            [.uuid(patient.bytes)]
        ).first.map(participant)
    }

    /// Adds a participant; an id is enrolled once, so a repetition changes nothing.
    static func insert(
        _ participant: KnownParticipant, event: EntryID, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            INSERT INTO participant (id, kind, organization, signing_key, authority, event_id)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
            """,
            [
                .uuid(participant.id.bytes), .text(participant.kind.rawValue),
                participant.organization.map { .uuid($0.bytes) } ?? .null,
                participant.signingKey.map { .bytes($0.bytes) } ?? .null,
                participant.authority.map { .text($0) } ?? .null, .uuid(event.bytes),
            ])
    }

    private static func participant(_ row: PostgresRow) throws -> KnownParticipant {
        let organization = try row.uuidOrNull(2)
        let key = try row.bytesOrNull(3)
        guard let id = ParticipantID(try row.uuid(0)), let kind = ParticipantKind(rawValue: try row.text(1))
        else { throw UnreadableRow.fault("participant") }
        return KnownParticipant(
            id: id, kind: kind, organization: organization.flatMap { ParticipantID($0) },
            signingKey: try key.map { try PublicSigningKey($0) }, authority: try row.textOrNull(4))
    }
}

/// Names the table whose row cannot be read back.
enum UnreadableRow {
    static func fault(_ table: String) -> PostgresFault {
        PostgresFault(
            reason: .unreadable, message: "a row of the table `\(table)` cannot be read: restore it")
    }
}
