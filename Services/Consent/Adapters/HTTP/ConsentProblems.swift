import ConsentCore
import HTTPTypes
import ServiceHost
import ServiceRuntime
import Tokens

extension ConsentRefusal {
    /// The refusal as an answer.
    var problem: HTTPProblem {
        switch self {
        case .unsigned: .unauthenticated("unsigned", description, scheme: "Consentry-Signature")
        case .malformed: .badRequest("invalid_request", description)
        case .badPatient: .unprocessable("invalid_patient", description)
        case .unknownPatient, .notSignedByPatient: .forbidden("wrong_signature", description)
        case .nonceUsedOtherwise: .conflict("nonce_used", description)
        case .contractRefused: .unprocessable("contract_refused", description)
        case .notActive: .unprocessable("not_active", description)
        case .notEnrolled: .unprocessable("not_enrolled", description)
        case .conditionNotChecked: .unprocessable("condition_not_checked", description)
        case .tooManyContracts: .unprocessable("too_many_contracts", description)
        case .unknownContract: .notFound("unknown_contract", description)
        case .versionRequired:
            HTTPProblem(status: .preconditionRequired, code: "version_required", message: description)
        case .wrongVersion: .preconditionFailed("wrong_version", description)
        case .alreadyRevoked: .conflict("already_revoked", description)
        case .notInactive: .unprocessable("not_inactive", description)
        case .changedOtherwise: .unprocessable("changed_otherwise", description)
        }
    }
}

extension AccessRefusal {
    /// The refusal as an answer.
    var problem: HTTPProblem {
        switch self {
        case .missingParameter, .wrongParameter, .malformedIdempotencyKey:
            .oauth(.invalidRequest, description)
        case .unsupportedGrantType: .oauth(.unsupportedGrantType, description)
        case .unknownResource: .oauth(.invalidTarget, description)
        case .clientNotAuthenticated, .unknownClient, .assertionUsedBefore:
            .oauth(.invalidClient, description)
        case .subjectTokenRefused, .foreignSubjectToken, .subjectNotPractitioner, .tokenExpired:
            .oauth(.invalidGrant, description)
        case .detailsRefused, .unknownPurpose, .tokenTooLong:
            .oauth(.invalidAuthorizationDetails, description)
        case .viewStale: .unavailable("view_stale", description)
        case .idempotencyKeyUsedOtherwise: .conflict("idempotency_key_used", description)
        }
    }
}
