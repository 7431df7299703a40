import Postgres
import TestSupport
import Testing

/// Transactions, limits and recovery of the pool.
struct PoolTests {
    private struct Refused: Error {}

    private func makePool(connections: Int = 4) async throws -> (PostgresPool, PostgresConfiguration) {
        var configuration = try await PrivatePostgres.shared().createSchema("pool")
        configuration.connectionCountMax = connections
        let pool = PostgresPool(configuration)
        try await pool.query {
            try $0.execute(script: "CREATE TABLE item (number int8 PRIMARY KEY, note text)")
        }
        return (pool, configuration)
    }

    private func count(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.query { try $0.query("SELECT count(*) FROM item")[0].int(0) }
    }

    @Test func `a transaction commits, and leaves nothing when it throws`() async throws {
        let (pool, _) = try await makePool()
        let affected = try await pool.transaction { session in
            try session.execute(
                "INSERT INTO item VALUES ($1, $2), ($3, $4)", [.int(1), .null, .int(2), .null])
        }
        await #expect(throws: Refused.self) {
            try await pool.transaction { session in
                try session.execute("INSERT INTO item VALUES (3, NULL)")
                throw Refused()
            }
        }
        let remaining = try await count(pool)
        #expect(affected == 2)
        #expect(remaining == 2)
        await pool.close()
    }

    @Test func `a swallowed failure cannot look like a commit`() async throws {
        let (pool, _) = try await makePool()
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.transaction { session in
                try session.execute("INSERT INTO item VALUES (1, NULL)")
                _ = try? session.execute("SELECT 1 / 0")
            }
        }
        let remaining = try await count(pool)
        #expect(fault?.code == "25P02")
        #expect(remaining == 0)
        await pool.close()
    }

    @Test func `a body that ends its transaction itself is told so`() async throws {
        let (pool, _) = try await makePool()
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.transaction { try $0.execute(script: "COMMIT") }
        }
        #expect(fault?.reason == .misuse)
        await pool.close()
    }

    @Test func `a unique violation names its constraint and no values`() async throws {
        let (pool, _) = try await makePool()
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.transaction { session in
                for _ in 0..<2 { try session.execute("INSERT INTO item VALUES ($1, NULL)", [.int(987_654)]) }
            }
        }
        #expect(fault?.isUniqueViolation == true)
        #expect(fault?.constraint == "item_pkey")
        #expect(fault?.isRetriable == false)
        #expect(fault?.description.contains("987654") == false)
        await pool.close()
    }

    @Test func `a deferred constraint fails at commit without doubt`() async throws {
        let (pool, _) = try await makePool()
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.transaction { session in
                try session.execute(
                    script: "CREATE TABLE d (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
                try session.execute("INSERT INTO d VALUES (1), (1)")
            }
        }
        #expect(fault?.isUniqueViolation == true)
        #expect(fault?.isCommitUnknown == false)
        await pool.close()
    }

    @Test func `a slow statement is cancelled and its connection goes on`() async throws {
        var configuration = try await PrivatePostgres.shared().createSchema("pool")
        (configuration.connectionCountMax, configuration.statementTimeoutMilliseconds) = (1, 1_000)
        let pool = PostgresPool(configuration)
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.query { try $0.execute("SELECT pg_sleep(20)") }
        }
        let allowed = try await pool.transaction { session in
            try session.setStatementTimeout(milliseconds: 20_000)
            return try session.query("SELECT pg_sleep(1.2), 7")[0].int(1)
        }
        #expect(fault?.code == "57014")
        #expect(fault?.isRetriable == true)
        #expect(allowed == 7)
        await pool.close()
    }

    @Test func `blocking statements stall no other task`() async throws {
        let (pool, _) = try await makePool()
        let tickCount = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await pool.query { try $0.execute("SELECT pg_sleep(0.6)") }
                    return 0
                }
            }
            group.addTask {
                var ticks = 0
                let end = ContinuousClock.now + .milliseconds(500)
                while ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(10))
                    ticks += 1
                }
                return ticks
            }
            return try await group.reduce(0, +)
        }
        #expect(tickCount > 5)
        await pool.close()
    }

    @Test func `terminated idle connections are replaced unnoticed`() async throws {
        let (pool, configuration) = try await makePool()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { _ = try await pool.query { try $0.execute("SELECT pg_sleep(0.1)") } }
            }
            try await group.waitForAll()
        }
        try await PrivatePostgres.shared().terminateSessions(of: configuration)
        try await Task.sleep(for: .milliseconds(200))
        for number in 0..<8 {
            try await pool.transaction { session in
                try session.execute("INSERT INTO item VALUES ($1, NULL)", [.int(Int64(number))])
            }
        }
        let remaining = try await count(pool)
        #expect(remaining == 8)
        await pool.close()
    }

    @Test func `a connection lost in a transaction is a retriable fault, and the next one works`()
        async throws
    {
        let (pool, _) = try await makePool(connections: 1)
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.transaction { session in
                try session.execute("INSERT INTO item VALUES (1, NULL)")
                try session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            }
        }
        let remaining = try await count(pool)
        #expect(fault?.isConnectionLost == true)
        #expect(fault?.isRetriable == true)
        #expect(remaining == 0)
        await pool.close()
    }

    @Test func `a connection lost during commit leaves the outcome open`() async throws {
        let (pool, _) = try await makePool(connections: 1)
        try await pool.query { session in
            try session.execute(
                script: """
                    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN
                        PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1);
                        RETURN NULL;
                    END';
                    CREATE CONSTRAINT TRIGGER die AFTER INSERT ON item
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
                    """)
        }
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.transaction { try $0.execute("INSERT INTO item VALUES (1, NULL)") }
        }
        #expect(fault?.isCommitUnknown == true)
        #expect(fault?.isRetriable == false)
        #expect(fault?.isTransient == true)
        await pool.close()
    }

    @Test func `a plan outlives an altered table`() async throws {
        let (pool, _) = try await makePool(connections: 1)
        try await pool.query { session in
            try session.execute("INSERT INTO item VALUES (1, 'a')")
            _ = try session.query("SELECT * FROM item")
            try session.execute(script: "ALTER TABLE item ADD COLUMN more int8 DEFAULT 5")
        }
        let columnCount = try await pool.query { try $0.query("SELECT * FROM item")[0].columnCount }
        #expect(columnCount == 3)
        await pool.close()
    }

    @Test func `more statements than the cache holds still run`() async throws {
        let (pool, _) = try await makePool(connections: 1)
        let preparedCount = try await pool.query { session in
            for number in 0..<600 { _ = try session.query("SELECT \(number)") }
            return try session.query("SELECT count(*) FROM pg_prepared_statements")[0].int(0)
        }
        #expect(preparedCount == 256)
        await pool.close()
    }

    @Test func `a null does not spoil the plan for a number`() async throws {
        let (pool, _) = try await makePool(connections: 1)
        let found = try await pool.query { session in
            let sql = "SELECT $1 + 1::int4"
            _ = try session.query(sql, [.null])
            return try session.query(sql, [.int(5_000_000_000)])[0].int(0)
        }
        #expect(found == 5_000_000_001)
        await pool.close()
    }
}

/// How the pool treats those who wait.
struct PoolWaitingTests {
    private func makePool(connections: Int) async throws -> PostgresPool {
        var configuration = try await PrivatePostgres.shared().createSchema("pool")
        configuration.connectionCountMax = connections
        return PostgresPool(configuration)
    }

    @Test func `a cancelled waiter leaves and the connection is not lost`() async throws {
        let pool = try await makePool(connections: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await pool.query { try $0.execute("SELECT pg_sleep(0.5)") } }
            while pool.load.busyCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let waiting = Task { try await pool.query { try $0.execute("SELECT 1") } }
            while pool.load.waitingCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            try await group.waitForAll()
        }
        let answer = try await pool.query { try $0.query("SELECT 3")[0].int(0) }
        #expect(answer == 3)
        #expect(pool.load == PostgresPool.Load(connectionCount: 1, busyCount: 0, waitingCount: 0))
        await pool.close()
    }

    @Test func `waiters beyond the limit and beyond the time are refused`() async throws {
        let pool = try await makePool(connections: 1)
        let refusalCount = await withTaskGroup(of: Int.self) { group in
            group.addTask {
                _ = try? await pool.query { try $0.execute("SELECT pg_sleep(7.5)") }
                return 0
            }
            while pool.load.busyCount == 0 { await Task.yield() }
            for _ in 0..<1_010 {
                group.addTask {
                    do {
                        try await pool.query { try $0.execute("SELECT 1") }
                        return 0
                    } catch {
                        return (error as? PostgresFault)?.isPoolExhausted == true ? 1 : 0
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(refusalCount == 1_010)
        await pool.close()
    }

    @Test func `closing waits for work and refuses more`() async throws {
        let pool = try await makePool(connections: 2)
        let answers = try await withThrowingTaskGroup(of: Int64?.self) { group in
            group.addTask {
                try await pool.query { try $0.query("SELECT pg_sleep(0.3), 9::int8")[0].int(1) }
            }
            while pool.load.busyCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            await pool.close()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == [9])
        let fault = await #expect(throws: PostgresFault.self) {
            try await pool.query { try $0.execute("SELECT 1") }
        }
        #expect(fault?.reason == .closed)
    }

    @Test func `an unreachable server is a quick retriable fault`() async throws {
        let pool = PostgresPool(
            PostgresConfiguration(host: "127.0.0.1", port: 1, database: "x", user: "x", schema: "x"))
        let start = ContinuousClock.now
        for _ in 0..<20 {
            let fault = await #expect(throws: PostgresFault.self) {
                try await pool.transaction { try $0.execute("SELECT 1") }
            }
            #expect(fault?.isConnectionLost == true && fault?.isRetriable == true)
        }
        #expect(ContinuousClock.now - start < .seconds(5))
        await pool.close()
    }

    @Test func `a dedicated connection is outside the pool`() async throws {
        let pool = try await makePool(connections: 1)
        let pair = try await pool.query { try $0.query("SELECT pg_backend_pid()")[0].int(0) }
        let other = try await pool.withDedicatedConnection {
            try $0.query("SELECT pg_backend_pid()")[0].int(0)
        }
        #expect(pair != other)
        await pool.close()
    }
}
