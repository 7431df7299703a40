package import HTTPTypes
package import Model

/// An answer of a route.
///
/// The server adds `Cache-Control: no-store`, unless the route sets its own, and
/// `X-Content-Type-Options: nosniff`.
package struct ServiceResponse: Sendable {
    /// The status of the response.
    package var status: HTTPResponse.Status
    /// The header fields, without those that frame the message.
    package var headers: HTTPFields
    /// The whole body.
    package var body: [UInt8]

    /// Makes a response of given parts.
    package init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Makes a response of a JSON document as `application/json`.
    package static func json(
        _ status: HTTPResponse.Status, _ value: JSONValue, headers: HTTPFields = [:]
    ) -> ServiceResponse {
        bytes(value.encoded(), contentType: "application/json", status: status, headers: headers)
    }

    /// Makes a response of a FHIR resource as `application/fhir+json`.
    package static func fhir(
        _ status: HTTPResponse.Status, _ resource: JSONValue, headers: HTTPFields = [:]
    ) -> ServiceResponse {
        bytes(resource.encoded(), contentType: "application/fhir+json", status: status, headers: headers)
    }

    /// Makes a response without a body.
    package static func empty(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) -> ServiceResponse {
        ServiceResponse(status: status, headers: headers)
    }

    /// Makes a response of bytes of the given media type.
    package static func bytes(
        _ body: [UInt8], contentType: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> ServiceResponse {
        var headers = headers
        headers[.contentType] = contentType
        return ServiceResponse(status: status, headers: headers, body: body)
    }
}
