package import HTTPTypes
package import Model

/// A request that reached a route: its parts decoded, its body read within the route's limit.
package struct ServiceRequest: Sendable {
    /// The method; `HEAD` arrives at the route of `GET`.
    package let method: HTTPRequest.Method
    /// The path as sent, without the query and still percent-encoded.
    package let path: String
    /// The header fields as sent.
    package let headers: HTTPFields
    /// The whole body.
    package let body: [UInt8]

    private let pathParameters: [String: String]
    private let queryPairs: [(name: String, value: String)]

    /// Decodes the parts of a request.
    ///
    /// - Parameters:
    ///   - pathParameters: values of the template's names, still percent-encoded.
    ///   - query: the part after `?`, without it.
    /// - Throws: 400 for a broken percent-encoding.
    package init(
        method: HTTPRequest.Method, path: String, pathParameters: [String: String] = [:], query: String = "",
        headers: HTTPFields = [:], body: [UInt8] = []
    ) throws(HTTPProblem) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        var decoded: [String: String] = [:]
        for (name, value) in pathParameters {
            guard let text = PercentEncoding.decoded(value[...], plusIsSpace: false) else {
                throw .badRequest("invalid_path", "the path holds a broken percent-encoding")
            }
            decoded[name] = text
        }
        self.pathParameters = decoded
        guard let pairs = PercentEncoding.pairs(query[...]) else {
            throw .badRequest(
                "invalid_query", "the query holds a broken percent-encoding or a value without a name")
        }
        queryPairs = pairs
    }

    /// Returns the decoded part of the path that the template names.
    ///
    /// - Throws: 500 when the route's template has no such name.
    package func pathParameter(_ name: String) throws(HTTPProblem) -> String {
        guard let value = pathParameters[name] else {
            throw .internalFault(reference: "none", cause: "the route's template does not name `\(name)`")
        }
        return value
    }

    /// Returns the value of a query parameter, or nil when it is absent.
    ///
    /// - Throws: 400 when it is given twice.
    package func query(_ name: String) throws(HTTPProblem) -> String? {
        let values = queryValues(name)
        guard values.count < 2 else {
            throw .badRequest("duplicate_parameter", "give the query parameter `\(name)` once")
        }
        return values.first
    }

    /// Returns all values of a query parameter that may be repeated, in their order.
    package func queryValues(_ name: String) -> [String] {
        queryPairs.filter { $0.name == name }.map(\.value)
    }

    /// The names of all query parameters in their order, for routes that refuse unknown ones.
    package var queryNames: [String] { queryPairs.map(\.name) }

    /// Returns the value of a header field, or nil when it is absent.
    ///
    /// - Throws: 400 when it is given twice, since two readers could pick different ones.
    package func header(_ name: HTTPField.Name) throws(HTTPProblem) -> String? {
        let values = headers[values: name]
        guard values.count < 2 else {
            throw .badRequest("duplicate_header", "give the header `\(name.canonicalName)` once")
        }
        return values.first
    }

    /// Returns the value of a header field by its name, such as `Idempotency-Key`, or nil when it is
    /// absent.
    ///
    /// - Throws: 400 when it is given twice.
    package func header(_ name: String) throws(HTTPProblem) -> String? {
        guard let fieldName = HTTPField.Name(name) else {
            preconditionFailure("a header is named by letters, digits and `-`, not \(name)")
        }
        return try header(fieldName)
    }

    /// Returns the token of `Authorization: Bearer` (RFC 6750, section 2.1), or of another scheme.
    ///
    /// - Throws: 401 when it is missing or of another scheme; 400 when the header is given twice or
    ///   malformed.
    package func bearerToken(scheme: String = "Bearer") throws(HTTPProblem) -> String {
        let value = try header(.authorization) ?? ""
        let parts = value.split(separator: " ", maxSplits: 1)
        guard let given = parts.first, given.lowercased() == scheme.lowercased() else {
            throw .unauthenticated(
                HTTPProblem.missingTokenCode, "send an access token as `Authorization: \(scheme) …`",
                scheme: scheme)
        }
        guard parts.count == 2, Self.isToken(parts[1]) else {
            throw .badRequest("invalid_request", "the token of the authorization header is malformed")
        }
        return String(parts[1])
    }

    /// SPEC RFC 6750 §2.1: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
    private static func isToken(_ text: Substring) -> Bool {
        let core = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        let padding = text.utf8.dropFirst(core.count)
        let isCore = core.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        return !core.isEmpty && isCore && padding.allSatisfy { $0 == UInt8(ascii: "=") }
    }
}

extension ServiceRequest {
    /// Parses the body as JSON.
    ///
    /// - Throws: 415 unless the content type is `application/json` or ends in `+json`; 400 that names
    ///   the byte at fault.
    package func json() throws(HTTPProblem) -> JSONValue {
        let mediaType = try mediaType()
        guard mediaType == "application/json" || mediaType.hasSuffix("+json") else {
            throw .unsupportedMediaType("unsupported_media_type", "send the body as `application/json`")
        }
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw .badRequest(
                "invalid_json", "the body is not JSON: \(error.code.rawValue) at byte \(error.byteOffset)")
        }
    }

    /// Parses the body as a form of `application/x-www-form-urlencoded`.
    ///
    /// Fields without a value count as absent (RFC 6749, section 3.2).
    ///
    /// - Throws: 415 for another content type; 400 for a malformed form or a field given twice.
    package func form() throws(HTTPProblem) -> [String: String] {
        guard try mediaType() == "application/x-www-form-urlencoded" else {
            throw .unsupportedMediaType(
                "unsupported_media_type", "send the body as `application/x-www-form-urlencoded`")
        }
        guard let text = String(validating: body, as: UTF8.self), let pairs = PercentEncoding.pairs(text[...])
        else {
            throw .badRequest("invalid_request", "the form holds a broken encoding or a value without a name")
        }
        var fields: [String: String] = [:]
        for (name, value) in pairs {
            guard fields.updateValue(value, forKey: name) == nil else {
                throw .badRequest("invalid_request", "give the form field `\(name)` once")
            }
        }
        return fields.filter { !$0.value.isEmpty }
    }

    /// The media type in lower case without its parameters.
    private func mediaType() throws(HTTPProblem) -> String {
        let value = try header(.contentType) ?? ""
        return value.prefix { $0 != ";" && $0 != " " }.lowercased()
    }
}
