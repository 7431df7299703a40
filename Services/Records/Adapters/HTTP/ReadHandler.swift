import Cryptography
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import RecordsCore
import ServiceHost
import ServiceRuntime
import Tokens

/// Releases records against a decision that the ledger holds.
struct ReadHandler: Sendable {
    /// How long a request waits for the decision that its token names.
    private static let arrivalWait: Duration = .milliseconds(500)
    private static let arrivalPoll: Duration = .milliseconds(20)
    private static let typeCountMax = 32
    /// No resource is refused sooner, since one that is hidden is opened before it is judged and one that is
    /// not there is not: the time tells nothing of which it was.
    private static let refusalFloor: Duration = .milliseconds(100)

    let service: RecordsService
    let isFresh: @Sendable () -> Bool

    /// What an attempt came to.
    private enum Outcome: Sendable {
        case released([SearchsetBundle.Resource], version: RecordVersionID?)
        case refused(ReleaseRefusal)
        case waiting(ReleaseDelay)
    }

    /// Answers `GET /fhir/Patient/{id}/$everything`.
    func everything(_ request: ServiceRequest) async throws -> ServiceResponse {
        let token = try verify(request)
        let types = try types(request)
        guard let patient = ParticipantID(try request.pathParameter("id")) else {
            throw ReleaseRefusal.otherPatient.problem
        }
        let (resources, _) = try await release(.everything(of: patient, types: types), token, request)
        return .bytes(
            SearchsetBundle.assemble(baseURL: service.host.service.url, resources: resources),
            contentType: "application/fhir+json")
    }

    /// Answers `GET /fhir/{type}/{id}`.
    func resource(_ request: ServiceRequest) async throws -> ServiceResponse {
        let token = try verify(request)
        let type = try request.pathParameter("type")
        let id = try request.pathParameter("id")
        let isHeld = ResourceTypeTable.handling(of: type) == .stored && ResourceKey.isID(id)
        let key = isHeld ? ResourceKey(type: type, id: id) : nil
        let (resources, version) = try await release(.resource(key), token, request)
        guard let resource = resources.first, let version else {
            throw ReleaseRefusal.resourceNotReleased.problem
        }
        return .bytes(
            resource.content, contentType: "application/fhir+json", headers: [.eTag: "W/\"\(version)\""])
    }

    /// Answers `GET /fhir/Patient/{id}`, which the vault never holds.
    func patient(_ request: ServiceRequest) async throws -> ServiceResponse {
        _ = try await release(.resource(nil), try verify(request), request)
        throw ReleaseRefusal.resourceNotReleased.problem
    }

    private func verify(_ request: ServiceRequest) throws(HTTPProblem) -> RecordAccessToken {
        let compact = try request.bearerToken()
        do throws(TokenRefusal) {
            return try RecordAccessToken.verify(
                token: JSONWebToken(parsing: compact), key: service.tokenKey, issuer: service.consent.url,
                audience: service.host.service.url, now: service.host.clock())
        } catch {
            throw .unauthenticated("invalid_token", error.description)
        }
    }

    /// The types that `_type` names; a parameter that would be passed over is refused instead.
    private func types(_ request: ServiceRequest) throws(HTTPProblem) -> Set<String> {
        guard request.queryNames.allSatisfy({ $0 == "_type" }) else {
            throw .badRequest(
                "unknown_parameter", "the only query parameter here is `_type`; leave others out")
        }
        guard let value = try request.query("_type") else { return [] }
        let types = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard types.count <= Self.typeCountMax,
            types.allSatisfy({ ResourceTypeTable.handling(of: $0) != nil })
        else {
            throw .badRequest(
                "invalid_parameter", "`_type` is no list of resource types; separate them by commas")
        }
        return Set(types)
    }

    private func release(
        _ target: ReleaseRecords.Target, _ token: RecordAccessToken, _ request: ServiceRequest
    ) async throws -> ([SearchsetBundle.Resource], version: RecordVersionID?) {
        let purpose = try request.header("Consentry-Purpose")
        guard let command = ReleaseRecords(token: token, target: target, purpose: purpose) else {
            throw HTTPProblem.badRequest(
                "purpose_missing", "the token has several purposes; name one as `Consentry-Purpose`")
        }
        let start = ContinuousClock.now
        let deadline = start + Self.arrivalWait
        while true {
            switch try await attempt(command) {
            case .released(let resources, let version): return (resources, version)
            case .refused(let refusal):
                if refusal == .resourceNotReleased {
                    try await ContinuousClock().sleep(until: start + Self.refusalFloor)
                }
                throw refusal.problem
            case .waiting(let delay):
                guard delay != .viewStale, ContinuousClock.now < deadline else { throw delay.problem }
                try await Task.sleep(for: Self.arrivalPoll)
            }
        }
    }

    /// Checks, reads and records the outcome in one transaction; bytes leave only after it is committed.
    private func attempt(_ command: ReleaseRecords) async throws -> Outcome {
        // Sixteen random bytes always make an id.
        let event = EntryID(Random.bytes(16))!
        return try await service.host.pool.transaction { session in
            let patient = command.token.patient
            // INVARIANT: a revocation holds this row alone: it is either seen below or waits until this ends.
            try PatientTable.lockShared(patient, in: session)
            // The time is taken under the lock: a permission that ends while this waits has ended.
            let now = service.host.clock()
            let key = try service.vault.findKey(of: patient, in: session)
            let facts = try facts(for: command, key: key, in: session)
            let outcome: Outcome
            switch command.decide(facts, now: now) {
            case .wait(let delay): return .waiting(delay)
            case .refuse(let refusal): outcome = .refused(refusal)
            case .permit(let permission):
                let releasing = Releasing(
                    records: service.records, patient: patient, permission: permission, key: key)
                switch try releasing.find(command.target, in: session) {
                case .failure(let refusal): outcome = .refused(refusal)
                case .success(let found):
                    try service.host.eventStore.append(
                        id: event, type: .accessDisclosed, subject: patient,
                        data: command.disclosed(
                            found.map { ($0.resource.key, $0.version) }, custodian: permission.custodian,
                            labelRules: service.labelRules),
                        at: now, in: session)
                    return .released(found.map(\.resource), version: found.first?.version)
                }
            }
            if case .refused(let refusal) = outcome {
                try record(refusal, of: command, id: event, at: now, in: session)
            }
            return outcome
        }
    }

    /// Appends a refusal; after the token's first ones it is counted only, so that no token fills the ledger.
    private func record(
        _ refusal: ReleaseRefusal, of command: ReleaseRecords, id: EntryID, at now: Timestamp,
        in session: PostgresSession
    ) throws {
        let count = try RefusalTable.count(command.token, in: session)
        guard count <= ReleaseRecords.refusalEventCountMax else { return }
        try service.host.eventStore.append(
            id: id, type: .accessRefused, subject: command.token.patient, data: command.refused(refusal),
            at: now, in: session)
    }

    private func facts(
        for command: ReleaseRecords, key: RecordVault.PatientKey?, in session: PostgresSession
    ) throws -> ReleaseFacts {
        let patient = command.token.patient
        return ReleaseFacts(
            isFresh: isFresh(),
            decision: try service.decisions.find(command.token.decision, of: patient, key: key, in: session),
            contracts: try service.contracts.inForce(of: patient, key: key, in: session),
            revoked: try service.contracts.revoked(of: patient, in: session),
            policies: service.policies.decision, reading: service.reading)
    }
}
