import LedgerCore
import LedgerProtocol
import Model
import Postgres
import TransparencyLog

/// The tables of the witness, which follow from no block.
///
/// What was cosigned for other logs is held against the witness's memory outside the database; evidence and
/// the cosignatures of others must verify when they are first seen, and stay as they were seen.
struct WitnessTables: Sendable {
    private let settings: WitnessSettings
    private let memory: WitnessMemory
    private var evidence = RowAudit<WitnessEvidenceRow>()
    private var cosignatures = RowAudit<WitnessCosignatureRow>()

    init(settings: WitnessSettings, memory: WitnessMemory) {
        self.settings = settings
        self.memory = memory
    }

    /// Compares the tables with what they must hold and writes again what differs.
    ///
    /// - Parameter through: the height up to which the store holds every block.
    mutating func scrub(_ store: BlockStore, through: BlockHeight) async throws -> [StoreDamage] {
        let before = self
        let (after, damages) = try await store.pool.transaction { session in
            // Nobody writes meanwhile, so what is remembered and what is stored belong together.
            try session.execute(
                """
                LOCK TABLE witnessed_log, witness_evidence, witness_cosignature IN SHARE ROW EXCLUSIVE MODE
                """)
            var tables = before
            let damages =
                try tables.scrubLogs(session) + tables.scrubEvidence(session)
                + tables.scrubCosignatures(store.network.current, through: through, session)
            return (tables, damages)
        }
        self = after
        return damages
    }

    private func scrubLogs(_ session: PostgresSession) throws -> [StoreDamage] {
        let rows = try session.query("SELECT origin, size, root, note, cosignature FROM witnessed_log")
            .map { try WitnessedLogRow($0) }
        var missing = memory.rows
        var damages: [StoreDamage] = []
        for row in rows {
            let known = missing.removeValue(forKey: row.origin)
            guard row != known else { continue }
            if let known {
                try WitnessStore.write(known, session)
                damages += damage(known, "it is not what was cosigned last")
            } else if try !isAdopted(row) {
                try session.execute("DELETE FROM witnessed_log WHERE origin = $1", [.utf8(row.origin)])
                damages.append(
                    StoreDamage(
                        .witnessedLog, key: row.name, reason: "this witness did not cosign it",
                        remedy: .removed))
            }
        }
        for row in missing.values.sorted(by: { $0.name < $1.name }) {
            try WitnessStore.write(row, session)
            damages += damage(row, "the row is missing")
        }
        return damages
    }

    /// Takes a row of which the memory knows nothing, such as one that is older than the memory.
    private func isAdopted(_ row: WitnessedLogRow) throws -> Bool {
        // One who is no witness at present cannot judge what it did as one, and serves none of it.
        guard let cosigner = settings.cosigner else { return true }
        if row.isCosigned(by: cosigner.key) {
            try memory.remember(row)
            memory.settle(row.origin)
            return true
        }
        return row.isBlank && settings.logs.keys.contains { $0.utf8.elementsEqual(row.origin) }
    }

    private func damage(_ row: WitnessedLogRow, _ reason: String) -> [StoreDamage] {
        // A commit that failed after the memory was written is nobody's edit.
        if memory.isUnsettled(row.origin) {
            memory.settle(row.origin)
            return []
        }
        return [StoreDamage(.witnessedLog, key: row.name, reason: reason, remedy: .rewritten)]
    }

    private mutating func scrubEvidence(_ session: PostgresSession) throws -> [StoreDamage] {
        let rows = try session.query("SELECT \(WitnessEvidenceRow.columns) FROM witness_evidence")
            .map { try WitnessEvidenceRow($0) }
        let settings = settings
        let (removals, rewrites) = evidence.judge(rows) { row, known in
            guard known == nil else { return .refused }
            // One who is no witness at present knows no keys to judge by.
            guard settings.signer != nil else { return .believed }
            let keys = settings.logs.first { $0.key.utf8.elementsEqual(row.key.origin) }?.value
            return row.isEvidence(against: keys ?? []) ? .believed : .refused
        }
        for row in removals {
            try session.execute(
                "DELETE FROM witness_evidence WHERE origin = $1 AND held_size = $2 AND digest = $3",
                [.utf8(row.key.origin), .int(row.key.heldSize), .bytes(row.key.digest)])
        }
        for row in rewrites {
            try session.execute(
                """
                INSERT INTO witness_evidence (origin, held_size, digest, is_fork, held_note, request, at)
                VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz)
                """,
                [
                    .utf8(row.key.origin), .int(row.key.heldSize), .bytes(row.key.digest), .bool(row.isFork),
                    row.heldNote.map { .utf8($0) } ?? .null, .bytes(row.request), .utf8(row.storedAt),
                ])
        }
        return Self.damages(.witnessEvidence, removals, rewrites)
    }

    private mutating func scrubCosignatures(
        _ history: NetworkHistory, through: BlockHeight, _ session: PostgresSession
    ) throws -> [StoreDamage] {
        var checkpoints: [Int64: [UInt8]] = [:]
        let rows = try session.query(
            """
            SELECT witness, witness_cosignature.height, size, note, line, checkpoint
            FROM witness_cosignature LEFT JOIN block USING (height)
            """
        ).map { row in
            checkpoints[try row.int(1)] = try row.textOrNull(5).map { [UInt8]($0.utf8) }
            return WitnessCosignatureRow(
                key: [UInt8](try row.text(0).utf8), height: try row.int(1), size: try row.int(2),
                note: [UInt8](try row.text(3).utf8), line: [UInt8](try row.text(4).utf8))
        }
        let keys = settings.witnessKeys(history)
        let (removals, rewrites) = cosignatures.judge(rows) { row, known in
            // The only change that a row has: a newer checkpoint was cosigned.
            guard known.map({ row.height > $0.height }) ?? true else { return .refused }
            return row.verdict(
                witnesses: keys, checkpoint: checkpoints[row.height], through: through, history)
        }
        for row in removals {
            try session.execute("DELETE FROM witness_cosignature WHERE witness = $1", [.utf8(row.key)])
        }
        for row in rewrites {
            try session.execute(
                """
                INSERT INTO witness_cosignature (witness, height, size, note, line)
                VALUES ($1, $2, $3, $4, $5)
                """,
                [.utf8(row.key), .int(row.height), .int(row.size), .utf8(row.note), .utf8(row.line)])
        }
        return Self.damages(.witnessCosignature, removals, rewrites)
    }

    private static func damages<Row: RememberedRow>(
        _ table: StoreTable, _ removals: [Row], _ rewrites: [Row]
    ) -> [StoreDamage] {
        removals.map {
            StoreDamage(table, key: $0.name, reason: "it does not verify or was edited", remedy: .removed)
        }
            + rewrites.map {
                StoreDamage(
                    table, key: $0.name, reason: "the row is missing or was edited", remedy: .rewritten)
            }
    }
}
