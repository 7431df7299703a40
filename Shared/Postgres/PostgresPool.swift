/// Lends a few connections to many tasks; each connection blocks a queue of its own, never a shared
/// thread.
package final class PostgresPool: Sendable {
    /// How much of the pool is in use, for metrics.
    package struct Load: Sendable, Equatable {
        /// All connections, open or not.
        package let connectionCount: Int
        /// Those lent out.
        package let busyCount: Int
        /// The tasks that wait for one.
        package let waitingCount: Int

        /// Creates a load; tests compare with it.
        package init(connectionCount: Int, busyCount: Int, waitingCount: Int) {
            self.connectionCount = connectionCount
            self.busyCount = busyCount
            self.waitingCount = waitingCount
        }
    }

    private let configuration: PostgresConfiguration
    private let connections: [PostgresConnection]
    private let queue: ConnectionQueue

    /// Creates a pool; connections are opened when first used.
    package init(_ c: PostgresConfiguration) {
        precondition(c.connectionCountMax > 0, "a pool has at least one connection")
        configuration = c
        connections = (0..<c.connectionCountMax).map { _ in PostgresConnection(c) }
        queue = ConnectionQueue(connections)
    }

    /// Runs `body` in one READ COMMITTED transaction on one connection, synchronously on its own queue.
    ///
    /// Commits when `body` returns, rolls back when it throws. A cancelled task stops waiting for a
    /// connection; a `body` that has begun runs to its end.
    /// - Throws: what `body` throws; `PostgresFault`; `CancellationError` while waiting.
    @discardableResult
    package func transaction<R: Sendable>(
        _ body: @escaping @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let connection = try await queue.take()
        defer { queue.giveBack(connection) }
        return try await connection.transaction(body)
    }

    /// Runs `body` with each statement a transaction of its own.
    /// - Throws: what `body` throws; `PostgresFault`; `CancellationError` while waiting.
    @discardableResult
    package func query<R: Sendable>(
        _ body: @escaping @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let connection = try await queue.take()
        defer { queue.giveBack(connection) }
        return try await connection.autocommit(body)
    }

    /// Runs `body` without a transaction on a new connection outside the pool, closed afterwards.
    /// - Throws: what `body` throws; `PostgresFault`.
    @discardableResult
    package func withDedicatedConnection<R: Sendable>(
        _ body: @escaping @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let connection = PostgresConnection(configuration)
        let outcome: Result<R, any Error>
        do { outcome = .success(try await connection.autocommit(body)) } catch { outcome = .failure(error) }
        await connection.close()
        return try outcome.get()
    }

    /// The pool's use at this moment.
    package var load: Load {
        let (idle, waiting) = queue.counts
        return Load(
            connectionCount: connections.count, busyCount: connections.count - idle, waitingCount: waiting)
    }

    /// Refuses new work, lets the work under way end, and closes every connection.
    package func close() async {
        queue.close()
        for connection in connections { await connection.close() }
    }
}
