import Postgres
import TestSupport
import Testing

struct ListenerTests {
    private func notify(_ pool: PostgresPool, _ channel: String) async throws {
        try await pool.transaction { try $0.execute("SELECT pg_notify($1, '')", [.text(channel)]) }
    }

    @Test(.timeLimit(.minutes(1)))
    func `notifications arrive, and again after the session was terminated`() async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("listener")
        let pool = PostgresPool(configuration)
        let listener = PostgresListener(configuration: configuration, channels: ["one", "Two \"2\""])
        var iterator = await listener.notifications().makeAsyncIterator()
        let first = await iterator.next()
        let second = await iterator.next()
        #expect([first, second] == ["one", "Two \"2\""])
        for _ in 0..<3 {
            try await notify(pool, "Two \"2\"")
            let next = await iterator.next()
            #expect(next == "Two \"2\"")
        }
        try await PrivatePostgres.shared().terminateSessions(of: configuration)
        let third = await iterator.next()
        let fourth = await iterator.next()
        #expect([third, fourth] == ["one", "Two \"2\""])
        try await notify(pool, "one")
        let fifth = await iterator.next()
        #expect(fifth == "one")
        await listener.close()
        let end = await iterator.next()
        #expect(end == nil)
        await pool.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func `every subscriber hears, and a cancelled one ends`() async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("listener")
        let pool = PostgresPool(configuration)
        let listener = PostgresListener(configuration: configuration, channels: ["one"])
        var iterator = await listener.notifications().makeAsyncIterator()
        _ = await iterator.next()
        let other = await listener.notifications()
        let heard = Task {
            var count = 0
            for await _ in other { count += 1 }
            return count
        }
        try await notify(pool, "one")
        let next = await iterator.next()
        #expect(next == "one")
        try await Task.sleep(for: .milliseconds(100))
        heard.cancel()
        let count = await heard.value
        #expect((1...2).contains(count))
        await listener.close()
        await pool.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a listener without a server closes at once`() async throws {
        let nowhere = PostgresConfiguration(host: "127.0.0.1", port: 1, database: "x", user: "x", schema: "x")
        let listener = PostgresListener(configuration: nowhere, channels: ["one"])
        var iterator = await listener.notifications().makeAsyncIterator()
        try await Task.sleep(for: .milliseconds(120))
        await listener.close()
        let end = await iterator.next()
        #expect(end == nil)
    }
}
