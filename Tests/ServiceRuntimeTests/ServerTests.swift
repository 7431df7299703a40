import HTTPTypes
import Model
import ServiceRuntime
import Testing

private struct SecretFault: Error, CustomStringConvertible { let description = "password is swordfish" }
private struct DatabaseDown: Error {}

/// Routes that meet every way a request can end.
private let routes: [Route] = [
    .get("/participants/{id}") { request in
        .json(
            .ok,
            [
                "id": .string(try request.pathParameter("id")),
                "page": .string(try request.query("page") ?? ""),
            ])
    },
    .post("/participants/{id}", maxBodyBytes: 1_000) { request in .json(.created, try request.json()) },
    .post("/fhir/Consent", maxBodyBytes: 1_000) { request in .fhir(.created, try request.json()) },
    .get("/secret") { _ in throw SecretFault() },
    .get("/fhir/Patient") { _ in throw DatabaseDown() },
    .get("/slow", timeoutMilliseconds: 50) { _ in
        try await Task.sleep(for: .seconds(30))
        return .empty(.ok)
    },
    .post("/slow-body", timeoutMilliseconds: 100) { _ in .empty(.noContent) },
    .get("/late", timeoutMilliseconds: 50) { _ in
        try? await Task.sleep(for: .seconds(30))
        return .json(.ok, ["committed": true], headers: [.cacheControl: "private"])
    },
]

private struct Case: Sendable {
    let name: String
    let parts: [String]
    let status: Int
    var head: [String] = []
    var body: [String] = []
}

private let json = ["Content-Type: application/json"]
private let cases: [Case] = [
    Case(
        name: "decoded parts", parts: [LoopbackClient.request("GET", "/participants/a%2Fb?page=1+2")],
        status: 200,
        head: [
            "Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Content-Type: application/json",
        ],
        body: [#"{"id":"a/b","page":"1 2"}"#]),
    Case(
        name: "unknown path", parts: [LoopbackClient.request("GET", "/nothing")], status: 404,
        body: [#""error":"not_found""#, #""error_description""#]),
    Case(
        name: "unknown path of FHIR", parts: [LoopbackClient.request("GET", "/fhir/Nothing/1")], status: 404,
        head: ["Content-Type: application/fhir+json"],
        body: [#""resourceType":"OperationOutcome""#, #""code":"not-found""#, #""text":"not_found""#]),
    Case(name: "empty part", parts: [LoopbackClient.request("GET", "/participants//a")], status: 404),
    Case(
        name: "wrong method", parts: [LoopbackClient.request("DELETE", "/participants/a")], status: 405,
        head: ["Allow: GET, HEAD, POST"]),
    Case(name: "unknown method", parts: [LoopbackClient.request("PROPFIND", "/participants/a")], status: 501),
    Case(
        name: "HEAD", parts: [LoopbackClient.request("HEAD", "/participants/a")], status: 200,
        head: ["Content-Length: 20"]),
    Case(name: "broken path", parts: [LoopbackClient.request("GET", "/participants/%zz")], status: 400),
    Case(
        name: "broken query", parts: [LoopbackClient.request("GET", "/participants/a?q=%C3")], status: 400),
    Case(
        name: "duplicate parameter", parts: [LoopbackClient.request("GET", "/participants/a?page=1&page=2")],
        status: 400, body: ["duplicate_parameter"]),
    Case(
        name: "bad JSON",
        parts: [LoopbackClient.request("POST", "/participants/a", headers: json, body: "{\"a\":1,}")],
        status: 400, body: ["invalid_json", "at byte 7"]),
    Case(
        name: "wrong media type",
        parts: [
            LoopbackClient.request("POST", "/fhir/Consent", headers: ["Content-Type: text/plain"], body: "{}")
        ],
        status: 415, body: [#""code":"not-supported""#]),
    Case(
        name: "body announced too large",
        parts: [LoopbackClient.request("POST", "/participants/a", headers: json + ["Content-Length: 1001"])],
        status: 413, head: ["Connection: close"]),
    Case(
        name: "body grows too large",
        parts: [
            LoopbackClient.request("POST", "/fhir/Consent", headers: json + ["Transfer-Encoding: chunked"]),
            "fa0\r\n" + String(repeating: "x", count: 4_000) + "\r\n",
        ],
        status: 413, body: [#""code":"too-long""#]),
    Case(
        name: "body without an end on a connection that would stay open",
        parts: [
            "POST /participants/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
            "fa0\r\n" + String(repeating: "x", count: 4_000) + "\r\n",
        ],
        status: 413, head: ["Connection: close"]),
    Case(
        name: "body stalls",
        parts: [LoopbackClient.request("POST", "/slow-body", headers: ["Content-Length: 5"]) + "abc"],
        status: 408),
    Case(
        name: "handler stalls", parts: [LoopbackClient.request("GET", "/slow")], status: 503,
        head: ["Retry-After: 1"], body: ["timed_out"]),
    Case(
        name: "late handler that finished", parts: [LoopbackClient.request("GET", "/late")], status: 200,
        head: ["Cache-Control: private"], body: ["committed"]),
    Case(
        name: "unexpected error", parts: [LoopbackClient.request("GET", "/secret")], status: 500,
        body: ["internal_fault"]),
    Case(
        name: "mapped error", parts: [LoopbackClient.request("GET", "/fhir/Patient")], status: 503,
        body: [#""code":"transient""#, "database_down"]),
    Case(
        name: "header too large",
        parts: [
            LoopbackClient.request(
                "GET", "/livez", headers: ["X-Long: " + String(repeating: "x", count: 40_000)])
        ],
        status: 400, head: ["Content-Type: application/json", "Connection: close"],
        body: [#""error":"malformed_request""#, "32768 bytes"]),
    Case(
        name: "no HTTP at all", parts: ["\u{16}\u{3}\u{1}\r\n\r\n"], status: 400,
        body: ["malformed_request"]),
    Case(
        name: "two lengths of one body",
        parts: [
            LoopbackClient.request(
                "POST", "/participants/a", headers: json + ["Transfer-Encoding: chunked"], body: "{}")
        ],
        status: 400, body: ["malformed_request"]),
]

@Suite(.serialized) struct ServerTests {
    @Test func everyEndOfARequestHasItsAnswer() async throws {
        let application = makeApplication(
            routes: routes,
            mapError: { error in
                error is DatabaseDown ? .unavailable("database_down", "the database is down; try again") : nil
            })
        try await withRunning(application) { service in
            for one in cases {
                let reply = try await LoopbackClient.exchange(
                    port: service.port, one.parts, pauseMilliseconds: 20)
                let lowerHead = reply.head.lowercased()
                let missing =
                    one.head.filter { !lowerHead.contains($0.lowercased()) }
                    + one.body.filter { !reply.body.contains($0) }
                #expect(reply.status == one.status, "\(one.name): \(reply.body)")
                #expect(missing.isEmpty, "\(one.name): \(reply.head) \(reply.body)")
                #expect(!reply.body.contains("swordfish"), "\(one.name)")
                #expect(reply.body.isEmpty == (one.name == "HEAD"), "\(one.name)")
            }
        }
    }

    @Test func oneConnectionCarriesSeveralRequests() async throws {
        try await withRunning(makeApplication(routes: routes)) { service in
            let first = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let reply = try await LoopbackClient.exchange(
                port: service.port, [first, LoopbackClient.request("GET", "/livez")])
            #expect(reply.status == 404)
            #expect(reply.body.hasSuffix(#"{"status":"alive"}"#))
        }
    }

    @Test func aRequestAboveTheLimitIsRefusedAndProbesAreNot() async throws {
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        var limits = ServiceLimits()
        limits.concurrentRequestMax = 1
        let route = Route.get("/wait") { _ in
            enter.finish()
            for await _ in released {}
            return .empty(.noContent)
        }
        try await withRunning(makeApplication(routes: [route], limits: limits)) { service in
            let request = [LoopbackClient.request("GET", "/wait")]
            async let first = LoopbackClient.exchange(port: service.port, request)
            for await _ in entered {}
            let second = try await LoopbackClient.exchange(port: service.port, request)
            let probe = try await LoopbackClient.exchange(
                port: service.port, [LoopbackClient.request("GET", "/livez")])
            release.finish()
            let firstStatus = try await first.status
            #expect([firstStatus, second.status, probe.status] == [204, 503, 200])
            #expect(second.head.contains("Retry-After: 1"))
            let third = try await LoopbackClient.exchange(port: service.port, request)
            #expect(third.status == 204)
        }
    }

    @Test func metricsCarryTemplatesOnly() async throws {
        try await withRunning(makeApplication(routes: routes)) { service in
            for target in ["/participants/patient-4711", "/patient-4711/unknown"] {
                _ = try await LoopbackClient.exchange(
                    port: service.port, [LoopbackClient.request("GET", target)])
            }
            let reply = try await LoopbackClient.exchange(
                port: service.port, [LoopbackClient.request("GET", "/metrics")])
            #expect(reply.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
            let sample = #"http_requests_total{route="/participants/{id}",method="GET",status="200"} 1"#
            #expect(reply.body.contains(sample))
            #expect(reply.body.contains(#"route="unmatched""#))
            #expect(!reply.body.contains("4711"))
            #expect(malformedMetricLines(reply.body).isEmpty)
        }
    }

    @Test func readinessFollowsTheChecks() async throws {
        let (answers, answer) = AsyncStream.makeStream(of: Bool.self)
        let application = makeApplication(
            routes: [],
            readiness: {
                var iterator = answers.makeAsyncIterator()
                let isReady = await iterator.next() ?? false
                return [ReadinessCheck("database", isReady: isReady, detail: isReady ? "" : "no connection")]
            })
        try await withRunning(application) { service in
            let request = [LoopbackClient.request("GET", "/readyz")]
            answer.yield(true)
            let ready = try await LoopbackClient.exchange(port: service.port, request)
            #expect(ready.status == 200)
            answer.yield(false)
            let down = try await LoopbackClient.exchange(port: service.port, request)
            #expect(down.status == 503)
            let check = try JSONValue(parsing: Array(down.body.utf8))["checks"]?[0]
            #expect(check?["detail"]?.string == "no connection")
        }
    }
}
