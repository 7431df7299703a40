import Postgres
import TestSupport
import Testing

struct MigratorTests {
    private static let first = migration(
        "V0001__table.sql", "CREATE TABLE a (n int8); INSERT INTO a VALUES (1);")
    private static let second = migration("V0002__more.sql", "ALTER TABLE a ADD COLUMN m text;")
    private static let third = migration("V0003__last.sql", "INSERT INTO a VALUES (3, 'x');")

    private static func migration(_ fileName: String, _ sql: String) -> Migration {
        Migration(fileName: fileName, bytes: Array(sql.utf8))
    }

    private func migrate(
        _ pool: PostgresPool, _ migrations: [Migration], component: String = "main"
    ) async throws {
        try await Migrator.migrate(pool, schema: "fresh", component: component, migrations: migrations)
    }

    @Test func `a file's name gives version and name`() {
        let migration = Self.migration("V0042__outbox__index.sql", "SELECT 1")
        #expect(migration.version == 42)
        #expect(migration.name == "outbox__index")
    }

    @Test func `steps run once, later ones are added, and a new schema is made`() async throws {
        let pool = PostgresPool(try await PrivatePostgres.shared().createSchema("other"))
        try await migrate(pool, [Self.second, Self.first])
        try await migrate(pool, [Self.first, Self.second])
        try await migrate(pool, [Self.first, Self.second, Self.third])
        try await migrate(pool, [Self.migration("V0001__b.sql", "CREATE TABLE b ()")], component: "second")
        let (rows, steps) = try await pool.query { session in
            (
                try session.query("SELECT count(*) FROM fresh.a")[0].int(0),
                try session.query("SELECT version, name FROM fresh.schema_migration WHERE component = 'main'")
                    .count
            )
        }
        #expect(rows == 2)
        #expect(steps == 3)
        await pool.close()
    }

    @Test func `processes that start together apply each step once`() async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("other")
        let pools = (0..<3).map { _ in PostgresPool(configuration) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pool in pools {
                group.addTask { try await migrate(pool, [Self.first, Self.second, Self.third]) }
            }
            try await group.waitForAll()
        }
        let rows = try await pools[0].query { try $0.query("SELECT count(*) FROM fresh.a")[0].int(0) }
        #expect(rows == 2)
        for pool in pools { await pool.close() }
    }

    @Test func `edited, unknown and overtaken migrations are refused`() async throws {
        let pool = PostgresPool(try await PrivatePostgres.shared().createSchema("other"))
        try await migrate(
            pool,
            [Self.first, Self.third, Self.migration("V0004__x.sql", "SELECT 1")].map { $0 }.filter {
                $0.version != 3
            })
        let edited = Self.migration("V0001__table.sql", "CREATE TABLE a (n int4)")
        let fourth = Self.migration("V0004__x.sql", "SELECT 1")
        for wrong in [[edited, fourth], [Self.first], [Self.first, Self.second, fourth]] {
            let fault = await #expect(throws: PostgresFault.self) { try await migrate(pool, wrong) }
            #expect(fault?.reason == .migrationRefused)
        }
        await pool.close()
    }

    @Test func `a failing step leaves the earlier ones and nothing of itself`() async throws {
        let pool = PostgresPool(try await PrivatePostgres.shared().createSchema("other"))
        let failing = Self.migration("V0002__bad.sql", "INSERT INTO a VALUES (2); SELECT 1 / 0;")
        let fault = await #expect(throws: PostgresFault.self) {
            try await migrate(pool, [Self.first, failing])
        }
        let rows = try await pool.query { try $0.query("SELECT n FROM fresh.a") }
        #expect(fault?.code == "22012")
        #expect(rows.count == 1)
        await pool.close()
    }
}
