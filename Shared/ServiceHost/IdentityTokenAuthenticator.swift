import Cryptography
package import LedgerProtocol
package import Model
package import ServiceRuntime
package import Tokens

/// Turns the bearer token of a request into a verified identity token made for this service.
///
/// Rights follow from the token alone; a route never takes its subject from a path or a body.
package struct IdentityTokenAuthenticator: Sendable {
    private let issuer: String
    private let key: PublicSigningKey
    private let audience: String
    private let clock: @Sendable () -> Timestamp

    /// Takes the issuer and its key from genesis, and the receiving service's URL as the audience.
    ///
    /// - Throws: `ConfigurationError` when genesis names no identity service with a token key.
    package init(
        genesis: Genesis, audience: String, clock: @escaping @Sendable () -> Timestamp
    ) throws(ConfigurationError) {
        guard let identity = genesis.service(.identity), let key = identity.tokenKey else {
            throw ConfigurationError(
                variable: HostSettings.genesisVariable,
                reason: "names a genesis without a token key of `identity`; make the network again")
        }
        issuer = identity.url
        self.key = key
        self.audience = audience
        self.clock = clock
    }

    /// Verifies the bearer token of a request.
    ///
    /// - Throws: 401 when there is none, or none that is valid here; 400 for a malformed header.
    package func authenticate(_ request: ServiceRequest) throws(HTTPProblem) -> IdentityToken {
        let compact = try request.bearerToken()
        do throws(TokenRefusal) {
            return try verify(compact)
        } catch {
            throw .unauthenticated("invalid_token", error.description)
        }
    }

    /// Verifies the bearer token of a request and refuses every subject but this kind.
    ///
    /// - Throws: as ``authenticate(_:)``, and 403 for a subject of another kind.
    package func authenticate(
        _ request: ServiceRequest, as kind: ParticipantKind
    ) throws(HTTPProblem) -> IdentityToken {
        let token = try authenticate(request)
        guard token.subjectKind == kind else {
            throw .forbidden("access_denied", "this is open to a \(kind.rawValue) only; use the token of one")
        }
        return token
    }

    /// Verifies an identity token that came otherwise, such as the `subject_token` of a token exchange.
    ///
    /// - Throws: `TokenRefusal`.
    package func verify(_ compact: String) throws(TokenRefusal) -> IdentityToken {
        try IdentityToken.verify(
            token: JSONWebToken(parsing: compact), key: key, issuer: issuer, audience: audience, now: clock())
    }
}

extension ServiceHost {
    /// Makes the authenticator for this service's own URL.
    ///
    /// - Throws: `ConfigurationError` when genesis names no identity service with a token key.
    package func identityTokenAuthenticator() throws(ConfigurationError) -> IdentityTokenAuthenticator {
        try IdentityTokenAuthenticator(genesis: genesis, audience: service.url, clock: clock)
    }
}
