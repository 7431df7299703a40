import Cryptography
import HTTPTypes
import IdentityCore
import LedgerProtocol
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Tokens

/// Issues identity tokens at the token endpoint.
struct TokenHandler: Sendable {
    let host: ServiceHost
    let participants: ParticipantTable
    let signer: Signer
    let budget: ClientBudget

    /// Answers `POST /token`.
    func issue(_ request: ServiceRequest) async throws -> ServiceResponse {
        let form = try request.form()
        let now = host.clock()
        let grant: IdentityTokenGrant
        do {
            let command = try IssueIdentityToken(form: form)
            grant = try await use(command, now: now)
        } catch let refusal as TokenRequestRefusal {
            throw HTTPProblem.oauth(refusal.code, refusal.description)
        }
        // Signed only now: the assertions that it rests on are used up for good.
        let token = try grant.token.signed(by: signer)
        return .json(
            .ok,
            OAuth.tokenResponse(token: token, expiresInSeconds: IssueIdentityToken.lifetimeSeconds),
            headers: [.cacheControl: "no-store"])
    }

    /// Decides the command and uses its assertions up, in one transaction.
    private func use(_ command: IssueIdentityToken, now: Timestamp) async throws -> IdentityTokenGrant {
        let tokenID = Base64.encodeURL(Random.bytes(16))
        return try await host.pool.transaction { session in
            let grant = try command.decide(try facts(for: command, in: session), tokenID: tokenID, now: now)
            // The budget is charged to clients who have proven themselves, so nobody can use up another's.
            guard budget.charge(command.credential.claimedClientID, now: now) else {
                throw HTTPProblem.tooManyRequests(
                    "too_many_tokens",
                    "the client asks for tokens too often; use each token until it expires",
                    retryAfterSeconds: 1)
            }
            for assertion in grant.used {
                guard try UsedAssertionTable.use(assertion, in: session) else {
                    throw TokenRequestRefusal.assertionUsedBefore(assertion.purpose)
                }
            }
            return grant
        }
    }

    private func facts(for command: IssueIdentityToken, in session: PostgresSession) throws -> TokenFacts {
        var user: RegisteredParticipant?
        if case .user(_, let claimedUserID) = command.grant {
            user = try participants.find(claimedUserID, in: session)
        }
        return TokenFacts(
            issuer: host.service.url, resources: host.genesis.services.map(\.url),
            client: try participants.find(command.credential.claimedClientID, in: session), user: user)
    }
}
