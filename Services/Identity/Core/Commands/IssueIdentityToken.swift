package import Cryptography
package import Model
package import Tokens

/// The command to issue an identity token: to a participant itself, or to a system for its user.
package struct IssueIdentityToken: Sendable {
    /// The longest body of the request: two assertions of the longest form and the other fields.
    package static let bodyBytesMax = 32_768
    /// How long a token is valid; the most that receivers accept.
    package static let lifetimeSeconds: Int64 = TokenLimits.lifetimeSecondsMax

    /// The ways to ask.
    package enum Grant: Sendable {
        /// The client asks for itself.
        case client
        /// A system asks for its user by this assertion.
        case user(JSONWebToken, claimedUserID: ParticipantID)
    }

    /// What the client offers as its authentication.
    package let credential: ClientCredential
    /// For whom it asks.
    package let grant: Grant
    /// The service for which the token is to be made.
    package let resource: String

    /// Reads the form of `POST /token`.
    ///
    /// - Throws: `TokenRequestRefusal`.
    package init(form: [String: String]) throws(TokenRequestRefusal) {
        guard let grantType = form["grant_type"] else { throw .missingParameter("grant_type") }
        let type = OAuth.GrantType(rawValue: grantType)
        guard type == .clientCredentials || type == .userAssertion else { throw .unsupportedGrantType }
        do throws(TokenRefusal) { credential = try ClientCredential(form: form) } catch {
            throw .clientNotAuthenticated(error)
        }
        guard let resource = form["resource"] else { throw .missingParameter("resource") }
        self.resource = resource
        grant = type == .userAssertion ? try Self.userGrant(form) : .client
    }

    private static func userGrant(_ form: [String: String]) throws(TokenRequestRefusal) -> Grant {
        guard let compact = form["assertion"] else { throw .missingParameter("assertion") }
        do throws(TokenRefusal) {
            let token = try JSONWebToken(parsing: compact)
            return .user(token, claimedUserID: try UserAssertion.claimedUserID(of: token))
        } catch {
            throw .userAssertionRefused(error)
        }
    }

    /// Decides the command; changes nothing.
    ///
    /// The caller uses up the assertions of the result in the transaction that read the facts, and signs
    /// only then.
    /// - Parameter tokenID: random, for the new token.
    /// - Throws: `TokenRequestRefusal`.
    package func decide(
        _ facts: TokenFacts, tokenID: String, now: Timestamp
    ) throws(TokenRequestRefusal) -> IdentityTokenGrant {
        let audience = facts.issuer + OAuth.tokenPath
        let (client, assertion) = try authenticate(facts, audience: audience, now: now)
        guard facts.resources.contains(resource) else { throw .unknownResource }
        var used = [UsedAssertion(assertion)]
        var subject = client
        if case .user(let token, _) = grant {
            let verified = try verify(token, client: client, facts: facts, audience: audience, now: now)
            subject = verified.user
            used.append(UsedAssertion(verified.assertion))
        }
        let token = IdentityToken(
            issuer: facts.issuer, subject: subject.id, subjectKind: subject.kind,
            organization: Self.organization(of: subject), actor: subject.id == client.id ? nil : client.id,
            audience: resource, issuedAt: now,
            expiresAt: now.advanced(byMilliseconds: Self.lifetimeSeconds * 1_000), id: tokenID)
        return IdentityTokenGrant(token: token, used: used)
    }

    private func authenticate(
        _ facts: TokenFacts, audience: String, now: Timestamp
    ) throws(TokenRequestRefusal) -> (RegisteredParticipant, ClientAssertion) {
        guard let client = facts.client, let key = client.signingKey else { throw .unknownClient }
        let assertion: ClientAssertion
        do throws(TokenRefusal) {
            assertion = try ClientAssertion.verify(
                token: credential.token, key: key, audience: audience, now: now)
        } catch {
            throw .clientNotAuthenticated(error)
        }
        // INVARIANT: a permissive event acts when it is final, so nobody gets a token before that.
        guard client.isFinal else { throw .clientPending }
        return (client, assertion)
    }

    private func verify(
        _ token: JSONWebToken, client: RegisteredParticipant, facts: TokenFacts, audience: String,
        now: Timestamp
    ) throws(TokenRequestRefusal) -> (user: RegisteredParticipant, assertion: UserAssertion) {
        guard client.kind == .system, let organization = client.organization, let key = client.signingKey
        else {
            throw .notASystem
        }
        let assertion: UserAssertion
        do throws(TokenRefusal) {
            assertion = try UserAssertion.verify(
                token: token, system: client.id, key: key, audience: audience, now: now)
        } catch {
            throw .userAssertionRefused(error)
        }
        // One answer for every kind of stranger: a system learns nothing of other organisations' people.
        guard assertion.organization == organization, let user = facts.user, user.id == assertion.user,
            user.kind == .practitioner, user.organization == organization, user.isFinal
        else { throw .userNotOfOrganization }
        return (user, assertion)
    }

    /// The organisation for which a participant acts; a patient acts for none.
    private static func organization(of participant: RegisteredParticipant) -> ParticipantID? {
        switch participant.kind {
        case .organization: participant.id
        case .practitioner, .system: participant.organization
        case .patient: nil
        }
    }
}

/// An assertion that a grant uses up.
package struct UsedAssertion: Hashable, Sendable {
    /// What the assertion was used for; each has its own space of ids.
    package enum Purpose: String, Sendable {
        case client
        case user
    }

    /// Who signed it.
    package let signer: ParticipantID
    /// What it was used for.
    package let purpose: Purpose
    /// SHA-256 of its `jti`, since what outsiders choose is not stored.
    package let digest: Digest
    /// When it expires, and with it the need to remember it.
    package let expiresAt: Timestamp

    init(_ assertion: ClientAssertion) {
        signer = assertion.clientID
        purpose = .client
        digest = SHA256.hash(Array(assertion.id.utf8))
        expiresAt = assertion.expiresAt
    }

    init(_ assertion: UserAssertion) {
        signer = assertion.system
        purpose = .user
        digest = SHA256.hash(Array(assertion.id.utf8))
        expiresAt = assertion.expiresAt
    }
}

/// A token to be signed once its assertions are used up.
package struct IdentityTokenGrant: Hashable, Sendable {
    /// The token's claims.
    package let token: IdentityToken
    /// The assertions that it rests on.
    package let used: [UsedAssertion]
}

/// Says why no token is issued; nothing has changed then.
package enum TokenRequestRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A needed parameter is absent.
    case missingParameter(String)
    /// The grant type is not one of this service's two.
    case unsupportedGrantType
    /// The client's assertion is refused.
    case clientNotAuthenticated(TokenRefusal)
    /// The client is not enrolled, or holds no key.
    case unknownClient
    /// The client's enrolment is not final yet.
    case clientPending
    /// An assertion was used before.
    case assertionUsedBefore(UsedAssertion.Purpose)
    /// The resource is no service of this network.
    case unknownResource
    /// Only systems may ask for their users.
    case notASystem
    /// The user assertion is refused.
    case userAssertionRefused(TokenRefusal)
    /// The user is not a practitioner whom the system's organisation has enrolled.
    case userNotOfOrganization

    /// The error code of the token endpoint.
    package var code: OAuth.ErrorCode {
        switch self {
        case .missingParameter: .invalidRequest
        case .unsupportedGrantType: .unsupportedGrantType
        case .clientNotAuthenticated, .unknownClient, .clientPending, .assertionUsedBefore(.client):
            .invalidClient
        case .unknownResource: .invalidTarget
        case .notASystem: .unauthorizedClient
        case .userAssertionRefused, .userNotOfOrganization, .assertionUsedBefore(.user): .invalidGrant
        }
    }

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .missingParameter(let name): "`\(name)` is missing; send it in the form"
        case .unsupportedGrantType:
            "`grant_type` is not supported; use `client_credentials` or the JWT bearer grant"
        case .clientNotAuthenticated(let refusal): "client assertion is refused: \(refusal)"
        case .unknownClient: "client is not enrolled with a key of its own; enrol it first"
        case .clientPending: "enrolment of the client is not final yet; try again in a moment"
        case .assertionUsedBefore(let purpose):
            "\(purpose.rawValue) assertion was used before; make a new one with another `jti`"
        case .unknownResource: "`resource` is no service of this network; state the URL of one"
        case .notASystem: "only a system may ask for its users; use `client_credentials`"
        case .userAssertionRefused(let refusal): "user assertion is refused: \(refusal)"
        case .userNotOfOrganization:
            "user is not a practitioner of the system's organisation; enrol the user there first"
        }
    }
}
