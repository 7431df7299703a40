import ConsentCore
import ConsentEngine
import Cryptography
import Messaging
import Model
import Postgres
import Tokens

/// Reads and writes contracts, their versions and the nonces of their messages.
struct ContractTable: Sendable {
    let eventStore: EventStore
    let registry: CustodianRegistry

    /// Finds what a patient's nonce was used for.
    func usedNonce(
        _ nonce: ConsentNonce, of patient: ParticipantID, in session: PostgresSession
    ) throws -> UsedNonce? {
        let rows = try session.query(
            "SELECT version, contract, number FROM consent_nonce WHERE patient = $1 AND nonce = $2",
            [.uuid(patient.bytes), .uuid(nonce.bytes)])
        guard let row = rows.first else { return nil }
        guard let version = Digest(try row.bytes(0)), let contract = ContractID(try row.uuid(1)) else {
            throw UnreadableRow.fault("consent_nonce")
        }
        return UsedNonce(version: version, contract: contract, number: Int(try row.int(2)))
    }

    /// Counts the patient's contracts that are not revoked, at the organisation where there are most.
    func standingCount(
        of patient: ParticipantID, at custodians: [ParticipantID], in session: PostgresSession
    ) throws -> Int {
        let rows = try session.query(
            """
            SELECT coalesce(max(n), 0) FROM (
                SELECT count(*) AS n FROM contract, unnest(custodians) AS custodian
                WHERE patient = $1 AND revoked_event IS NULL AND NOT revoked_final
                    AND custodian = ANY($2)
                GROUP BY custodian) AS counts
            """,
            [.uuid(patient.bytes), .uuidArray(custodians.map(\.bytes))])
        return try rows.first.map { Int(try $0.int(0)) } ?? 0
    }

    /// Finds a version of a contract, the newest unless one is named.
    func find(
        _ id: ContractID, number: Int? = nil, in session: PostgresSession
    ) throws -> ContractState? {
        let rows = try session.query(
            """
            SELECT c.patient, v.number, v.version, v.document, c.revoked_event IS NOT NULL, v.event_id
            FROM contract c JOIN contract_version v ON v.contract = c.id
            WHERE c.id = $1 AND ($2 = 0 OR v.number = $2) ORDER BY v.number DESC LIMIT 1
            """,
            [.uuid(id.bytes), .int(Int64(number ?? 0))])
        guard let row = rows.first else { return nil }
        guard let patient = ParticipantID(try row.uuid(0)), let version = Digest(try row.bytes(2)),
            let event = EntryID(try row.uuid(5))
        else { throw UnreadableRow.fault("contract_version") }
        return ContractState(
            id: id, patient: patient, number: Int(try row.int(1)), version: version,
            document: try row.bytes(3), isRevoked: try row.bool(4), event: event)
    }

    /// Finds the contracts that bind the custodian and have no final revocation; the caller holds the
    /// patient's row.
    func standing(
        of patient: ParticipantID, at custodian: ParticipantID, in session: PostgresSession
    ) throws -> [HeldContract] {
        let rows = try session.query(
            """
            SELECT c.id, v.version, v.document, c.granted_final, c.granted_event, c.revoked_event
            FROM contract c JOIN contract_version v ON v.contract = c.id AND v.number = 1
            WHERE c.patient = $1 AND NOT c.revoked_final AND $2 = ANY(c.custodians) ORDER BY c.id
            """,
            [.uuid(patient.bytes), .uuid(custodian.bytes)])
        return try rows.compactMap { row in
            guard let id = ContractID(try row.uuid(0)), let version = Digest(try row.bytes(1)),
                let event = EntryID(try row.uuid(4))
            else { throw UnreadableRow.fault("contract") }
            let revoked = try row.uuidOrNull(5).flatMap { EntryID($0) }
            if let revoked, try noteFinality(.revocation, of: id, event: revoked, in: session) { return nil }
            let document = try row.bytes(2)
            // INVARIANT: what decides is what was signed; a changed row decides nothing.
            guard SHA256.hash(document) == version else { throw UnreadableRow.fault("contract_version") }
            let isFinal =
                try row.bool(3) ? true : try noteFinality(.grant, of: id, event: event, in: session)
            return HeldContract(
                reference: ContractReference(id: id, version: version),
                compiled: try ContractCompiler.compile(
                    JSONValue(parsing: document), id: id.description, version: version.hex,
                    registry: registry),
                isFinal: isFinal, isRevoked: revoked != nil)
        }
    }

    /// Stores a new contract, its first version and its nonce.
    func insert(
        _ made: ContractMade, custodians: [ParticipantID], event: EntryID, at now: Timestamp,
        in session: PostgresSession
    ) throws {
        try session.execute(
            "INSERT INTO contract (id, patient, custodians, granted_event) VALUES ($1, $2, $3, $4)",
            [
                .uuid(made.contract.bytes), .uuid(made.message.patient.bytes),
                .uuidArray(custodians.map(\.bytes)), .uuid(event.bytes),
            ])
        try insertVersion(
            of: made.contract, number: 1, made.message, event: event, at: now, in: session)
    }

    /// Stores a revocation; a permit counts no more from its commit on, a denial once it is final.
    func insert(
        _ revoked: ContractRevoked, event: EntryID, at now: Timestamp, in session: PostgresSession
    ) throws {
        try session.execute(
            "UPDATE contract SET revoked_event = $2 WHERE id = $1",
            [.uuid(revoked.contract.bytes), .uuid(event.bytes)])
        try insertVersion(
            of: revoked.contract, number: revoked.number, revoked.message, event: event, at: now, in: session)
    }

    private func insertVersion(
        of contract: ContractID, number: Int, _ message: SignedConsent, event: EntryID, at now: Timestamp,
        in session: PostgresSession
    ) throws {
        try session.execute(
            """
            INSERT INTO contract_version
                (contract, number, document, version, nonce, signature, event_id, accepted_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .uuid(contract.bytes), .int(Int64(number)), .bytes(message.body),
                .bytes(message.version.bytes), .uuid(message.nonce.bytes), .bytes(message.signature.bytes),
                .uuid(event.bytes), .int(now.milliseconds),
            ])
        try session.execute(
            """
            INSERT INTO consent_nonce (patient, nonce, version, contract, number)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [
                .uuid(message.patient.bytes), .uuid(message.nonce.bytes), .bytes(message.version.bytes),
                .uuid(contract.bytes), .int(Int64(number)),
            ])
    }

    /// The two events of a contract, by the column that remembers the finality of each.
    private enum Milestone: String {
        case grant = "granted_final"
        case revocation = "revoked_final"
    }

    /// Asks whether a contract's event is final, and remembers it, since finality never ends.
    private func noteFinality(
        _ milestone: Milestone, of contract: ContractID, event: EntryID, in session: PostgresSession
    ) throws -> Bool {
        guard try eventStore.finality(of: event, in: session)?.isFinal == true else { return false }
        try session.execute(
            "UPDATE contract SET \(milestone.rawValue) = true WHERE id = $1", [.uuid(contract.bytes)])
        return true
    }
}
