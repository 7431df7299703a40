/// Brings one component's tables to the newest version, once, however many processes start together.
package enum Migrator {
    // A large index takes minutes; a second process waits for the first one's lock as long.
    private static let stepTimeoutMilliseconds = 600_000

    /// Applies the migrations that are not recorded in `<schema>.schema_migration`, in order of version.
    ///
    /// Each step is a transaction of its own under an advisory lock, with `schema` as the search path;
    /// the schema is created if it does not exist.
    /// - Throws: `PostgresFault` with `.migrationRefused` when an applied migration was edited, is
    ///   unknown to this program, or is newer than one that is still missing; the database is left as
    ///   it was.
    package static func migrate(
        _ pool: PostgresPool, schema: String, component: String, migrations: [Migration]
    ) async throws {
        let ordered = migrations.sorted { $0.version < $1.version }
        for (lower, higher) in zip(ordered, ordered.dropFirst()) where lower.version == higher.version {
            // Migrations are embedded when the program is built, so this is a defect of the program.
            fatalError("two migrations of `\(component)` have version \(lower.version)")
        }
        let plan = MigrationPlan(schema: schema, component: component, migrations: ordered)
        try await pool.transaction { session in
            try prepare(session, plan)
            try createTable(session, plan)
        }
        // One round more than there are steps: the last one finds nothing left and proves it.
        for _ in 0...ordered.count {
            let isDone = try await pool.transaction { session in
                try prepare(session, plan)
                return try applyNext(session, plan)
            }
            if isDone { return }
        }
    }

    private struct MigrationPlan: Sendable {
        let schema: String
        let component: String
        let migrations: [Migration]
        var table: String { "\(quotedIdentifier(schema)).schema_migration" }
    }

    private static func prepare(_ session: PostgresSession, _ plan: MigrationPlan) throws {
        try session.setStatementTimeout(milliseconds: stepTimeoutMilliseconds)
        try session.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", [.text("migrate \(plan.schema)")])
        try session.execute(
            "SELECT set_config('search_path', $1, true)", [.text(quotedIdentifier(plan.schema))])
    }

    private static func createTable(_ session: PostgresSession, _ plan: MigrationPlan) throws {
        let schema = PostgresValue.text(plan.schema)
        // IF NOT EXISTS asks for the right to create even when nothing is created, hence the look first.
        if try session.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]).isEmpty {
            try session.execute(script: "CREATE SCHEMA \(quotedIdentifier(plan.schema))")
        }
        let look = "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'schema_migration'"
        guard try session.query(look, [schema]).isEmpty else { return }
        try session.execute(
            script: """
                CREATE TABLE \(plan.table) (
                    component text NOT NULL,
                    version integer NOT NULL,
                    name text NOT NULL,
                    digest bytea NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (component, version)
                )
                """)
    }

    /// Applies the first missing migration; true when none was missing.
    private static func applyNext(_ session: PostgresSession, _ plan: MigrationPlan) throws -> Bool {
        let applied = try appliedDigests(session, plan)
        let digests = try digests(session, of: plan.migrations)
        let known = Dictionary(uniqueKeysWithValues: zip(plan.migrations.map(\.version), digests))
        for (version, digest) in applied {
            guard let expected = known[version] else {
                throw refusal(plan, "version \(version) is unknown to this program: run a newer one")
            }
            guard digest == expected else {
                throw refusal(plan, "version \(version) was edited after it was applied: restore its text")
            }
        }
        let missing = zip(plan.migrations, digests).first { applied[$0.0.version] == nil }
        guard let (next, digest) = missing else { return true }
        if let newest = applied.keys.max(), newest > next.version {
            throw refusal(plan, "version \(next.version) is missing below version \(newest): renumber it")
        }
        try session.execute(script: next.sql)
        try session.execute(
            "INSERT INTO \(plan.table) (component, version, name, digest) VALUES ($1, $2, $3, $4)",
            [.text(plan.component), .int(Int64(next.version)), .text(next.name), .bytes(digest)])
        return false
    }

    private static func appliedDigests(
        _ session: PostgresSession, _ plan: MigrationPlan
    ) throws -> [Int: [UInt8]] {
        let rows = try session.query(
            "SELECT version, digest FROM \(plan.table) WHERE component = $1", [.text(plan.component)])
        var digests: [Int: [UInt8]] = [:]
        for row in rows { digests[Int(try row.int(0))] = try row.bytes(1) }
        return digests
    }

    private static func digests(_ session: PostgresSession, of migrations: [Migration]) throws -> [[UInt8]] {
        let texts = PostgresValue.bytesArray(migrations.map { [UInt8]($0.sql.utf8) })
        return try session.query(
            "SELECT sha256(sql) FROM unnest($1) WITH ORDINALITY AS t(sql, place) ORDER BY place", [texts]
        ).map { try $0.bytes(0) }
    }

    private static func refusal(_ plan: MigrationPlan, _ message: String) -> PostgresFault {
        PostgresFault(
            reason: .migrationRefused, message: "migration of `\(plan.component)` refused: \(message)")
    }
}
