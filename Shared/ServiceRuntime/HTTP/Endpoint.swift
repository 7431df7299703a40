import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What all endpoints of a server share.
struct Harness: Sendable {
    let logger: Logger
    let metrics: HTTPMetrics
    let gate: RequestGate
    let mapError: @Sendable (any Error) -> HTTPProblem?
}

/// All routes of one path template: decodes a request, calls the route and encodes its answer.
struct Endpoint: Sendable {
    /// The template, or `unmatched` for requests that no template fits.
    let template: String
    let routes: [HTTPRequest.Method: Route]
    /// Whether requests take a place at the gate; the probes of the platform do not.
    let isGated: Bool
    let harness: Harness

    /// A response and whether the connection may carry another request.
    private struct Answer {
        var response: ServiceResponse
        var closesConnection = false
    }

    /// Answers a request; throws only when the connection itself is broken.
    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let start = ContinuousClock.now
        let path = request.uri.path
        var answer: Answer
        do {
            answer = try await self.answer(request, context, start: start)
        } catch let problem as HTTPProblem {
            log(problem)
            // A body that nobody read would be read to its end before the next request; an attacker's
            // has no end.
            let closes = request.hasBody || problem.status == .requestTimeout
            answer = Answer(response: problem.response(forPath: path), closesConnection: closes)
        }
        record(request.method, answer.response.status, start: start)
        return encode(answer, method: request.method, channel: context.channel)
    }

    private func answer(
        _ request: Request, _ context: ConnectionContext, start: ContinuousClock.Instant
    ) async throws -> Answer {
        let route = try route(for: request.method)
        try route.admission?(try decoded(request, context, body: []))
        let bodyBytes = request.bodyBytes(atMost: route.maxBodyBytes)
        guard harness.gate.takeRoom(bodyBytes) else { throw Self.atItsLimit }
        defer { harness.gate.giveBackRoom(bodyBytes) }
        let deadline = start + .milliseconds(route.timeoutMilliseconds)
        let body = try await request.readBody(bytesMax: route.maxBodyBytes, deadline: deadline)
        do {
            // A place is taken only now: bodies that trickle in hold their room and nobody's place.
            guard !isGated || harness.gate.enter() else { throw Self.atItsLimit }
            defer { if isGated { harness.gate.leave() } }
            let decoded = try decoded(request, context, body: body)
            return Answer(response: try await call(route, decoded, deadline: deadline))
        } catch {
            // The body has been read here, so the connection can go on.
            let problem = problem(for: error)
            log(problem)
            return Answer(response: problem.response(forPath: request.uri.path))
        }
    }

    private static var atItsLimit: HTTPProblem {
        .unavailable("too_many_concurrent_requests", "the service is at its limit of requests; try again")
    }

    private func decoded(
        _ request: Request, _ context: ConnectionContext, body: [UInt8]
    ) throws(HTTPProblem) -> ServiceRequest {
        try ServiceRequest(
            method: request.method, path: request.uri.path,
            pathParameters: Dictionary(
                context.parameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { $1 }),
            query: request.uri.query ?? "", headers: request.headers, body: body)
    }

    private func route(for method: HTTPRequest.Method) throws(HTTPProblem) -> Route {
        if let route = routes[method] ?? (method == .head ? routes[.get] : nil) { return route }
        guard Route.methods.contains(method) else {
            throw HTTPProblem(
                status: .notImplemented, code: "unknown_method",
                message: "the service does not know this method")
        }
        guard !routes.isEmpty else {
            throw .notFound("not_found", "there is nothing at this path")
        }
        let head: [HTTPRequest.Method] = routes[.get] != nil ? [.head] : []
        throw .methodNotAllowed(allow: Array(Set(Array(routes.keys) + head)))
    }

    private func call(
        _ route: Route, _ request: ServiceRequest, deadline: ContinuousClock.Instant
    ) async throws -> ServiceResponse {
        let outcome = await race(until: deadline) { try await route.handler(request) }
        // What a late handler still finished is the truth; only what its cancellation broke becomes a
        // time-out.
        if outcome.isLate, case .failure(let error) = outcome.result, !(error is HTTPProblem) {
            throw HTTPProblem.unavailable(
                "timed_out", "the service did not answer in time; the request may still have taken effect",
                cause: "route timed out after \(route.timeoutMilliseconds) ms")
        }
        return try outcome.result.get()
    }

    private func problem(for error: any Error) -> HTTPProblem {
        if let problem = error as? HTTPProblem { return problem }
        if let problem = harness.mapError(error) { return problem }
        if error is CancellationError {
            return .unavailable("shutting_down", "the service is stopping; try again")
        }
        let reference = String(UInt64.random(in: .min ... .max), radix: 16)
        let text = ErrorText.safe(error).map { ": \($0)" } ?? ""
        return .internalFault(
            reference: reference, cause: "reference \(reference), \(ErrorText.type(of: error))\(text)")
    }
}

extension Endpoint {
    private func log(_ problem: HTTPProblem) {
        // An unknown method is the caller's fault, and callers do not fill the log.
        guard problem.status.code >= 500, problem.status != .notImplemented else { return }
        let metadata: Logger.Metadata = [
            "route": .string(template), "status": .stringConvertible(problem.status.code),
            "code": .string(problem.code), "cause": .string(problem.cause ?? problem.message),
        ]
        if problem.status == .internalServerError {
            harness.logger.error("request failed", metadata: metadata)
        } else {
            harness.logger.warning("request refused", metadata: metadata)
        }
    }

    private func record(
        _ method: HTTPRequest.Method, _ status: HTTPResponse.Status, start: ContinuousClock.Instant
    ) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let knownMethod = Route.methods.contains(method) ? method.rawValue : "other"
        harness.metrics.requests.increment(template, knownMethod, String(status.code))
        harness.metrics.seconds.observe(seconds, template)
        harness.logger.debug(
            "request",
            metadata: [
                "route": .string(template), "method": .string(knownMethod),
                "status": .stringConvertible(status.code),
                "milliseconds": .stringConvertible(Int((seconds * 1_000).rounded())),
            ])
    }

    /// Milliseconds that a refused body may still arrive, so that its sender reads the answer before the
    /// reset.
    private static let lingerMilliseconds: Int64 = 500

    private func encode(_ answer: Answer, method: HTTPRequest.Method, channel: any Channel) -> Response {
        var headers = answer.response.headers
        if !headers.contains(.cacheControl) { headers[.cacheControl] = "no-store" }
        headers[.xContentTypeOptions] = "nosniff"
        let bytes = answer.response.body
        headers[.contentLength] = String(bytes.count)
        if answer.closesConnection { headers[.connection] = "close" }
        let buffer = ByteBuffer(bytes: method == .head ? [] : bytes)
        guard answer.closesConnection else {
            let body = buffer.readableBytes > 0 ? ResponseBody(byteBuffer: buffer) : ResponseBody()
            return Response(status: answer.response.status, headers: headers, body: body)
        }
        let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            channel.eventLoop.scheduleTask(in: .milliseconds(Self.lingerMilliseconds)) {
                channel.close(promise: nil)
            }
        }
        return Response(status: answer.response.status, headers: headers, body: body)
    }
}
