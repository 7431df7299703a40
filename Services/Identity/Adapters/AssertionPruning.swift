import IdentityCore
import Logging
import Postgres
import ServiceHost
import ServiceLifecycle

/// Deletes used assertions that have expired, once a minute; every replica may do it.
struct AssertionPruning: Service {
    private static let interval: Duration = .seconds(60)

    let host: ServiceHost

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                do {
                    let now = host.clock()
                    _ = try await host.pool.query { session in
                        try UsedAssertionTable.prune(now: now, in: session)
                    }
                } catch is PostgresFault {
                    // Nothing depends on pruning but disk space; the next round tries again.
                    host.logger.warning("used assertions were not pruned, the database did not answer")
                }
            }
        }
    }
}
