package import Cryptography
package import Model

/// A registered system's statement that a clinician works at it now, verified.
///
/// The caller also has to use up ``id`` in the transaction of the request, and to check that system, user and
/// organisation belong together.
package struct UserAssertion: Hashable, Sendable {
    /// The system that vouches: `iss`, the party whose key signed.
    package let system: ParticipantID
    /// The clinician: `sub`.
    package let user: ParticipantID
    /// The organisation for which the clinician acts.
    package let organization: ParticipantID
    /// The clinician's role in the system's own words.
    package let role: String?
    /// When the clinician authenticated at the system: `auth_time`.
    package let authenticatedAt: Timestamp
    /// How the clinician authenticated: `amr` (RFC 8176).
    package let methods: [String]
    /// The token endpoint for which the assertion was made.
    package let audience: String
    /// The end of its validity.
    package let expiresAt: Timestamp
    /// The assertion's `jti`, unique for this system.
    package let id: String

    /// States an assertion that is to be signed.
    package init(
        system: ParticipantID, user: ParticipantID, organization: ParticipantID, role: String?,
        authenticatedAt: Timestamp, methods: [String], audience: String, expiresAt: Timestamp, id: String
    ) {
        self.system = system
        self.user = user
        self.organization = organization
        self.role = role
        self.authenticatedAt = authenticatedAt
        self.methods = methods
        self.audience = audience
        self.expiresAt = expiresAt
        self.id = id
    }

    /// Returns whom the assertion speaks of, so that the user can be looked up; nothing is proven yet.
    ///
    /// - Throws: `TokenRefusal` when `sub` is no participant id.
    package static func claimedUserID(of token: JSONWebToken) throws(TokenRefusal) -> ParticipantID {
        try ClaimReader(token.claims).participant("sub")
    }

    /// Verifies an assertion with the key of the system that presents it.
    ///
    /// - Parameter system: the client that has authenticated itself in the same request.
    /// - Parameter audience: the exact URL of the token endpoint that received it.
    /// - Throws: `TokenRefusal`.
    package static func verify(
        token: JSONWebToken, system: ParticipantID, key: PublicSigningKey, audience: String, now: Timestamp
    ) throws(TokenRefusal) -> UserAssertion {
        try token.verify(key: key, type: .userAssertion)
        let reader = ClaimReader(token.claims)
        guard try reader.participant("iss") == system else { throw .wrongIssuer }
        let validity = try reader.validity(audience: audience, now: now)
        let authenticatedAt = try reader.date("auth_time")
        let ageSeconds = now.seconds - authenticatedAt.seconds
        guard ageSeconds >= -TokenLimits.clockSkewSeconds else { throw .notYetValid }
        guard ageSeconds <= TokenLimits.authenticationAgeSecondsMax else { throw .authenticationTooOld }
        return UserAssertion(
            system: system, user: try reader.participant("sub"),
            organization: try reader.participant("organization"), role: try reader.optionalText("role"),
            authenticatedAt: authenticatedAt, methods: try reader.texts("amr", count: 1...8),
            audience: audience,
            expiresAt: validity.expiresAt, id: validity.id)
    }

    /// Signs the assertion with the system's key.
    ///
    /// - Throws: `TokenRefusal.tooLong`.
    package func signed(by signer: Signer, issuedAt: Timestamp) throws(TokenRefusal) -> String {
        let claims = JSONValue.compact([
            ("iss", .id(system)), ("sub", .id(user)), ("organization", .id(organization)),
            ("role", role.map { .string($0) }), ("auth_time", .seconds(authenticatedAt)),
            ("amr", .array(methods.map { .string($0) })), ("aud", .string(audience)), ("jti", .string(id)),
            ("iat", .seconds(issuedAt)), ("exp", .seconds(expiresAt)),
        ])
        return try JSONWebToken.sign(claims: claims, type: .userAssertion, signer: signer)
    }
}
