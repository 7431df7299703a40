import Model
import Postgres

/// The rows that releases and revocations lock.
enum PatientTable {
    /// Locks a patient against every other writer and reader until the transaction ends.
    ///
    /// Under READ COMMITTED every statement after this one sees what the holder before has committed.
    static func lockAlone(_ patient: ParticipantID, in session: PostgresSession) throws {
        try add(patient, in: session)
        _ = try session.query("SELECT id FROM patient WHERE id = $1 FOR UPDATE", [.uuid(patient.bytes)])
    }

    /// Locks a patient against writers; reads of the same patient go on side by side.
    static func lockShared(_ patient: ParticipantID, in session: PostgresSession) throws {
        try add(patient, in: session)
        _ = try session.query("SELECT id FROM patient WHERE id = $1 FOR SHARE", [.uuid(patient.bytes)])
    }

    private static func add(_ patient: ParticipantID, in session: PostgresSession) throws {
        try session.execute(
            "INSERT INTO patient (id) VALUES ($1) ON CONFLICT DO NOTHING", [.uuid(patient.bytes)])
    }
}
