package import Cryptography
package import Model

/// A client's proof of its identity at a token endpoint (`private_key_jwt`, RFC 7523 section 3), verified.
///
/// The caller also has to use up ``id`` in the transaction of the request: each assertion counts once.
package struct ClientAssertion: Hashable, Sendable {
    /// The participant that authenticates itself: `iss` and `sub`.
    package let clientID: ParticipantID
    /// The token endpoint for which the assertion was made.
    package let audience: String
    /// The end of its validity, and with it of the need to remember ``id``.
    package let expiresAt: Timestamp
    /// The assertion's `jti`, unique for this client.
    package let id: String

    /// Returns who the assertion says it comes from, so that the key can be looked up; nothing is proven yet.
    ///
    /// - Throws: `TokenRefusal` when `iss` and `sub` are not one participant id.
    package static func claimedClientID(of token: JSONWebToken) throws(TokenRefusal) -> ParticipantID {
        let reader = ClaimReader(token.claims)
        let issuer = try reader.participant("iss")
        guard try reader.participant("sub") == issuer else { throw .wrongSubject }
        return issuer
    }

    /// Verifies an assertion with the key that is registered for its claimed client.
    ///
    /// - Parameter audience: the exact URL of the token endpoint that received it.
    /// - Throws: `TokenRefusal`.
    package static func verify(
        token: JSONWebToken, key: PublicSigningKey, audience: String, now: Timestamp
    ) throws(TokenRefusal) -> ClientAssertion {
        try token.verify(key: key, type: .clientAssertion)
        let clientID = try claimedClientID(of: token)
        let validity = try ClaimReader(token.claims).validity(audience: audience, now: now)
        return ClientAssertion(
            clientID: clientID, audience: audience, expiresAt: validity.expiresAt, id: validity.id)
    }

    /// Makes the compact form of an assertion; `id` is random and never used again.
    ///
    /// - Throws: `TokenRefusal.tooLong`.
    package static func make(
        clientID: ParticipantID, audience: String, id: String, issuedAt: Timestamp, expiresAt: Timestamp,
        signer: Signer
    ) throws(TokenRefusal) -> String {
        let claims: JSONValue = [
            "iss": .id(clientID), "sub": .id(clientID), "aud": .string(audience), "jti": .string(id),
            "iat": .seconds(issuedAt), "exp": .seconds(expiresAt),
        ]
        return try JSONWebToken.sign(claims: claims, type: .clientAssertion, signer: signer)
    }
}

/// What a token request offers as the client's authentication, parsed and not yet proven.
package struct ClientCredential: Sendable {
    /// The participant that the client says it is.
    package let claimedClientID: ParticipantID
    /// The assertion that has to prove it; verify it with
    /// ``ClientAssertion/verify(token:key:audience:now:)``.
    package let token: JSONWebToken

    /// Reads `client_assertion_type`, `client_assertion` and the optional `client_id` of a form.
    ///
    /// - Throws: `TokenRefusal`; answer it as `invalid_client`.
    package init(form: [String: String]) throws(TokenRefusal) {
        guard let type = form["client_assertion_type"] else { throw .missingClaim("client_assertion_type") }
        guard type == OAuth.clientAssertionType else { throw .invalidClaim("client_assertion_type") }
        guard let compact = form["client_assertion"] else { throw .missingClaim("client_assertion") }
        token = try JSONWebToken(parsing: compact)
        claimedClientID = try ClientAssertion.claimedClientID(of: token)
        if let clientID = form["client_id"] {
            guard clientID == claimedClientID.description else { throw .invalidClaim("client_id") }
        }
    }
}
