import ConsentCore
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Tokens

/// Shows decisions: the whole to the patient, their own side to those who asked.
struct DecisionHandler: Sendable {
    /// Decisions of one answer.
    private static let listCountMax = 100

    let host: ServiceHost
    let authenticator: IdentityTokenAuthenticator

    /// Answers `GET /decisions/{id}`.
    func show(_ request: ServiceRequest) async throws -> ServiceResponse {
        let token = try authenticator.authenticate(request)
        let id = EntryID(try request.pathParameter("id"))
        let view = try await host.pool.query { session -> JSONValue? in
            guard let id, let decision = try DecisionTable.find(id, in: session)?.decision else { return nil }
            let finality = try host.eventStore.finality(of: id, in: session) ?? .pending
            if token.subjectKind == .patient, token.subject == decision.patient {
                return AccessAnswers.patientView(decision, finality: finality)
            }
            let isRequester =
                token.subject == decision.client
                || (token.subject == decision.practitioner && token.actor == decision.system)
            // Spelt out, because a `nil` in a conditional expression would become the JSON value `null`.
            guard isRequester else { return nil }
            return AccessAnswers.requesterView(decision, finality: finality)
        }
        guard let view else {
            throw HTTPProblem.notFound(
                "unknown_decision", "there is no decision of this id that concerns you")
        }
        return .json(.ok, view)
    }

    /// Answers `GET /decisions?patient=`.
    func list(_ request: ServiceRequest) async throws -> ServiceResponse {
        let token = try authenticator.authenticate(request, as: .patient)
        guard let patient = try request.query("patient").flatMap({ ParticipantID($0) }) else {
            throw HTTPProblem.badRequest(
                "invalid_request", "`patient` is missing or no id; state the patient's id")
        }
        guard patient == token.subject else {
            throw HTTPProblem.forbidden(
                "access_denied", "this is open to the patient only; use the patient's token")
        }
        let views = try await host.pool.query { session in
            try DecisionTable.newest(of: patient, countMax: Self.listCountMax, in: session).map { decision in
                AccessAnswers.patientView(
                    decision,
                    finality: try host.eventStore.finality(of: decision.id, in: session) ?? .pending)
            }
        }
        return .json(.ok, ["decisions": .array(views)])
    }
}
