import HTTPTypes
import RecordsCore
import ServiceRuntime

extension BundleRefusal {
    /// The refusal as an answer.
    var problem: HTTPProblem {
        switch self {
        case .tooLarge: .tooLarge("bundle_too_large", description)
        case .notJSON: .badRequest("invalid_json", description)
        case .notBundle, .tooManyEntries, .notStorable, .unidentified, .unknownType, .secondPatient,
            .otherPatient,
            .duplicate:
            .unprocessable("bundle_refused", description)
        }
    }
}

extension ReleaseRefusal {
    /// The refusal as an answer: one for all, so that it tells nothing of what is there.
    var problem: HTTPProblem {
        switch self {
        case .tooMuch:
            HTTPProblem(
                status: .unprocessableContent, code: "too_much",
                message: "more is permitted than one answer holds; ask for fewer types with `_type`",
                fhirIssueType: "too-costly")
        case .otherPatient, .purposeNotGranted, .decisionDiffers, .contractRevoked, .contractUnreadable,
            .noLongerPermitted, .resourceNotReleased:
            .forbidden(
                "access_denied",
                "this token does not open what is asked for; ask `consent` for a new decision")
        }
    }
}

extension ReleaseDelay {
    /// The delay as an answer.
    var problem: HTTPProblem {
        .unavailable(
            "not_yet", "what this answer rests on has not arrived here; try again",
            cause: "release waits: \(rawValue)")
    }
}
