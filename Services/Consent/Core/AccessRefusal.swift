package import Tokens

/// Says why a request is not decided, or a decision yields no token; decisions to deny are none of these.
package enum AccessRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A needed parameter is absent or not what this grant takes.
    case missingParameter(String)
    /// A parameter has another value than this grant takes.
    case wrongParameter(String)
    /// The grant type is not token exchange.
    case unsupportedGrantType
    /// The resource is not the records service of this network.
    case unknownResource
    /// `Idempotency-Key` is no UUID.
    case malformedIdempotencyKey
    /// The client's assertion is refused.
    case clientNotAuthenticated(TokenRefusal)
    /// The client is not enrolled with a key.
    case unknownClient
    /// The assertion was used before.
    case assertionUsedBefore
    /// The subject token is refused.
    case subjectTokenRefused(TokenRefusal)
    /// The subject token was issued to another client.
    case foreignSubjectToken
    /// The subject is no practitioner of an organisation.
    case subjectNotPractitioner
    /// The authorization details are refused.
    case detailsRefused(RecordAccessDetailsRefusal)
    /// A purpose is no code of v3-ActReason.
    case unknownPurpose
    /// The view of the participants is too old to decide anything.
    case viewStale
    /// The key was used for another request.
    case idempotencyKeyUsedOtherwise
    /// The decision's only token has expired.
    case tokenExpired
    /// The token would be longer than receivers read.
    case tokenTooLong

    /// Whether the same request may succeed once this replica's view of the participants has followed.
    package var mayBeViewBehind: Bool { self == .unknownClient }

    /// The refusal in words, with what to do next.
    package var description: String {
        switch self {
        case .missingParameter(let name): "`\(name)` is missing; send it in the form"
        case .wrongParameter(let name): "`\(name)` has a value that this grant does not take; correct it"
        case .unsupportedGrantType: "`grant_type` is not supported; use token exchange"
        case .unknownResource: "`resource` is not the records service of this network; state its URL"
        case .malformedIdempotencyKey: "`Idempotency-Key` is no UUID; send a new one in lower case"
        case .clientNotAuthenticated(let refusal): "client assertion is refused: \(refusal)"
        case .unknownClient: "client is not enrolled with a key of its own; enrol it first"
        case .assertionUsedBefore: "assertion was used before; make a new one with another `jti`"
        case .subjectTokenRefused(let refusal): "subject token is refused: \(refusal)"
        case .foreignSubjectToken: "subject token was issued to another client; obtain one for this client"
        case .subjectNotPractitioner:
            "subject token is not that of a practitioner who acts for an organisation; obtain one of one"
        case .detailsRefused(let refusal): refusal.description
        case .unknownPurpose:
            "`purposes` of the authorization details holds an unknown code; use v3-ActReason"
        case .viewStale: "what this service knows of participants is too old to decide; try again"
        case .idempotencyKeyUsedOtherwise: "`Idempotency-Key` was used for another request; choose a new one"
        case .tokenExpired: "token of this decision has expired; ask again with a new `Idempotency-Key`"
        case .tokenTooLong: "token of this decision would be too long; ask for fewer resource types"
        }
    }
}
