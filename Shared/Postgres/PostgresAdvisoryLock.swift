/// Holds a session-level advisory lock for as long as its own connection lives.
///
/// The lock ends with the connection, so ask `isHeld()` before acting on it, or act through `transaction`,
/// which cannot run once the lock is lost.
package final class PostgresAdvisoryLock: Sendable {
    private let connection: PostgresConnection
    private let key: Int64

    private init(connection: PostgresConnection, key: Int64) {
        self.connection = connection
        self.key = key
    }

    /// Tries to take the lock without waiting; nil when another session holds it.
    /// - Throws: `PostgresFault` when the database cannot be asked.
    package static func tryAcquire(
        configuration: PostgresConfiguration, key: Int64
    ) async throws -> PostgresAdvisoryLock? {
        let connection = PostgresConnection(configuration)
        do {
            let isTaken = try await connection.autocommit { session in
                try session.query("SELECT pg_try_advisory_lock($1)", [.int(key)])[0].bool(0)
            }
            await connection.keepSession()
            if isTaken { return PostgresAdvisoryLock(connection: connection, key: key) }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return nil
    }

    /// Asks over the lock's own connection whether it, and with it the lock, still lives.
    package func isHeld() async -> Bool {
        await connection.answers()
    }

    /// Runs `body` in a transaction on the session that holds the lock, so that it commits only under
    /// the lock.
    /// - Throws: what `body` throws; `PostgresFault` with `isConnectionLost` when the lock is lost.
    @discardableResult
    package func transaction<R: Sendable>(
        _ body: @escaping @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        try await connection.transaction(body)
    }

    /// Gives the lock up and closes its connection.
    package func release() async {
        await connection.release(advisoryLock: key)
    }
}
