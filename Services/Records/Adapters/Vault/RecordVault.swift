import Cryptography
import Model
import Postgres
import RecordsCore

/// Seals and opens content: root key, patient key, data key, each wrapped by the one before.
///
/// Keys live in guarded memory and only for as long as a transaction needs them.
struct RecordVault: Sendable {
    let rootKey: SecretKey
    let networkID: Digest

    /// A patient's key, unwrapped.
    struct PatientKey: Sendable {
        let id: PatientKeyID
        let key: SecretKey
    }

    /// A version as it is stored.
    struct SealedRecord: Sendable {
        let wrappedKey: [UInt8]
        let content: [UInt8]
    }

    /// Gives a patient's key and makes it where there is none; the caller holds the patient's lock.
    func findOrMakeKey(of patient: ParticipantID, in session: PostgresSession) throws -> PatientKey {
        if let key = try findKey(of: patient, in: session) { return key }
        // Sixteen random bytes always make an id.
        let id = PatientKeyID(Random.bytes(16))!
        let wrapped = rootKey.sealSecret(
            SecretBytes(byteCount: SecretKey.byteCount),
            associatedData: PatientBinding.ofKey(networkID: networkID, patient: patient, key: id))
        try session.execute(
            """
            INSERT INTO patient_key (patient, id, wrapped) VALUES ($1, $2, $3)
            ON CONFLICT (patient) DO NOTHING
            """,
            [.uuid(patient.bytes), .uuid(id.bytes), .bytes(wrapped)])
        // Another transaction may have been first; what the table holds is what counts.
        guard let key = try findKey(of: patient, in: session) else {
            throw VaultFault(
                code: .keyMissing, sentence: "the key of a patient was not kept; restore the table")
        }
        return key
    }

    /// Gives a patient's key; nil where there is none.
    ///
    /// - Throws: `VaultFault` when the root key does not open it.
    func findKey(of patient: ParticipantID, in session: PostgresSession) throws -> PatientKey? {
        let rows = try session.query(
            "SELECT id, wrapped FROM patient_key WHERE patient = $1", [.uuid(patient.bytes)])
        guard let row = rows.first, let id = PatientKeyID(try row.uuid(0)) else { return nil }
        let binding = PatientBinding.ofKey(networkID: networkID, patient: patient, key: id)
        do throws(CryptographyError) {
            let secret = try rootKey.openSecret(try wrapped(row), associatedData: binding)
            return PatientKey(id: id, key: SecretKey(secret))
        } catch {
            throw VaultFault(
                code: .keyRefused,
                sentence: "the root key does not open a patient's key; check CONSENTRY_KEYS")
        }
    }

    private func wrapped(_ row: PostgresRow) throws(CryptographyError) -> [UInt8] {
        // An unreadable column is answered as a box that does not open.
        (try? row.bytes(1)) ?? []
    }

    /// Seals a content under a fresh key of its own.
    func seal(_ content: [UInt8], at place: RecordBinding, with patientKey: PatientKey) -> SealedRecord {
        let secret = SecretBytes(byteCount: SecretKey.byteCount)
        let wrappedKey = patientKey.key.sealSecret(secret, associatedData: place.ofDataKey)
        return SealedRecord(
            wrappedKey: wrappedKey,
            content: SecretKey(secret).seal(content, associatedData: place.ofContent))
    }

    /// Opens a content in its own place.
    ///
    /// - Throws: `VaultFault` when key or content belong to another place or were changed.
    func open(
        _ record: SealedRecord, at place: RecordBinding, with patientKey: PatientKey
    ) throws(VaultFault) -> [UInt8] {
        do throws(CryptographyError) {
            let secret = try patientKey.key.openSecret(record.wrappedKey, associatedData: place.ofDataKey)
            return try SecretKey(secret).open(record.content, associatedData: place.ofContent)
        } catch {
            throw VaultFault(
                code: .contentRefused,
                sentence: "version `\(place.version)` does not open in its place; restore the table")
        }
    }
}

/// Says why the vault does not open something; never carries content.
struct VaultFault: Error, Hashable, Sendable, CustomStringConvertible {
    enum Code: String, Hashable, Sendable {
        case keyMissing
        case keyRefused
        case contentRefused
    }

    let code: Code
    let sentence: String

    var description: String { "\(code.rawValue): \(sentence)" }
}
