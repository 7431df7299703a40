/// Says why a token or an assertion is not believed; the set is closed.
///
/// No case holds a part of the token that could be used again, so that the text may be answered and logged.
package enum TokenRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The token is not a compact JWS of canonical base64url over strict JSON objects.
    case malformed
    /// The token is longer than ``JSONWebToken/compactBytesMax``, or would be.
    case tooLong
    /// The header names another algorithm than EdDSA, `none` too.
    case wrongAlgorithm
    /// The header's `typ` names another kind of token than the one that is asked for.
    case wrongType
    /// The header lists critical extensions, and this implementation understands none (RFC 7515 section
    /// 4.1.11).
    case criticalExtension
    /// The header's `kid` names no key that may sign this token.
    case unknownKey
    /// The signature is not the named key's over these bytes.
    case badSignature
    /// `exp` has passed.
    case expired
    /// `iat`, `nbf` or `auth_time` lies ahead.
    case notYetValid
    /// The token is valid for longer than ``TokenLimits/lifetimeSecondsMax``.
    case lifetimeTooLong
    /// The user's authentication is older than ``TokenLimits/authenticationAgeSecondsMax``.
    case authenticationTooOld
    /// `aud` is not exactly the receiver's own URL.
    case wrongAudience
    /// `iss` is not the party whose key is used.
    case wrongIssuer
    /// `sub` is not the party that it has to be.
    case wrongSubject
    /// A claim or header member that is needed is absent.
    case missingClaim(String)
    /// A claim or header member is of the wrong form or out of bounds.
    case invalidClaim(String)
    /// A token of this suite holds claims beyond those that its kind defines.
    case unexpectedClaims

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .malformed:
            "token is not a compact signed JSON web token; send header.claims.signature in base64url"
        case .tooLong: "token is longer than `\(JSONWebToken.compactBytesMax)` bytes; state fewer claims"
        case .wrongAlgorithm: "token is not signed with `EdDSA`; sign it with an Ed25519 key"
        case .wrongType: "token is of another type; set `typ` to the one that this use defines"
        case .criticalExtension: "token lists critical extensions; leave `crit` out"
        case .unknownKey: "key of the token is not known for its signer; set `kid` to the registered key's id"
        case .badSignature:
            "signature of the token does not verify; sign the exact bytes with the registered key"
        case .expired: "token has expired; make a new one"
        case .notYetValid: "token is dated ahead; correct the signer's clock"
        case .lifetimeTooLong:
            "token is valid for more than `\(TokenLimits.lifetimeSecondsMax)` seconds; make it shorter"
        case .authenticationTooOld:
            "authentication of the user is too old; ask the user to authenticate again"
        case .wrongAudience: "token is made for another receiver; set `aud` to this receiver's exact URL"
        case .wrongIssuer: "token is issued by another party; set `iss` to the signer's own name"
        case .wrongSubject: "token is about another party; set `sub` to the one that this use defines"
        case .missingClaim(let name): "`\(name)` is missing; state it"
        case .invalidClaim(let name): "`\(name)` has a wrong form; correct it"
        case .unexpectedClaims: "token holds claims that its kind does not define; leave them out"
        }
    }
}

/// The bounds of every token, stated once.
package enum TokenLimits {
    /// How long a token or assertion may be valid: SMART Backend Services allows five minutes.
    package static let lifetimeSecondsMax: Int64 = 300
    /// By how much clocks may differ; more would let a used-up assertion live on.
    package static let clockSkewSeconds: Int64 = 10
    /// How long a user's authentication at a system may stand behind assertions: a long shift.
    package static let authenticationAgeSecondsMax: Int64 = 43_200
    /// The longest `jti`; it is stored until the assertion expires.
    package static let identifierBytesMax = 128
    /// The longest text of any other claim.
    package static let textBytesMax = 512
    /// How many elements a list of a claim may have.
    package static let listCountMax = 32
}

/// The `typ` of the project's tokens, so that one kind never passes for another (RFC 8725 section 3.11).
package enum TokenType: String, Sendable {
    /// A client's assertion about itself (RFC 7523).
    case clientAssertion = "JWT"
    /// A system's assertion about a user who works at it.
    case userAssertion = "consentry-user+jwt"
    /// An access token (RFC 9068): identity tokens and record-access tokens, told apart by issuer and key.
    case accessToken = "at+jwt"
}
