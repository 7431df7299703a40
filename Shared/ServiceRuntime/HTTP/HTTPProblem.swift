package import HTTPTypes
import Model

/// An answer that refuses a request, in the one error form of the suite.
///
/// Everywhere `{"error":"code","error_description":"message"}` (also the form of RFC 6749, section 5.2);
/// under `/fhir` a FHIR R4 OperationOutcome with the same code and message.
package struct HTTPProblem: Error, Sendable {
    /// The status of the response.
    package var status: HTTPResponse.Status
    /// A stable word in snake case that programs act on.
    package var code: String
    /// A sentence that helps the caller; never holds secrets or what others know.
    package var message: String
    /// The FHIR issue type, when it is not the usual one of the status.
    package var fhirIssueType: String?
    /// Seconds after which the caller should try again, sent as `Retry-After`.
    package var retryAfterSeconds: Int?
    /// Further headers of the response.
    package var headers: HTTPFields
    /// What the log says about it, written for operators; never sent.
    package var cause: String?

    /// Makes a problem.
    package init(
        status: HTTPResponse.Status, code: String, message: String, fhirIssueType: String? = nil,
        retryAfterSeconds: Int? = nil, headers: HTTPFields = [:], cause: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.fhirIssueType = fhirIssueType
        self.retryAfterSeconds = retryAfterSeconds
        self.headers = headers
        self.cause = cause
    }
}

extension HTTPProblem {
    /// The request is malformed (400).
    package static func badRequest(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .badRequest, code: code, message: message)
    }

    /// The caller did not prove who they are (401), with the challenge of RFC 6750, section 3.
    ///
    /// - Parameter scheme: the authentication scheme to use, as in `Bearer` or `DPoP`.
    package static func unauthenticated(
        _ code: String, _ message: String, scheme: String = "Bearer"
    ) -> HTTPProblem {
        // SPEC RFC 6750 §3: a request without any credentials is challenged without an error code.
        let hasCredentials = code != Self.missingTokenCode
        let quoted = String(
            message.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 && $0 != "\"" && $0 != "\\" })
        let challenge =
            hasCredentials ? "\(scheme) error=\"\(code)\", error_description=\"\(quoted)\"" : scheme
        return HTTPProblem(
            status: .unauthorized, code: code, message: message, headers: [.wwwAuthenticate: challenge])
    }

    /// The code of a request that carries no credentials at all.
    package static let missingTokenCode = "missing_token"

    /// The caller is known and may not do this (403).
    package static func forbidden(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .forbidden, code: code, message: message)
    }

    /// There is nothing here that the caller may know of (404).
    package static func notFound(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .notFound, code: code, message: message)
    }

    /// The path exists, the method does not (405).
    ///
    /// - Parameter allow: the methods of the path, sent as `Allow`.
    package static func methodNotAllowed(allow: [HTTPRequest.Method]) -> HTTPProblem {
        let methods = allow.map(\.rawValue).sorted().joined(separator: ", ")
        return HTTPProblem(
            status: .methodNotAllowed, code: "method_not_allowed", message: "use \(methods) on this path",
            headers: [.allow: methods])
    }

    /// The request does not fit the present state (409).
    package static func conflict(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .conflict, code: code, message: message)
    }

    /// A condition of the request does not hold (412).
    package static func preconditionFailed(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .preconditionFailed, code: code, message: message)
    }

    /// The body is larger than the route takes (413).
    package static func tooLarge(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .contentTooLarge, code: code, message: message)
    }

    /// The body is of a kind that the route does not take (415).
    package static func unsupportedMediaType(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .unsupportedMediaType, code: code, message: message)
    }

    /// The body is well formed and still cannot be accepted (422).
    package static func unprocessable(_ code: String, _ message: String) -> HTTPProblem {
        HTTPProblem(status: .unprocessableContent, code: code, message: message)
    }

    /// This caller asks too often (429).
    package static func tooManyRequests(
        _ code: String, _ message: String, retryAfterSeconds: Int
    ) -> HTTPProblem {
        HTTPProblem(
            status: .tooManyRequests, code: code, message: message, retryAfterSeconds: retryAfterSeconds)
    }

    /// The service cannot answer at the moment and the same request may succeed later (503).
    package static func unavailable(
        _ code: String, _ message: String, retryAfterSeconds: Int = 1, cause: String? = nil
    ) -> HTTPProblem {
        HTTPProblem(
            status: .serviceUnavailable, code: code, message: message, retryAfterSeconds: retryAfterSeconds,
            cause: cause)
    }

    /// A fault of the service itself (500); tells the caller nothing but a reference that the log
    /// repeats.
    package static func internalFault(reference: String, cause: String? = nil) -> HTTPProblem {
        HTTPProblem(
            status: .internalServerError, code: "internal_fault",
            message: "the service met a fault; give the operator the reference \(reference)", cause: cause)
    }
}

extension HTTPProblem {
    /// Returns the response in the error form of the path's family.
    package func response(forPath path: String) -> ServiceResponse {
        var headers = headers
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        guard path == "/fhir" || path.hasPrefix("/fhir/") else {
            return .json(
                status, ["error": .string(code), "error_description": .string(message)], headers: headers)
        }
        let issue: JSONValue = [
            "severity": "error", "code": .string(fhirIssueType ?? defaultIssueType),
            "details": ["text": .string(code)], "diagnostics": .string(message),
        ]
        return .fhir(status, ["resourceType": "OperationOutcome", "issue": [issue]], headers: headers)
    }

    /// SPEC FHIR R4 value set issue-type: the code nearest to the status.
    private var defaultIssueType: String {
        switch status.code {
        case 400: "invalid"
        case 401: "login"
        case 403: "forbidden"
        case 404: "not-found"
        case 405, 415, 501: "not-supported"
        case 408: "timeout"
        case 409, 412: "conflict"
        case 413: "too-long"
        case 429: "throttled"
        case 503: "transient"
        case 500...: "exception"
        default: "processing"
        }
    }
}
