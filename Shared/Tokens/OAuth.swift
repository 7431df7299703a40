package import Model

/// The fixed names of OAuth 2 that more than one service uses.
package enum OAuth {
    /// `client_assertion_type` of `private_key_jwt` (RFC 7523 section 2.2).
    package static let clientAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// `issued_token_type` and `subject_token_type` of an access token (RFC 8693 section 3).
    package static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
    /// The path of every token endpoint; issuer and path together are the audience of client assertions.
    package static let tokenPath = "/token"
    /// The path of the key set.
    package static let keySetPath = "/.well-known/jwks.json"
    /// The path of the metadata (RFC 8414 section 3).
    package static let metadataPath = "/.well-known/oauth-authorization-server"

    /// The ways to ask for a token.
    package enum GrantType: String, Sendable {
        /// A participant asks for itself (RFC 6749 section 4.4).
        case clientCredentials = "client_credentials"
        /// A system asks for its user by an assertion (RFC 7523 section 2.1).
        case userAssertion = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        /// A token is exchanged for another (RFC 8693 section 2.1).
        case tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    }

    /// The error codes of token endpoints (RFC 6749 section 5.2, RFC 8707 section 2, RFC 9396 section 5).
    package enum ErrorCode: String, Sendable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case invalidTarget = "invalid_target"
        case invalidAuthorizationDetails = "invalid_authorization_details"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case accessDenied = "access_denied"
    }

    /// Returns the metadata of an authorization server (RFC 8414 section 2).
    ///
    /// - Parameter issuer: the service's URL in genesis.
    package static func metadata(
        issuer: String, grantTypes: [GrantType], authorizationDetailsTypes: [String] = []
    ) -> JSONValue {
        let types = authorizationDetailsTypes.map { JSONValue.string($0) }
        return .compact([
            ("issuer", .string(issuer)), ("token_endpoint", .string(issuer + tokenPath)),
            ("jwks_uri", .string(issuer + keySetPath)), ("response_types_supported", []),
            ("grant_types_supported", .array(grantTypes.map { .string($0.rawValue) })),
            ("token_endpoint_auth_methods_supported", ["private_key_jwt"]),
            ("token_endpoint_auth_signing_alg_values_supported", [.string(JSONWebToken.algorithm)]),
            ("authorization_details_types_supported", types.isEmpty ? nil : .array(types)),
        ])
    }

    /// Returns the successful answer of a token endpoint (RFC 6749 section 5.1).
    ///
    /// - Parameter extra: further members, as token exchange and authorization details define them.
    package static func tokenResponse(
        token: String, expiresInSeconds: Int64, extra: [JSONMember] = []
    ) -> JSONValue {
        .object(
            [
                JSONMember(name: "access_token", value: .string(token)),
                JSONMember(name: "issued_token_type", value: .string(accessTokenType)),
                JSONMember(name: "token_type", value: "Bearer"),
                JSONMember(name: "expires_in", value: .number(JSONNumber(expiresInSeconds))),
            ] + extra)
    }
}
