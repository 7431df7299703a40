import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Tokens

/// Decides access requests at the token endpoint and issues the tokens of those that are permitted.
struct AccessHandler: Sendable {
    /// How often a request is tried when another one with the same key came in between.
    private static let attemptMax = 3

    let service: ConsentService
    let contracts: ContractTable

    private var host: ServiceHost { service.host }

    /// What a request came to, before its event is final.
    private struct Outcome: Sendable {
        let request: AccessRequest
        let decision: AccessDecision
    }

    /// Answers `POST /token`.
    func exchange(_ request: ServiceRequest) async throws -> ServiceResponse {
        do {
            let command = try DecideAccess(
                form: try request.form(), idempotencyKey: try request.header("Idempotency-Key"),
                authority: service.authority)
            let outcome = try await ViewPatience.following { try await decide(command) }
            let finality = try await service.finality(of: outcome.decision.id)
            guard outcome.decision.isPermit else { return AccessAnswers.denied(outcome.decision) }
            // INVARIANT: no token leaves before the decision that permits it is final.
            guard case .final(let index, _, _) = finality else {
                return AccessAnswers.pending(outcome.decision)
            }
            return try await issue(outcome, entryIndex: index)
        } catch let refusal as AccessRefusal {
            throw refusal.problem
        }
    }

    private func decide(_ command: DecideAccess) async throws -> Outcome {
        for _ in 1..<Self.attemptMax {
            do {
                return try await attempt(command)
            } catch let fault as PostgresFault where fault.isUniqueViolation {
                // Another request with the same key was decided first; its decision now answers this one.
                continue
            }
        }
        return try await attempt(command)
    }

    /// Authenticates, decides and records in one transaction.
    private func attempt(_ command: DecideAccess) async throws -> Outcome {
        let arrival = host.clock()
        let id: EntryID = randomIdentifier()
        return try await host.pool.transaction { session in
            let clientID = command.credential.claimedClientID
            let assertion = try command.authenticate(
                client: try ParticipantView.find([clientID], in: session)[clientID],
                authority: service.authority, now: arrival)
            guard try UsedAssertionTable.use(assertion, in: session) else {
                throw AccessRefusal.assertionUsedBefore
            }
            let request = try command.request(by: assertion, authority: service.authority, now: arrival)
            guard service.isViewFresh() else { throw AccessRefusal.viewStale }
            if let key = command.idempotencyKey,
                let earlier = try DecisionTable.find(client: clientID, key: key, in: session)
            {
                guard earlier.decision.requestDigest == request.digest else {
                    throw AccessRefusal.idempotencyKeyUsedOtherwise
                }
                return Outcome(request: request, decision: earlier.decision)
            }
            let facts = try facts(
                patient: request.details.patient, custodian: request.details.custodian, in: session)
            // The time is taken under the lock: what ends while this waits has ended.
            let now = host.clock()
            let decision = request.decide(facts, id: id, now: now)
            try DecisionTable.insert(decision, key: command.idempotencyKey, in: session)
            try host.eventStore.append(
                id: id, type: .accessDecided, subject: decision.patient, data: decision.data, at: now,
                in: session)
            return Outcome(request: request, decision: decision)
        }
    }

    /// Issues the token unless the permit was withdrawn since; one decision always gives one token.
    private func issue(_ outcome: Outcome, entryIndex: UInt64) async throws -> ServiceResponse {
        let decision = outcome.decision
        let issue = try await host.pool.transaction { session -> (at: Timestamp, now: Timestamp)? in
            // INVARIANT: a revocation accepted before this lock withdraws it; `records` obeys a later one.
            let facts = try facts(patient: decision.patient, custodian: decision.custodian, in: session)
            // As for the decision: the time of the lock, not of the wait for it.
            let now = host.clock()
            guard decision.stillHolds(facts, now: now) else { return nil }
            try DecisionTable.noteIssue(of: decision.id, at: now, in: session)
            return try DecisionTable.find(decision.id, in: session)?.tokenIssuedAt.map { ($0, now) }
        }
        guard let issue else { return AccessAnswers.withdrawn(decision) }
        let token = decision.token(authority: service.authority, entryIndex: entryIndex, issuedAt: issue.at)
        let secondsLeft = token.expiresAt.seconds - issue.now.seconds
        guard secondsLeft > 0 else { throw AccessRefusal.tokenExpired }
        let compact: String
        do { compact = try token.signed(by: service.signer) } catch { throw AccessRefusal.tokenTooLong }
        return AccessAnswers.granted(
            outcome.request.details, decision: decision, token: compact, entryIndex: entryIndex,
            secondsLeft: secondsLeft)
    }

    /// Locks the patient's row and reads what decides; an unknown patient has no row and nothing to read.
    private func facts(
        patient: ParticipantID, custodian: ParticipantID, in session: PostgresSession
    ) throws -> AccessFacts {
        let known = try ParticipantView.lock(patient, in: session)
        let holder = try ParticipantView.find([custodian], in: session)[custodian]
        let isKnown =
            known?.isPatient(of: service.authority.issuer) == true && holder?.kind == .organization
        return AccessFacts(
            isKnown: isKnown,
            contracts: try contracts.standing(of: patient, at: custodian, in: session),
            policies: service.policies.decision)
    }
}
