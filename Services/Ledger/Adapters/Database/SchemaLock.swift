import Cryptography
import Postgres
import ServiceLifecycle
import Synchronization

/// Keeps a second process with another sign-state off the same schema, by a lock that Postgres holds for this
/// one's session.
///
/// It is the second line: the first is the lock of the sign-state, which does not see a copy on another disk.
final class SchemaLock: Service {
    // The session of a process that was killed ends at once; one whose network was cut may take longer.
    private static let startPatience: Duration = .seconds(10)
    private static let patience: Duration = .seconds(60)
    private static let pauseMilliseconds = 1_000

    private let configuration: PostgresConfiguration
    private let lock: Mutex<PostgresAdvisoryLock>

    /// Takes the lock, waiting a little for the session of a process that has just ended.
    ///
    /// - Throws: `StoreFault` when another process holds it; `PostgresFault`.
    init(_ configuration: PostgresConfiguration) async throws {
        self.configuration = configuration
        lock = Mutex(try await Self.acquire(configuration, patience: Self.startPatience))
    }

    /// Watches the lock until shutdown, and takes it again when Postgres was restarted.
    ///
    /// - Throws: `StoreFault` when another process has taken it meanwhile.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await self.watch() }
        } catch is CancellationError {
            // Shutdown.
        } catch {
            await release()
            throw error
        }
        await release()
    }

    /// Gives the lock up, also when the process ends before `run`.
    func release() async { await lock.withLock { $0 }.release() }

    private func watch() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
            guard await !lock.withLock({ $0 }).isHeld() else { continue }
            await release()
            let taken = try await Self.acquirePersistently(configuration)
            lock.withLock { $0 = taken }
        }
    }

    private static func acquirePersistently(
        _ configuration: PostgresConfiguration
    ) async throws -> PostgresAdvisoryLock {
        while true {
            do {
                return try await acquire(configuration, patience: patience)
            } catch let fault as PostgresFault where fault.isTransient {
                try await Task.sleep(for: .milliseconds(pauseMilliseconds))
            }
        }
    }

    private static func acquire(
        _ configuration: PostgresConfiguration, patience: Duration
    ) async throws -> PostgresAdvisoryLock {
        let deadline = ContinuousClock.now + patience
        while true {
            let key = key(of: configuration.schema)
            if let lock = try await PostgresAdvisoryLock.tryAcquire(configuration: configuration, key: key) {
                return lock
            }
            guard ContinuousClock.now < deadline else {
                throw StoreFault(
                    halt: nil,
                    description:
                        "another process works on the schema `\(configuration.schema)`; end it, or give each "
                        + "validator its own")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// A number for the schema's name that no other part of the suite uses for its own locks.
    private static func key(of schema: String) -> Int64 {
        let digest = SHA256.hash([UInt8]("consentry ledger schema \(schema)".utf8))
        return digest.bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}
