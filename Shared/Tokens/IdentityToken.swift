package import Cryptography
package import Model

/// The access token that `identity` issues: who speaks, and through which system.
package struct IdentityToken: Hashable, Sendable {
    /// The URL of the `identity` service.
    package let issuer: String
    /// The participant who speaks: `sub`.
    package let subject: ParticipantID
    /// What the subject is: `subject_kind`.
    package let subjectKind: ParticipantKind
    /// The organisation for which the subject acts; an organisation's own id for itself; nil for a patient.
    package let organization: ParticipantID?
    /// The system through which the subject speaks: `act.sub` (RFC 8693 section 4.1); nil when it speaks
    /// itself.
    package let actor: ParticipantID?
    /// The URL of the service for which the token was made.
    package let audience: String
    /// When it was issued, in whole seconds.
    package let issuedAt: Timestamp
    /// The end of its validity, in whole seconds and at most 300 after its issue.
    package let expiresAt: Timestamp
    /// The token's `jti`.
    package let id: String

    /// States a token that is to be signed; times are cut to whole seconds.
    package init(
        issuer: String, subject: ParticipantID, subjectKind: ParticipantKind, organization: ParticipantID?,
        actor: ParticipantID?, audience: String, issuedAt: Timestamp, expiresAt: Timestamp, id: String
    ) {
        self.issuer = issuer
        self.subject = subject
        self.subjectKind = subjectKind
        self.organization = organization
        self.actor = actor
        self.audience = audience
        self.issuedAt = Timestamp(seconds: issuedAt.seconds)
        self.expiresAt = Timestamp(seconds: expiresAt.seconds)
        self.id = id
    }

    /// The participant that has to authenticate itself when it uses the token: the actor, else the subject.
    package var clientID: ParticipantID { actor ?? subject }

    /// Signs the token with the issuer's token key.
    ///
    /// - Throws: `TokenRefusal.tooLong`.
    package func signed(by signer: Signer) throws(TokenRefusal) -> String {
        try JSONWebToken.sign(claims: claims, type: .accessToken, signer: signer)
    }

    /// Verifies a token with the issuer's token key from genesis.
    ///
    /// - Parameter issuer: the URL of `identity` in genesis.
    /// - Parameter audience: the receiver's own URL in genesis.
    /// - Throws: `TokenRefusal`.
    package static func verify(
        token: JSONWebToken, key: PublicSigningKey, issuer: String, audience: String, now: Timestamp
    ) throws(TokenRefusal) -> IdentityToken {
        try token.verify(key: key, type: .accessToken)
        let reader = ClaimReader(token.claims)
        guard try reader.text("iss") == issuer else { throw .wrongIssuer }
        let validity = try reader.validity(audience: audience, now: now)
        guard let issuedAt = validity.issuedAt else { throw .missingClaim("iat") }
        guard let kind = ParticipantKind(rawValue: try reader.text("subject_kind")) else {
            throw .invalidClaim("subject_kind")
        }
        let hasActor = reader.names.contains("act")
        let verified = IdentityToken(
            issuer: issuer, subject: try reader.participant("sub"), subjectKind: kind,
            organization: try reader.optionalParticipant("organization"),
            actor: hasActor ? try reader.nested("act").participant("sub") : nil, audience: audience,
            issuedAt: issuedAt, expiresAt: validity.expiresAt, id: validity.id)
        try verified.claims.requireSameClaims(as: token.claims)
        return verified
    }

    private var claims: JSONValue {
        .compact([
            ("iss", .string(issuer)), ("sub", .id(subject)), ("client_id", .id(clientID)),
            ("subject_kind", .string(subjectKind.rawValue)),
            ("organization", organization.map { .id($0) }), ("act", actor.map { ["sub": .id($0)] }),
            ("aud", .string(audience)), ("iat", .seconds(issuedAt)), ("exp", .seconds(expiresAt)),
            ("jti", .string(id)),
        ])
    }
}

extension JSONValue {
    /// Refuses claims that say more, less or other than what was understood.
    func requireSameClaims(as received: JSONValue) throws(TokenRefusal) {
        let understood = try? canonicalBytes()
        guard let understood, understood == (try? received.canonicalBytes()) else { throw .unexpectedClaims }
    }
}
