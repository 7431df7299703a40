import ConsentCore
import HTTPTypes
import Messaging
import Model
import ServiceRuntime
import Tokens

/// Puts decisions into answers, for each reader no more than that reader may know.
enum AccessAnswers {
    /// Answers with the token of a permitted request.
    static func granted(
        _ details: RecordAccessDetails, decision: AccessDecision, token: String, entryIndex: UInt64,
        secondsLeft: Int64
    ) -> ServiceResponse {
        let element = details.granted(
            purposes: decision.grantedPurposes, decision: decision.id, entryIndex: entryIndex)
        return .json(
            .ok,
            OAuth.tokenResponse(
                token: token, expiresInSeconds: secondsLeft,
                extra: [JSONMember(name: "authorization_details", value: .array([element]))]),
            headers: [.cacheControl: "no-store"])
    }

    /// Answers that a request is denied: the requester's own side, alike for unknown patients.
    static func denied(_ decision: AccessDecision) -> ServiceResponse {
        refused(decision, sentence: decision.requesterSentence)
    }

    /// Answers that a permit was withdrawn before its token was issued.
    static func withdrawn(_ decision: AccessDecision) -> ServiceResponse {
        refused(decision, sentence: "Access is no longer permitted. Reference: `\(decision.id)`.")
    }

    /// Answers that a decision is not final yet.
    static func pending(_ decision: AccessDecision) -> ServiceResponse {
        .json(
            .accepted, ["status": "pending", "decision": .string(decision.id.description)],
            headers: [.location: "/decisions/\(decision.id)"])
    }

    /// The whole decision, as its patient sees it.
    static func patientView(_ decision: AccessDecision, finality: EventFinality) -> JSONValue {
        let data = decision.data.members ?? []
        return .object(
            common(decision, finality: finality)
                + data.filter { $0.name != "decision" }
                + [
                    JSONMember(
                        name: "explanation", value: .array(decision.patientSentences.map { .string($0) })),
                    JSONMember(name: "evaluation", value: decision.data["decision"] ?? .null),
                ])
    }

    /// The requester's own side of a decision.
    static func requesterView(_ decision: AccessDecision, finality: EventFinality) -> JSONValue {
        .object(
            common(decision, finality: finality) + [
                JSONMember(name: "effect", value: decision.isPermit ? "permit" : "deny"),
                JSONMember(name: "explanation", value: [.string(decision.requesterSentence)]),
            ])
    }

    private static func common(_ decision: AccessDecision, finality: EventFinality) -> [JSONMember] {
        [
            JSONMember(name: "id", value: .string(decision.id.description)),
            JSONMember(name: "status", value: finality.isFinal ? "final" : "pending"),
            JSONMember(name: "time", value: .string(decision.decidedAt.description)),
            JSONMember(name: "entry", value: ContractAnswers.entry(decision.id, finality: finality)),
        ]
    }

    private static func refused(_ decision: AccessDecision, sentence: String) -> ServiceResponse {
        .json(
            .forbidden,
            [
                "error": .string(OAuth.ErrorCode.accessDenied.rawValue),
                "error_description": .string(sentence), "decision": .string(decision.id.description),
            ], headers: [.cacheControl: "no-store"])
    }
}
