import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The context of a request: Hummingbird's own and the connection.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Builds Hummingbird's router from the routes of a service and the probes of the platform.
struct RouteTable {
    private let router = Router(context: ConnectionContext.self)

    /// Adds each route to the router; two routes of the same method and template, or templates that hide
    /// each other, trap.
    init(routes: [Route], probes: [Route], harness: Harness) {
        let unmatched = Endpoint(template: "unmatched", routes: [:], isGated: false, harness: harness)
        router.add(middleware: UnmatchedPaths(endpoint: unmatched))
        add(routes, isGated: true, harness)
        add(probes, isGated: false, harness)
        do {
            try router.validate()
        } catch {
            preconditionFailure("\(error)")
        }
    }

    func makeResponder() -> RouterResponder<ConnectionContext> { router.buildResponder() }

    private func add(_ routes: [Route], isGated: Bool, _ harness: Harness) {
        for (template, group) in Dictionary(grouping: routes, by: \.template) {
            let byMethod = Dictionary(group.map { ($0.method, $0) }) { route, _ in
                preconditionFailure("\(route.method.rawValue) \(template) is listed twice")
            }
            let endpoint = Endpoint(template: template, routes: byMethod, isGated: isGated, harness: harness)
            let responder = CallbackResponder<ConnectionContext> { request, context in
                try await endpoint.respond(to: request, context: context)
            }
            for method in Route.methods {
                router.on(RouterPath(template), method: method, responder: responder)
            }
        }
    }
}

/// Answers what no template fits, and paths with empty parts, which Hummingbird would read as shorter
/// paths.
private struct UnmatchedPaths: RouterMiddleware {
    typealias Context = ConnectionContext

    let endpoint: Endpoint

    func handle(
        _ request: Request, context: ConnectionContext,
        next: @concurrent (Request, ConnectionContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if path.contains("//") || (path.count > 1 && path.hasSuffix("/")) {
            return try await endpoint.respond(to: request, context: context)
        }
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return try await endpoint.respond(to: request, context: context)
        }
    }
}
