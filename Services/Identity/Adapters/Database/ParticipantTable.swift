import Cryptography
import IdentityCore
import Messaging
import Model
import Postgres
import Tokens

/// Reads and writes the register of participants.
struct ParticipantTable: Sendable {
    let eventStore: EventStore

    /// Finds a participant and how far the enrolment has come.
    func find(_ id: ParticipantID, in session: PostgresSession) throws -> RegisteredParticipant? {
        let rows = try session.query(
            """
            SELECT kind, organization, signing_key, enrolment_mark, event_id FROM participant WHERE id = $1
            """,
            [.uuid(id.bytes)])
        guard let row = rows.first else { return nil }
        let organization = try row.uuidOrNull(1)
        let signingKey = try row.bytesOrNull(2)
        guard let kind = ParticipantKind(rawValue: try row.text(0)), let mark = Digest(try row.bytes(3)),
            let event = EntryID(try row.uuid(4))
        else {
            throw PostgresFault(
                reason: .unreadable, message: "a row of the participant table cannot be read: restore it")
        }
        let finality = try eventStore.finality(of: event, in: session)
        return RegisteredParticipant(
            id: id, kind: kind, organization: organization.flatMap { ParticipantID($0) },
            signingKey: try signingKey.map { try PublicSigningKey($0) }, event: event, enrolmentMark: mark,
            isFinal: finality?.isFinal == true)
    }

    /// Says whether another participant has the key.
    func isTaken(
        _ key: PublicSigningKey, byOtherThan id: ParticipantID, in session: PostgresSession
    ) throws -> Bool {
        let rows = try session.query(
            "SELECT 1 FROM participant WHERE signing_key = $1 AND id <> $2",
            [.bytes(key.bytes), .uuid(id.bytes)])
        return !rows.isEmpty
    }

    /// Adds a participant.
    ///
    /// - Throws: a unique violation when the id or the key was added in the meantime.
    func insert(
        _ participant: EnrolledParticipant, mark: Digest, event: EntryID, in session: PostgresSession
    ) throws {
        _ = try session.execute(
            """
            INSERT INTO participant (id, kind, organization, signing_key, enrolment_mark, event_id)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [
                .uuid(participant.id.bytes), .text(participant.kind.rawValue),
                participant.organization.map { .uuid($0.bytes) } ?? .null,
                participant.signingKey.map { .bytes($0.bytes) } ?? .null, .bytes(mark.bytes),
                .uuid(event.bytes),
            ])
    }
}
