import ConsentCore
import Cryptography
import Model
import Postgres
import Tokens

/// Reads and writes decisions.
enum DecisionTable {
    /// A decision and when its token was first issued.
    struct Row: Sendable {
        let decision: AccessDecision
        let tokenIssuedAt: Timestamp?
    }

    private static let columns = """
        id, client, request_digest, patient, practitioner, organization, system, custodian, granted_purposes,
        resource_types, contracts, contract_versions, policies, data, patient_sentences, requester_sentence,
        decided_at, token_issued_at
        """

    /// Adds a decision.
    ///
    /// - Throws: a unique violation when the client's key was used in the meantime.
    static func insert(
        _ decision: AccessDecision, key: IdempotencyKey?, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            INSERT INTO decision (\(columns), idempotency_key) VALUES
                ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, NULL, $18)
            """,
            [
                .uuid(decision.id.bytes), .uuid(decision.client.bytes), .bytes(decision.requestDigest.bytes),
                .uuid(decision.patient.bytes), .uuid(decision.practitioner.bytes),
                .uuid(decision.organization.bytes), decision.system.map { .uuid($0.bytes) } ?? .null,
                .uuid(decision.custodian.bytes), .textArray(decision.grantedPurposes),
                .textArray(decision.resourceTypes), .uuidArray(decision.contracts.map(\.id.bytes)),
                .bytesArray(decision.contracts.map(\.version.bytes)), .textArray(decision.policies),
                .bytes(try decision.data.canonicalBytes()), .textArray(decision.patientSentences),
                .text(decision.requesterSentence), .int(decision.decidedAt.milliseconds),
                key.map { .uuid($0.bytes) } ?? .null,
            ])
    }

    /// Finds a decision.
    static func find(_ id: EntryID, in session: PostgresSession) throws -> Row? {
        try session.query("SELECT \(columns) FROM decision WHERE id = $1", [.uuid(id.bytes)]).first.map(row)
    }

    /// Finds the decision that a client marked with a key.
    static func find(
        client: ParticipantID, key: IdempotencyKey, in session: PostgresSession
    ) throws -> Row? {
        try session.query(
            "SELECT \(columns) FROM decision WHERE client = $1 AND idempotency_key = $2",
            [.uuid(client.bytes), .uuid(key.bytes)]
        ).first.map(row)
    }

    /// Gives a patient's newest decisions, the newest first.
    static func newest(
        of patient: ParticipantID, countMax: Int, in session: PostgresSession
    ) throws -> [AccessDecision] {
        try session.query(
            """
            SELECT \(columns) FROM decision WHERE patient = $1 ORDER BY decided_at DESC, id DESC LIMIT $2
            """,
            [.uuid(patient.bytes), .int(Int64(countMax))]
        ).map { try row($0).decision }
    }

    /// Fixes when the decision's token is issued; the caller holds the patient's row.
    static func noteIssue(of id: EntryID, at time: Timestamp, in session: PostgresSession) throws {
        try session.execute(
            "UPDATE decision SET token_issued_at = $2 WHERE id = $1 AND token_issued_at IS NULL",
            [.uuid(id.bytes), .int(time.milliseconds)])
    }

    private static func row(_ row: PostgresRow) throws -> Row {
        let system = try row.uuidOrNull(6)
        let versions = try row.bytesArray(11)
        let contracts = try zip(try row.uuidArray(10), versions).map { id, version in
            guard let id = ContractID(id), let version = Digest(version) else {
                throw UnreadableRow.fault("decision")
            }
            return ContractReference(id: id, version: version)
        }
        guard let id = EntryID(try row.uuid(0)), let client = ParticipantID(try row.uuid(1)),
            let digest = Digest(try row.bytes(2)), let patient = ParticipantID(try row.uuid(3)),
            let practitioner = ParticipantID(try row.uuid(4)),
            let organization = ParticipantID(try row.uuid(5)), let custodian = ParticipantID(try row.uuid(7))
        else { throw UnreadableRow.fault("decision") }
        let decision = AccessDecision(
            id: id, client: client, requestDigest: digest, patient: patient, practitioner: practitioner,
            organization: organization, system: system.flatMap { ParticipantID($0) }, custodian: custodian,
            grantedPurposes: try row.textArray(8), resourceTypes: try row.textArray(9), contracts: contracts,
            policies: try row.textArray(12), data: try JSONValue(parsing: try row.bytes(13)),
            patientSentences: try row.textArray(14), requesterSentence: try row.text(15),
            decidedAt: Timestamp(milliseconds: try row.int(16)))
        return Row(
            decision: decision, tokenIssuedAt: try row.intOrNull(17).map { Timestamp(milliseconds: $0) })
    }
}
