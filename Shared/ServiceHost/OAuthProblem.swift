package import ServiceRuntime
package import Tokens

extension HTTPProblem {
    /// Returns the error of a token endpoint: 401 for `invalid_client`, 403 for `access_denied`, else 400
    /// (RFC 6749 section 5.2).
    package static func oauth(_ code: OAuth.ErrorCode, _ message: String) -> HTTPProblem {
        switch code {
        case .invalidClient: .unauthenticated(code.rawValue, message)
        case .accessDenied: .forbidden(code.rawValue, message)
        case .invalidRequest, .invalidGrant, .invalidTarget, .invalidAuthorizationDetails,
            .unauthorizedClient,
            .unsupportedGrantType:
            .badRequest(code.rawValue, message)
        }
    }
}
