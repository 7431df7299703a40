import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import Postgres

/// The tables that do not follow from blocks: what the schema is for, its migrations, and evidence.
struct SideTables: Sendable {
    /// When a migration was applied is nobody's business but its own, so it is remembered as first seen.
    private struct MigrationRow: Hashable {
        let component: String
        let version: Int64
        let name: String
        let digest: [UInt8]
        let appliedAt: String?
    }

    private static let component = "ledger"
    private var evidence = RowAudit<EvidenceRow>()
    private var appliedAt: [Int64: String] = [:]

    /// Compares the tables with what they must hold and writes again what differs.
    mutating func scrub(_ store: BlockStore) async throws -> [StoreDamage] {
        let before = self
        let (after, damages) = try await store.pool.transaction { session in
            try session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            var tables = before
            let damages =
                try Self.scrubBinding(store, session) + tables.scrubMigrations(session)
                + tables.scrubEvidence(store, session)
            return (tables, damages)
        }
        self = after
        return damages
    }

    private static func scrubBinding(
        _ store: BlockStore, _ session: PostgresSession
    ) throws -> [StoreDamage] {
        let binding: [PostgresValue] = [
            .bytes(store.genesis.networkID.bytes), .int(Int64(store.validator.value)),
        ]
        let counts = try session.query(
            """
            SELECT count(*), count(*) FILTER (WHERE singleton AND network_id = $1 AND validator = $2)
            FROM ledger
            """, binding
        )[0]
        guard try counts.int(0) != 1 || counts.int(1) != 1 else { return [] }
        try session.execute("DELETE FROM ledger")
        try session.execute("INSERT INTO ledger (network_id, validator) VALUES ($1, $2)", binding)
        return [
            StoreDamage(
                .ledger, key: "the only row", reason: "it names another network or validator, or is missing",
                remedy: .rewritten)
        ]
    }

    private mutating func scrubMigrations(_ session: PostgresSession) throws -> [StoreDamage] {
        let rows = try session.query(
            "SELECT component, version, name, digest, applied_at::text FROM schema_migration"
        ).map {
            MigrationRow(
                component: try $0.text(0), version: try $0.int(1), name: try $0.text(2),
                digest: try $0.bytes(3), appliedAt: try $0.text(4))
        }
        if appliedAt.isEmpty {
            for row in rows where row.component == Self.component { appliedAt[row.version] = row.appliedAt }
        }
        let expected = BlockStore.migrations.map {
            MigrationRow(
                component: Self.component, version: Int64($0.version), name: $0.name,
                digest: SHA256.hash([UInt8]($0.sql.utf8)).bytes, appliedAt: appliedAt[Int64($0.version)])
        }
        let strays = Set(rows).subtracting(expected)
        let missing = Set(expected).subtracting(rows)
        for row in strays {
            try session.execute(
                "DELETE FROM schema_migration WHERE component = $1 AND version = $2",
                [.text(row.component), .int(row.version)])
        }
        for row in missing {
            try session.execute(
                """
                INSERT INTO schema_migration (component, version, name, digest, applied_at)
                VALUES ($1, $2, $3, $4, coalesce($5::timestamptz, now()))
                """,
                [
                    .text(row.component), .int(row.version), .text(row.name), .bytes(row.digest),
                    row.appliedAt.map { .text($0) } ?? .null,
                ])
        }
        return strays.map {
            Self.damage($0, "it is no migration of this program as it was applied", .removed)
        }
            + missing.map { Self.damage($0, "the row is missing or was edited", .rewritten) }
    }

    private static func damage(
        _ row: MigrationRow, _ reason: String, _ remedy: StoreDamage.Remedy
    ) -> StoreDamage {
        StoreDamage(
            .migration, key: "component \(row.component), version \(row.version)", reason: reason,
            remedy: remedy)
    }

    private mutating func scrubEvidence(
        _ store: BlockStore, _ session: PostgresSession
    ) throws -> [StoreDamage] {
        // The writer stops at a number of rows; what an intruder adds beyond it is removed piece by piece.
        let rows = try session.query(
            """
            SELECT validator, height, round, step, first_vote, second_vote FROM evidence
            ORDER BY height, validator, round, step LIMIT $1
            """, [.int(2 * BlockStore.evidenceRowsMax)]
        ).map { row in
            EvidenceRow(
                key: try (0..<4).map { try row.int($0) }, first: try row.bytes(4), second: try row.bytes(5))
        }
        let history = store.network.current
        let (removals, rewrites) = evidence.judge(rows) { row, known in
            known == nil && row.isProof(to: history) ? .believed : .refused
        }
        for row in removals {
            try session.execute(
                "DELETE FROM evidence WHERE validator = $1 AND height = $2 AND round = $3 AND step = $4",
                row.key.map { .int($0) })
        }
        for row in rewrites { try BlockStore.insert(row, session) }
        return removals.map {
            StoreDamage(.evidence, key: $0.name, reason: "it proves no fault or was edited", remedy: .removed)
        }
            + rewrites.map {
                StoreDamage(
                    .evidence, key: $0.name, reason: "the row is missing or was edited", remedy: .rewritten)
            }
    }
}
