import HTTPTypes
import Testing

@testable import ServiceRuntime

@Suite struct BodyRoomTests {
    @Test func bodiesTogetherStayWithinTheirRoom() {
        let gate = RequestGate(limit: 10, bodyBytesMax: 100)
        let entered = [60, 40, 1, 0].map { gate.takeRoom($0) }
        #expect(entered == [true, true, false, true])
        gate.giveBackRoom(60)
        let afterwards = gate.takeRoom(60)
        #expect(afterwards)
    }

    @Test func aBodyLargerThanAllRoomComesAlone() {
        let gate = RequestGate(limit: 10, bodyBytesMax: 100)
        let entered = [200, 1].map { gate.takeRoom($0) }
        #expect(entered == [true, false])
    }
}

// Servers run one after the other: tests that measure how fast one stops would else measure the others too.
extension ServerTests {
    @Test func bodiesOnTheirWayTakeNobodysPlace() async throws {
        var limits = ServiceLimits()
        limits.concurrentRequestMax = 1
        let routes = [
            Route.post("/slow", timeoutMilliseconds: 400) { _ in .empty(.noContent) },
            Route.get("/quick") { _ in .empty(.noContent) },
        ]
        try await withRunning(makeApplication(routes: routes, limits: limits)) { service in
            let stalled = LoopbackClient.request("POST", "/slow", headers: ["Content-Length: 5"])
            async let late = LoopbackClient.exchange(port: service.port, [stalled])
            try await Task.sleep(for: .milliseconds(100))
            let quick = try await LoopbackClient.exchange(
                port: service.port, [LoopbackClient.request("GET", "/quick")])
            let statuses = [quick.status, try await late.status]
            #expect(statuses == [204, 408])
        }
    }

    @Test func aStrangerIsRefusedBeforeTheBody() async throws {
        let route = Route.post(
            "/large",
            admission: { request throws(HTTPProblem) in _ = try request.bearerToken() },
            handler: { _ in .empty(.noContent) })
        try await withRunning(makeApplication(routes: [route])) { service in
            // The body never comes, so an answer shows that nobody waited for it.
            let head = ["Content-Length: 1000"]
            let stranger = try await LoopbackClient.exchange(
                port: service.port, [LoopbackClient.request("POST", "/large", headers: head)])
            #expect(stranger.status == 401)
            let known = try await LoopbackClient.exchange(
                port: service.port,
                [LoopbackClient.request("POST", "/large", headers: ["Authorization: Bearer a"], body: "{}")])
            #expect(known.status == 204)
        }
    }
}
