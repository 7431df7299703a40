package import Messaging
import Model
import Postgres
package import ServiceLifecycle
package import ServiceRuntime

extension ServiceHost {
    /// Makes the messaging of this service: relay, finality, publishing and these consumers.
    ///
    /// It does nothing before the host runs; routes may hold it for its freshness and statistics.
    package func messaging(subscriptions: [Subscription]) -> MessagingService {
        MessagingService(context, eventStore: eventStore, consumers: subscriptions)
    }

    /// Serves the routes and runs messaging and background services until the process is told to stop.
    ///
    /// - Parameter readiness: what this service needs besides database and messaging.
    /// - Parameter background: services of the lifecycle; each ends at graceful shutdown.
    /// - Parameter onRunning: called once the server listens.
    /// - Throws: the fault of the server or of a background service.
    package func run(
        routes: [Route], messaging: MessagingService,
        readiness: @escaping @Sendable () async -> [ReadinessCheck] = { [] },
        background: [any Service] = [], trapsSignals: Bool = true,
        onRunning: @escaping @Sendable (ServiceApplication.Running) async -> Void = { _ in }
    ) async throws {
        registerMetrics(of: messaging)
        let application = ServiceApplication(
            name: name.rawValue, host: host, port: port, routes: routes,
            readiness: { [await databaseCheck(), messagingCheck(messaging)] + (await readiness()) },
            metrics: metrics,
            logger: logger, background: [MessagingLifecycle(messaging: messaging)] + background,
            mapError: Self.problem(for:))
        do {
            try await application.run(trapsSignals: trapsSignals, onRunning: onRunning)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    /// Gives faults of shared modules their meaning for the caller; nil makes an error a 500.
    package static func problem(for error: any Error) -> HTTPProblem? {
        if let fault = error as? MessagingFault {
            guard fault.isRetriable else { return nil }
            return .unavailable(
                "overloaded", "the service is at its limit of unfinished work; try again", cause: "\(fault)")
        }
        guard let fault = error as? PostgresFault else { return nil }
        if fault.isPoolExhausted {
            return .unavailable(
                "overloaded", "the service is at its limit of work; try again", cause: "\(fault)")
        }
        guard fault.isTransient else { return nil }
        return .unavailable(
            "database_unavailable", "the service cannot reach its database; try again", cause: "\(fault)")
    }
}

/// Runs messaging as a service of the lifecycle.
struct MessagingLifecycle: Service {
    let messaging: MessagingService

    func run() async throws {
        try await cancelWhenGracefulShutdown { [messaging] in try await messaging.run() }
    }
}
