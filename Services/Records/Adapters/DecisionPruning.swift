import Logging
import Postgres
import ServiceHost
import ServiceLifecycle

/// Deletes decisions that no token can name any more and the counts of tokens that have expired, once a
/// minute; every replica may do it.
struct DecisionPruning: Service {
    private static let interval: Duration = .seconds(60)

    let host: ServiceHost

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                do {
                    let now = host.clock()
                    try await host.pool.query { session in
                        _ = try DecisionTable.prune(now: now, in: session)
                        _ = try RefusalTable.prune(now: now, in: session)
                    }
                } catch is PostgresFault {
                    // Nothing depends on pruning but disk space; the next round tries again.
                    host.logger.warning("decisions and refusals were not pruned, the database did not answer")
                }
            }
        }
    }
}
