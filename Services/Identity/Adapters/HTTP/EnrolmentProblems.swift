import IdentityCore
import ServiceRuntime

extension EnrolmentRefusal {
    /// The refusal as an answer.
    var problem: HTTPProblem {
        switch self {
        case .malformed, .missingMember, .unknownMember: .badRequest("invalid_request", description)
        case .unsoundKey: .unprocessable("unsound_key", description)
        case .wrongPossession: .forbidden("wrong_possession", description)
        case .sponsorNotEntitled: .forbidden("sponsor_not_entitled", description)
        case .wrongSponsorSignature: .forbidden("wrong_sponsor_signature", description)
        case .sponsorPending: .conflict("sponsor_pending", description)
        case .notIssuedNow: .unprocessable("not_issued_now", description)
        case .unknownAuthority: .unprocessable("unknown_authority", description)
        case .participantEnrolledOtherwise: .conflict("participant_enrolled_otherwise", description)
        case .keyTaken: .conflict("key_taken", description)
        }
    }
}
