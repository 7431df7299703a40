import Cryptography
import Model
import Postgres
import RecordsCore

/// The view of decisions, each kept for as long as a token may name it.
struct DecisionTable: Sendable {
    /// How long a decision is kept: longer than any token of it is valid, clocks that differ included.
    static let ageMillisecondsMax: Int64 = 3_600_000
    /// Rows that one round of pruning deletes, so that it never holds many locks.
    private static let pruneCountMax: Int64 = 10_000

    let vault: RecordVault

    /// Adds a decision that is final; once is enough.
    func insert(
        _ id: EntryID, of patient: ParticipantID, index: UInt64, at time: Timestamp, data: JSONValue,
        in session: PostgresSession
    ) throws {
        let key = try vault.findOrMakeKey(of: patient, in: session)
        let sealed = key.key.seal(data.encoded(), associatedData: binding(id, patient, index))
        try session.execute(
            """
            INSERT INTO decision (id, patient, entry_index, decided_at, sealed_data)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            """,
            [
                .uuid(id.bytes), .uuid(patient.bytes), .int(Int64(bitPattern: index)),
                .int(time.milliseconds),
                .bytes(sealed),
            ])
    }

    /// Says whether a decision has arrived.
    func contains(_ id: EntryID, in session: PostgresSession) throws -> Bool {
        try !session.query("SELECT 1 FROM decision WHERE id = $1", [.uuid(id.bytes)]).isEmpty
    }

    /// Gives a decision about a patient; nil when it has not arrived or cannot be read.
    func find(
        _ id: EntryID, of patient: ParticipantID, key: RecordVault.PatientKey?, in session: PostgresSession
    ) throws -> RecordedDecision? {
        let rows = try session.query(
            "SELECT entry_index, sealed_data FROM decision WHERE id = $1 AND patient = $2",
            [.uuid(id.bytes), .uuid(patient.bytes)])
        guard let row = rows.first, let key else { return nil }
        let index = UInt64(bitPattern: try row.int(0))
        let bytes = try key.key.open(try row.bytes(1), associatedData: binding(id, patient, index))
        return RecordedDecision(
            id: id, entryIndex: index, subject: patient, data: try JSONValue(parsing: bytes))
    }

    /// Deletes some of the decisions that no token can name any more; returns how many.
    static func prune(now: Timestamp, in session: PostgresSession) throws -> Int {
        try session.execute(
            """
            DELETE FROM decision WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM decision WHERE decided_at < $1 LIMIT $2))
            """,
            [.int(now.milliseconds - ageMillisecondsMax), .int(pruneCountMax)])
    }

    private func binding(_ id: EntryID, _ patient: ParticipantID, _ index: UInt64) -> [UInt8] {
        PatientBinding.ofDecision(networkID: vault.networkID, patient: patient, decision: id, index: index)
    }
}
