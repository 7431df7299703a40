import Logging
import ServiceRuntime

/// Runs a service for the length of a closure and stops it gracefully.
func withRunning(
    _ application: ServiceApplication,
    _ body: @escaping @Sendable (ServiceApplication.Running) async throws -> Void
) async throws {
    let (running, continuation) = AsyncStream.makeStream(of: ServiceApplication.Running.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await application.run(trapsSignals: false) { continuation.yield($0) }
        }
        for await service in running {
            do {
                try await body(service)
            } catch {
                await service.stop()
                throw error
            }
            await service.stop()
        }
        try await group.waitForAll()
    }
}

/// Makes a service on a free port that logs nowhere.
func makeApplication(
    routes: [Route], readiness: @escaping @Sendable () async -> [ReadinessCheck] = { [] },
    metrics: Metrics = Metrics(), background: [BackgroundTask] = [], limits: ServiceLimits = ServiceLimits(),
    mapError: @escaping @Sendable (any Error) -> HTTPProblem? = { _ in nil }
) -> ServiceApplication {
    ServiceApplication(
        name: "test", host: "127.0.0.1", port: 0, routes: routes, readiness: readiness, metrics: metrics,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, background: background,
        limits: limits, mapError: mapError)
}
