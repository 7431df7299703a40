import HTTPTypes
import Logging
import Model
import Synchronization
import Testing

@testable import ServiceRuntime

private struct BrokerFault: Loggable { let logDescription = "the broker went away" }

@Suite(.serialized) struct LifecycleTests {
    @Test func shutdownLetsARequestInFlightFinishAndThenStopsTheBackground() async throws {
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let endings = Mutex<[String]>([])
        let route = Route.get("/slow") { _ in
            enter.finish()
            try await Task.sleep(for: .milliseconds(300))
            endings.withLock { $0.append("request") }
            return .json(.ok, ["done": true])
        }
        let background = BackgroundTask("waiter") {
            try? await Task.sleep(for: .seconds(60))
            endings.withLock { $0.append("background") }
            throw CancellationError()
        }
        let application = makeApplication(routes: [route], background: [background])
        let start = ContinuousClock.now
        try await withRunning(application) { service in
            async let reply = LoopbackClient.exchange(
                port: service.port, [LoopbackClient.request("GET", "/slow")])
            for await _ in entered {}
            await service.stop()
            let status = try await reply.status
            #expect(status == 200)
        }
        let duration = ContinuousClock.now - start
        let order = endings.withLock { $0 }
        #expect(order == ["request", "background"])
        #expect(duration < .seconds(4))
    }

    @Test func aShutdownThatHangsEndsTheProcess() async throws {
        var limits = ServiceLimits()
        limits.gracefulShutdownMilliseconds = 50
        let hanging = BackgroundTask("hanging") {
            await withCheckedContinuation { continuation in
                // Deaf to cancellation for half a second.
                LateWakeUp.schedule(milliseconds: 500) { continuation.resume() }
            }
        }
        let exitCount = Atomic(0)
        let forcedExit = ForcedExit(afterMilliseconds: 100) { exitCount.add(1, ordering: .relaxed) }
        let application = makeApplication(routes: [], background: [hanging], limits: limits)
        try await application.run(forcedExit: forcedExit, trapsSignals: false) { service in
            await service.stop()
        }
        let count = exitCount.load(ordering: .relaxed)
        #expect(count == 1)
    }

    @Test func aTimelyShutdownDoesNotEndTheProcess() async throws {
        let exitCount = Atomic(0)
        let forcedExit = ForcedExit(afterMilliseconds: 100) { exitCount.add(1, ordering: .relaxed) }
        forcedExit.arm()
        forcedExit.disarm()
        try await Task.sleep(for: .milliseconds(200))
        let count = exitCount.load(ordering: .relaxed)
        #expect(count == 0)
    }

    @Test(arguments: [true, false])
    func aBackgroundServiceThatEndsNamesItself(throwing: Bool) async throws {
        let broken = BackgroundTask("outbox relay") {
            if throwing { throw BrokerFault() }
        }
        let fault = await #expect(throws: BackgroundServiceFault.self) {
            try await makeApplication(routes: [], background: [broken]).run(trapsSignals: false)
        }
        let text = fault?.logDescription ?? ""
        let expected =
            throwing
            ? "background service `outbox relay` failed with ServiceRuntimeTests.(private).BrokerFault"
            : "background service `outbox relay` returned before the process was stopped"
        let shown = text.replacing(#/\(unknown context at \$[0-9a-f]+\)/#, with: "(private)")
        #expect(shown == (throwing ? "\(expected): the broker went away" : expected))
    }

    @Test func aPortInUseIsAnError() async throws {
        try await withRunning(makeApplication(routes: [])) { service in
            let second = ServiceApplication(
                name: "second", host: "127.0.0.1", port: service.port, routes: [], readiness: { [] },
                metrics: Metrics(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await #expect(throws: (any Error).self) { try await second.run(trapsSignals: false) }
        }
    }

    @Test func readinessIsOffFromTheStartOfAShutdown() async throws {
        let shutdown = ShutdownState()
        let probes = Probes(
            readiness: { [ReadinessCheck("database", isReady: true)] }, readinessMilliseconds: 1_000,
            metrics: Metrics(), shutdown: shutdown)
        let route = try #require(probes.routes.first { $0.template == "/readyz" })
        let request = try ServiceRequest(method: .get, path: "/readyz")
        let before = try await route.handler(request).status
        shutdown.stop()
        let after = try await route.handler(request).status
        #expect(before == .ok)
        #expect(after == .serviceUnavailable)
    }
}
