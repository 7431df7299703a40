import Postgres
import TestSupport
import Testing

struct AdvisoryLockTests {
    @Test func `one holder at a time, and the next after release`() async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("lock")
        let first = try #require(
            try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: 7))
        let second = try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: 7)
        let other = try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: 8)
        let isHeld = await first.isHeld()
        #expect(second == nil)
        #expect(other != nil)
        #expect(isHeld)
        await first.release()
        let isHeldAfterwards = await first.isHeld()
        let third = try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: 7)
        #expect(!isHeldAfterwards)
        #expect(third != nil)
        await third?.release()
        await other?.release()
    }

    @Test func `a lost session is noticed and its transactions are refused`() async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("lock")
        let lock = try #require(
            try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: 7))
        let answer = try await lock.transaction { try $0.query("SELECT 5")[0].int(0) }
        #expect(answer == 5)
        try await PrivatePostgres.shared().terminateSessions(of: configuration)
        let successor = try #require(
            try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: 7))
        let fault = await #expect(throws: PostgresFault.self) {
            try await lock.transaction { try $0.execute("SELECT 1") }
        }
        let isHeld = await lock.isHeld()
        #expect(fault?.isConnectionLost == true)
        #expect(!isHeld)
        await successor.release()
        await lock.release()
    }
}
