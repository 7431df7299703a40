import Cryptography
import Model
import Postgres
import RecordsCore

/// Reads and writes the versions of resources.
struct RecordTable: Sendable {
    let vault: RecordVault

    /// A version without its content.
    struct Listing: Sendable {
        let key: ResourceKey
        let version: RecordVersionID
        /// The sealed content's length, which exceeds the content's by a constant.
        let byteCount: Int
    }

    /// Gives the newest versions of these resources; the caller holds the patient's lock.
    func current(
        _ resources: [ResourceKey], of patient: ParticipantID, custodian: ParticipantID,
        in session: PostgresSession
    ) throws -> [ResourceKey: StoreBundle.CurrentVersion] {
        let rows = try session.query(
            """
            SELECT given.type, given.id, record_version.version, record_version.mark
            FROM unnest($3, $4) AS given(type, id)
            JOIN record_version ON record_version.patient = $1 AND record_version.custodian = $2
                AND record_version.type = given.type AND record_version.resource_id = given.id
            WHERE record_version.is_current
            """,
            [
                .uuid(patient.bytes), .uuid(custodian.bytes), .textArray(resources.map(\.type)),
                .textArray(resources.map(\.id)),
            ])
        var current: [ResourceKey: StoreBundle.CurrentVersion] = [:]
        for row in rows {
            guard let version = RecordVersionID(try row.uuid(2)), let mark = Digest(try row.bytes(3)) else {
                throw Self.unreadable
            }
            let key = ResourceKey(type: try row.text(0), id: try row.text(1))
            current[key] = StoreBundle.CurrentVersion(version: version, mark: mark)
        }
        return current
    }

    /// Adds new versions with one statement and sets those that they supersede aside with another.
    func insert(
        _ placements: [StoreBundle.Placement], of command: StoreBundle, key: RecordVault.PatientKey,
        at now: Timestamp, in session: PostgresSession
    ) throws {
        guard !placements.isEmpty else { return }
        let superseded = placements.filter(\.supersedes).map(\.key)
        if !superseded.isEmpty {
            try session.execute(
                """
                UPDATE record_version SET is_current = false FROM unnest($3, $4) AS given(type, id)
                WHERE patient = $1 AND custodian = $2 AND record_version.type = given.type
                    AND resource_id = given.id AND is_current
                """,
                [
                    .uuid(command.patient.bytes), .uuid(command.custodian.bytes),
                    .textArray(superseded.map(\.type)), .textArray(superseded.map(\.id)),
                ])
        }
        let sealed = placements.map { placement in
            vault.seal(
                Array(command.bundle.bytes[placement.range]),
                at: place(
                    placement.key, placement.version, of: command.patient, custodian: command.custodian,
                    key: key.id),
                with: key)
        }
        try session.execute(
            """
            INSERT INTO record_version (version, patient, custodian, type, resource_id, is_current,
                stored_at, key_id, mark, wrapped_key, content)
            SELECT given.version, $1, $2, given.type, given.id, true, $3, $4, given.mark, given.wrapped,
                given.content
            FROM unnest($5, $6, $7, $8, $9, $10) AS given(version, type, id, mark, wrapped, content)
            """,
            [
                .uuid(command.patient.bytes), .uuid(command.custodian.bytes), .int(now.milliseconds),
                .uuid(key.id.bytes), .uuidArray(placements.map(\.version.bytes)),
                .textArray(placements.map(\.key.type)), .textArray(placements.map(\.key.id)),
                .bytesArray(placements.map(\.mark.bytes)), .bytesArray(sealed.map(\.wrappedKey)),
                .bytesArray(sealed.map(\.content)),
            ])
    }

    /// Lists the newest versions of a patient's resources at a custodian, in byte order of type and id.
    ///
    /// - Parameter types: the types to list; nil for all.
    func list(
        of patient: ParticipantID, custodian: ParticipantID, types: Set<String>?, countMax: Int,
        in session: PostgresSession
    ) throws -> [Listing] {
        let rows = try session.query(
            """
            SELECT type, resource_id, version, octet_length(content) FROM record_version
            WHERE patient = $1 AND custodian = $2 AND is_current AND ($3 OR type = ANY($4))
            ORDER BY type, resource_id LIMIT $5
            """,
            [
                .uuid(patient.bytes), .uuid(custodian.bytes), .bool(types == nil),
                .textArray((types ?? []).sorted()), .int(Int64(countMax)),
            ])
        return try rows.map(Self.listing)
    }

    /// Finds the newest version of one resource.
    func find(
        _ resource: ResourceKey, of patient: ParticipantID, custodian: ParticipantID,
        in session: PostgresSession
    ) throws -> Listing? {
        try session.query(
            """
            SELECT type, resource_id, version, octet_length(content) FROM record_version
            WHERE patient = $1 AND custodian = $2 AND is_current AND type = $3 AND resource_id = $4
            """,
            [.uuid(patient.bytes), .uuid(custodian.bytes), .text(resource.type), .text(resource.id)]
        ).first.map(Self.listing)
    }

    /// Opens the content of listed versions, each in the place where the listing says that it belongs.
    ///
    /// - Throws: `VaultFault` when one was changed or moved; nothing is returned then.
    func contents(
        of listings: [Listing], patient: ParticipantID, custodian: ParticipantID,
        key: RecordVault.PatientKey?,
        in session: PostgresSession
    ) throws -> [SearchsetBundle.Resource] {
        guard !listings.isEmpty else { return [] }
        guard let key else {
            throw VaultFault(
                code: .keyMissing, sentence: "a patient has records and no key; restore the table")
        }
        let rows = try session.query(
            "SELECT version, wrapped_key, content FROM record_version WHERE version = ANY($1)",
            [.uuidArray(listings.map(\.version.bytes))])
        var sealed: [RecordVersionID: RecordVault.SealedRecord] = [:]
        for row in rows {
            guard let version = RecordVersionID(try row.uuid(0)) else { throw Self.unreadable }
            sealed[version] = RecordVault.SealedRecord(
                wrappedKey: try row.bytes(1), content: try row.bytes(2))
        }
        return try listings.map { listing in
            guard let record = sealed[listing.version] else { throw Self.unreadable }
            let place = place(listing.key, listing.version, of: patient, custodian: custodian, key: key.id)
            return SearchsetBundle.Resource(
                key: listing.key, content: try vault.open(record, at: place, with: key))
        }
    }

    private func place(
        _ resource: ResourceKey, _ version: RecordVersionID, of patient: ParticipantID,
        custodian: ParticipantID,
        key: PatientKeyID
    ) -> RecordBinding {
        RecordBinding(
            networkID: vault.networkID, patient: patient, custodian: custodian, resource: resource,
            version: version, key: key)
    }

    private static func listing(_ row: PostgresRow) throws -> Listing {
        guard let version = RecordVersionID(try row.uuid(2)) else { throw unreadable }
        return Listing(
            key: ResourceKey(type: try row.text(0), id: try row.text(1)), version: version,
            byteCount: Int(try row.int(3)))
    }

    private static let unreadable = PostgresFault(
        reason: .unreadable, message: "a row of the record table cannot be read: restore it")
}
