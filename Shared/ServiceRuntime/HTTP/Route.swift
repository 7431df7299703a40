package import HTTPTypes

/// One operation of a service: a method on a path template, its bounds and what answers it.
package struct Route: Sendable {
    /// Answers a request; it must heed cancellation, which is how a time-out reaches it.
    package typealias Handler = @Sendable (ServiceRequest) async throws -> ServiceResponse

    /// Looks at the head of a request, whose body is still empty, and refuses those that may not send one.
    package typealias Admission = @Sendable (ServiceRequest) throws(HTTPProblem) -> Void

    /// Bytes of a body unless the route says otherwise: far above any command, far below any attachment.
    package static let defaultBodyBytesMax = 65_536
    /// Milliseconds for reading the body and answering unless the route says otherwise.
    package static let defaultTimeoutMilliseconds = 10_000

    /// The method it answers.
    package let method: HTTPRequest.Method
    /// The path with parameters in braces, such as `/participants/{id}`; also the label in metrics and
    /// logs.
    package let template: String
    /// Bytes of the largest body; one more gets 413.
    package let maxBodyBytes: Int
    /// Milliseconds for reading the body (then 408) and answering (then 503).
    package let timeoutMilliseconds: Int
    /// What is asked before the body is read; for routes whose bodies only known callers may send.
    package let admission: Admission?
    /// What answers requests.
    package let handler: Handler

    /// Makes a route.
    ///
    /// The template begins with `/` and consists of non-empty parts, each fixed text or one `{name}`;
    /// another form traps.
    package init(
        _ method: HTTPRequest.Method, _ template: String, maxBodyBytes: Int = Self.defaultBodyBytesMax,
        timeoutMilliseconds: Int = Self.defaultTimeoutMilliseconds, admission: Admission? = nil,
        handler: @escaping Handler
    ) {
        precondition(Self.isTemplate(template), "\(template) is not a path template")
        precondition(Self.methods.contains(method), "\(method.rawValue) is not a method of routes")
        self.method = method
        self.template = template
        self.maxBodyBytes = maxBodyBytes
        self.timeoutMilliseconds = timeoutMilliseconds
        self.admission = admission
        self.handler = handler
    }

    /// Methods that a template may serve; requests with any other are refused with 501.
    static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    private static func isTemplate(_ template: String) -> Bool {
        if template == "/" { return true }
        let parts = template.split(separator: "/", omittingEmptySubsequences: false)
        return parts.first == "" && parts.count > 1
            && parts.dropFirst().allSatisfy { part in
                let isParameter = part.hasPrefix("{") && part.hasSuffix("}")
                let word = isParameter ? part.dropFirst().dropLast() : part
                return !word.isEmpty && !word.contains { "{}*:?#%".contains($0) }
            }
    }
}

extension Route {
    /// Makes a route of `GET`, which also answers `HEAD`.
    package static func get(
        _ template: String, timeoutMilliseconds: Int = defaultTimeoutMilliseconds, handler: @escaping Handler
    ) -> Route {
        Route(.get, template, maxBodyBytes: 0, timeoutMilliseconds: timeoutMilliseconds, handler: handler)
    }

    /// Makes a route of `POST`.
    package static func post(
        _ template: String, maxBodyBytes: Int = defaultBodyBytesMax,
        timeoutMilliseconds: Int = defaultTimeoutMilliseconds, admission: Admission? = nil,
        handler: @escaping Handler
    ) -> Route {
        Route(
            .post, template, maxBodyBytes: maxBodyBytes, timeoutMilliseconds: timeoutMilliseconds,
            admission: admission, handler: handler)
    }

    /// Makes a route of `PUT`.
    package static func put(
        _ template: String, maxBodyBytes: Int = defaultBodyBytesMax,
        timeoutMilliseconds: Int = defaultTimeoutMilliseconds, handler: @escaping Handler
    ) -> Route {
        Route(
            .put, template, maxBodyBytes: maxBodyBytes, timeoutMilliseconds: timeoutMilliseconds,
            handler: handler)
    }

    /// Makes a route of `DELETE`.
    package static func delete(
        _ template: String, timeoutMilliseconds: Int = defaultTimeoutMilliseconds, handler: @escaping Handler
    ) -> Route {
        Route(.delete, template, maxBodyBytes: 0, timeoutMilliseconds: timeoutMilliseconds, handler: handler)
    }
}
