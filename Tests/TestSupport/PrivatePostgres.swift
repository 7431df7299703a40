import Dispatch
import Foundation
package import Postgres
import Synchronization

/// A Postgres cluster of this test process alone, in a fresh folder, removed with the process.
///
/// It keeps checksums but does not sync to disk, so it is fast and no measure of durability.
package final class PrivatePostgres: Sendable {
    /// Why the cluster could not be started.
    package struct StartFault: Error, CustomStringConvertible {
        /// One sentence with the end of the server's log.
        package let description: String
    }

    /// The folder of the cluster's Unix socket.
    package let socketDirectory: String
    /// The port on 127.0.0.1.
    package let port: Int
    private let administration: PostgresPool
    private let schemaCount = Mutex(0)

    private static let startQueue = DispatchQueue(label: "private-postgres.start")
    private static let running = Mutex<PrivatePostgres?>(nil)

    private init(_ watchdog: PostgresWatchdog) {
        socketDirectory = watchdog.directory
        port = watchdog.port
        var configuration = PostgresConfiguration(
            host: watchdog.directory, port: watchdog.port, database: "postgres", user: "postgres",
            schema: "public")
        configuration.statementTimeoutMilliseconds = 60_000
        administration = PostgresPool(configuration)
    }

    /// The one cluster of this process, started when first asked for.
    /// - Throws: `StartFault`.
    package static func shared() async throws -> PrivatePostgres {
        try await withCheckedThrowingContinuation { continuation in
            // Starting takes about a second and blocks; those who come meanwhile wait their turn here.
            startQueue.async { continuation.resume(with: Result { try startOnce() }) }
        }
    }

    private static func startOnce() throws -> PrivatePostgres {
        if let started = running.withLock({ $0 }) { return started }
        let started = PrivatePostgres(try PostgresWatchdog.start())
        running.withLock { $0 = started }
        return started
    }

    /// Creates a database with one schema of this name and a role that owns both; nothing is shared with
    /// other tests, not even advisory locks.
    /// - Throws: `PostgresFault`.
    package func createSchema(_ name: String) async throws -> PostgresConfiguration {
        let number = schemaCount.withLock { count in
            count += 1
            return count
        }
        let owner = "\(name)_\(number)"
        // A connection of its own: many tests begin together, and a database takes a while on a busy
        // machine.
        try await administration.withDedicatedConnection { session in
            try session.execute(script: "CREATE ROLE \"\(owner)\" LOGIN")
            try session.execute(script: "CREATE DATABASE \"\(owner)\" OWNER \"\(owner)\" TEMPLATE template0")
        }
        let configuration = PostgresConfiguration(
            host: "127.0.0.1", port: port, database: owner, user: owner, schema: name)
        let pool = PostgresPool(configuration)
        try await pool.query { try $0.execute(script: "CREATE SCHEMA \"\(name)\"") }
        await pool.close()
        return configuration
    }

    /// The URL of a configuration, for programs that tests start.
    package static func url(of configuration: PostgresConfiguration) -> String {
        let place = "\(configuration.host):\(configuration.port)/\(configuration.database)"
        return "postgresql://\(configuration.user)@\(place)"
    }

    /// Ends every session of a database, as a failover does, and waits until they are gone.
    /// - Throws: `PostgresFault`.
    package func terminateSessions(of configuration: PostgresConfiguration) async throws {
        let database = configuration.database
        try await administration.withDedicatedConnection { session in
            try session.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
                [.text(database)]
            )
        }
    }
}
