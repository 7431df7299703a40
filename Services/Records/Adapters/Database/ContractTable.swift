import ConsentEngine
import Cryptography
import Model
import Postgres
import RecordsCore
import Tokens

/// The view of contracts and of their revocations.
struct ContractTable: Sendable {
    /// Contracts in force of one patient that a read looks at; more than anybody signs.
    static let countMax = 256

    let vault: RecordVault
    let registry: CustodianRegistry

    /// Adds a contract that is final, or one that denies something and is known; finality may follow.
    func insert(
        _ reference: ContractReference, of patient: ParticipantID, document: [UInt8], isFinal: Bool,
        in session: PostgresSession
    ) throws {
        let key = try vault.findOrMakeKey(of: patient, in: session)
        let sealed = key.key.seal(document, associatedData: binding(reference, patient))
        try session.execute(
            """
            INSERT INTO contract (id, version, patient, sealed_document, is_final)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (id, version) DO UPDATE SET is_final = contract.is_final OR excluded.is_final
            """,
            [
                .uuid(reference.id.bytes), .bytes(reference.version.bytes), .uuid(patient.bytes),
                .bytes(sealed), .bool(isFinal),
            ])
    }

    /// Revokes a contract in all its versions; the caller holds the patient's lock.
    func revoke(
        _ contract: ContractID, of patient: ParticipantID, event: EntryID, isFinal: Bool,
        in session: PostgresSession
    ) throws {
        try session.execute(
            """
            INSERT INTO revocation (contract, patient, event_id, is_final) VALUES ($1, $2, $3, $4)
            ON CONFLICT (contract) DO UPDATE SET is_final = revocation.is_final OR excluded.is_final
            """,
            [.uuid(contract.bytes), .uuid(patient.bytes), .uuid(event.bytes), .bool(isFinal)])
    }

    /// Gives the contracts of a patient that were revoked, pending revocations included.
    func revoked(of patient: ParticipantID, in session: PostgresSession) throws -> Set<ContractID> {
        let rows = try session.query(
            "SELECT contract FROM revocation WHERE patient = $1", [.uuid(patient.bytes)])
        return Set(try rows.compactMap { ContractID(try $0.uuid(0)) })
    }

    /// Gives the contracts of a patient without a final revocation, compiled from their signed bytes.
    ///
    /// INVARIANT: a denial counts until its revocation is final; a permit ends with the pending one, which
    /// `revoked` gives.
    /// One that does not open or compile is given without its evaluation form, which releases nothing.
    func inForce(
        of patient: ParticipantID, key: RecordVault.PatientKey?, in session: PostgresSession
    ) throws -> [ReleaseFacts.Contract] {
        let rows = try session.query(
            """
            SELECT id, version, sealed_document, is_final FROM contract
            WHERE patient = $1
                AND NOT EXISTS (
                    SELECT 1 FROM revocation WHERE revocation.contract = contract.id AND revocation.is_final)
            LIMIT $2
            """,
            [.uuid(patient.bytes), .int(Int64(Self.countMax + 1))])
        // INVARIANT: no denial is ever cut off; a patient with more contracts is refused as unreadable.
        let isWhole = rows.count <= Self.countMax
        return try rows.map { row in
            guard let id = ContractID(try row.uuid(0)), let version = Digest(try row.bytes(1)) else {
                throw PostgresFault(
                    reason: .unreadable, message: "a row of the contract table cannot be read: restore it")
            }
            let reference = ContractReference(id: id, version: version)
            let sealed = try row.bytes(2)
            let compiled = isWhole ? compile(reference, of: patient, sealed: sealed, key: key) : nil
            return ReleaseFacts.Contract(
                reference: reference, compiled: compiled, isFinal: try row.bool(3))
        }
    }

    private func compile(
        _ reference: ContractReference, of patient: ParticipantID, sealed: [UInt8],
        key: RecordVault.PatientKey?
    ) -> CompiledContract? {
        guard let key, let document = try? key.key.open(sealed, associatedData: binding(reference, patient)),
            SHA256.hash(document) == reference.version, let consent = try? JSONValue(parsing: document)
        else { return nil }
        return try? ContractCompiler.compile(
            consent, id: reference.id.description, version: reference.version.hex,
            registry: registry)
    }

    private func binding(_ reference: ContractReference, _ patient: ParticipantID) -> [UInt8] {
        PatientBinding.ofContract(
            networkID: vault.networkID, patient: patient, contract: reference.id, version: reference.version)
    }
}
