import Glibc
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
package import ServiceLifecycle
import UnixSignals

/// A service as a process: its HTTP server and its background services under one lifecycle.
///
/// SIGTERM and SIGINT stop it: readiness turns off, requests in flight end, then the background
/// services, the last one first. After ``ServiceLimits/gracefulShutdownMilliseconds`` the rest is
/// cancelled, and after ``ServiceLimits/forcedExitMilliseconds`` the process ends with code 1.
package struct ServiceApplication: Sendable {
    private let name: String
    private let host: String
    private let port: Int
    private let limits: ServiceLimits
    private let background: [any Service]
    private let logger: Logger
    private let shutdown: ShutdownState
    private let responder: RouterResponder<ConnectionContext>

    /// Composes a service.
    ///
    /// - Parameters:
    ///   - port: 0 lets the system choose one, which `onRunning` learns.
    ///   - routes: all operations of the service; `/livez`, `/readyz` and `/metrics` are added.
    ///   - readiness: the state of everything the service needs; asked at each `/readyz`.
    ///   - background: services that run until shutdown; one that ends or throws earlier stops the
    ///     process.
    ///   - mapError: gives errors that routes throw their meaning for the caller, such as 503 for a
    ///     database that is down; nil makes an error a 500.
    package init(
        name: String, host: String, port: Int, routes: [Route],
        readiness: @escaping @Sendable () async -> [ReadinessCheck],
        metrics: Metrics, logger: Logger, background: [any Service] = [],
        limits: ServiceLimits = ServiceLimits(),
        mapError: @escaping @Sendable (any Error) -> HTTPProblem? = { _ in nil }
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.limits = limits
        self.background = background
        self.logger = logger
        let gate = RequestGate(
            limit: limits.concurrentRequestMax, bodyBytesMax: limits.concurrentBodyBytesMax)
        shutdown = ShutdownState()
        let probes = Probes(
            readiness: readiness, readinessMilliseconds: limits.readinessMilliseconds, metrics: metrics,
            shutdown: shutdown)
        responder = RouteTable(
            routes: routes, probes: probes.routes,
            harness: Harness(
                logger: logger, metrics: HTTPMetrics(metrics, gate: gate), gate: gate, mapError: mapError)
        ).makeResponder()
    }

    /// A running service, as tests and launchers in the same process see it.
    package struct Running: Sendable {
        /// The port it listens on.
        package let port: Int
        fileprivate let group: ServiceGroup

        /// Does what SIGTERM does; returns at once.
        package func stop() async { await group.triggerGracefulShutdown() }
    }

    /// Runs until the process is told to stop.
    ///
    /// - Parameters:
    ///   - trapsSignals: whether SIGTERM and SIGINT stop the service; false where several share a
    ///     process.
    ///   - onRunning: called once the server listens.
    /// - Throws: the fault of the server, or ``BackgroundServiceFault``.
    package func run(
        trapsSignals: Bool = true, onRunning: @escaping @Sendable (Running) async -> Void = { _ in }
    ) async throws {
        // A write to a connection that its peer has closed is an error to handle, never the end of the
        // process.
        signal(SIGPIPE, SIG_IGN)
        let forcedExit = ForcedExit(afterMilliseconds: limits.forcedExitMilliseconds) { [logger] in
            logger.critical("shutdown took too long, ending the process")
            _exit(1)
        }
        defer { forcedExit.disarm() }
        try await run(forcedExit: forcedExit, trapsSignals: trapsSignals, onRunning: onRunning)
    }

    func run(
        forcedExit: ForcedExit, trapsSignals: Bool, onRunning: @escaping @Sendable (Running) async -> Void
    ) async throws {
        let (started, start) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingOldest(1))
        let services =
            background.map(BackgroundService.init).map { named in
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: named, failureTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: named.name)
            } + [
                .init(
                    service: makeServer(started: start), failureTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: "http"),
                .init(
                    service: ShutdownWatch(state: shutdown, deadline: forcedExit, logger: logger),
                    serviceName: "shutdown"),
            ]
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: trapsSignals ? [.sigterm, .sigint] : [],
            logger: quietLogger)
        configuration.maximumGracefulShutdownDuration = .milliseconds(limits.gracefulShutdownMilliseconds)
        let group = ServiceGroup(configuration: configuration)
        async let announcement: Void = {
            for await port in started { await onRunning(Running(port: port, group: group)) }
        }()
        defer { start.finish() }
        try await group.run()
        start.finish()
        await announcement
        logger.info("stopped")
    }

    /// Libraries tell of their own doings at `info`; a service's log keeps their warnings only.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        return quiet
    }

    private func makeServer(started: AsyncStream<Int>.Continuation) -> some Service {
        Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [MalformedRequestAnswerInstaller(limits: limits)],
                    idleTimeout: .seconds(Int64(limits.idleTimeoutSeconds)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerBytesMax, maxHeaderListSize: limits.headerBytesMax,
                        maxHeaderFieldCount: limits.headerCountMax))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(limits.connectionMax, logger: quietLogger)),
            onServerRunning: { [logger, name, host] channel in
                let port = channel.localAddress?.port ?? 0
                logger.info(
                    "listening",
                    metadata: [
                        "name": .string(name), "host": .string(host), "port": .stringConvertible(port),
                    ])
                started.yield(port)
                started.finish()
            },
            logger: quietLogger)
    }
}
