import Cryptography
import Foundation
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import RecordsAdapters
import ServiceHost
import ServiceRuntime
import TestSupport
import Tokens

/// The service on a private database, without a broker: events are handed to its subscriptions.
struct VaultFixture: Sendable {
    static let identityURL = "http://127.0.0.1:4101"

    let service: RecordsService
    let identity: Signer
    let consent: Signer
    /// Whether the service takes its views for fresh.
    var isFresh = true

    /// Starts the service; the body's outcome ends it and removes its key files.
    static func with<Result: Sendable>(
        _ body: (VaultFixture) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "records-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let network = try TestNetwork()
        try network.write(to: folder)
        let configuration = try await PrivatePostgres.shared().createSchema("records")
        let service = try await RecordsService.start(
            environment: Environment([
                "CONSENTRY_GENESIS": folder.appending(path: "genesis.json").path,
                "CONSENTRY_KEYS": folder.path,
                "CONSENTRY_POSTGRES": PrivatePostgres.url(of: configuration),
                "CONSENTRY_KAFKA": "127.0.0.1:1",
            ]))
        let fixture = VaultFixture(
            service: service, identity: network.identityToken, consent: network.consentToken)
        do {
            let result = try await body(fixture)
            await service.host.pool.close()
            return result
        } catch {
            await service.host.pool.close()
            throw error
        }
    }

    var pool: PostgresPool { service.host.pool }
    var now: Timestamp { service.host.clock() }

    /// Hands an event to the subscription of its topic, in a transaction as the consumer does.
    func deliver(
        _ type: EventType, subject: ParticipantID, data: JSONValue, id: EntryID = Made.entry(),
        finality: InboundEvent.Finality = .final(index: GrantedAccess.entryIndex),
        then: @escaping @Sendable (PostgresSession) throws -> Void = { _ in }
    ) async throws {
        guard let subscription = service.subscriptions.first(where: { $0.topic == type.topic }) else {
            return
        }
        let event = InboundEvent(
            id: id, type: type, subject: subject, time: now, data: data, producer: subscription.producers[0],
            finality: finality, disclosureBytes: [], receipt: nil)
        try await pool.transaction { session in
            try subscription.handle(event, session)
            try then(session)
        }
    }

    /// Enrols the patient of an access, and lets contract and decision arrive.
    func arrive(
        _ access: GrantedAccess, decision: Bool = true, pendingContract: Bool = false
    ) async throws {
        let patient = EnrolledParticipant(
            id: access.patient, kind: .patient, name: "A name", organization: access.custodian,
            signingKey: SigningKey.generate().publicKey, sealingKey: SealingKey.generate().publicKey,
            authority: GrantedAccess.consentURL)
        try await deliver(.participantEnrolled, subject: access.patient, data: patient.eventData)
        if pendingContract {
            try await deliver(
                .consentDenied, subject: access.patient, data: access.contractData, finality: .pending)
        } else {
            try await deliver(.consentGranted, subject: access.patient, data: access.contractData)
        }
        guard decision else { return }
        try await deliver(
            .accessDecided, subject: access.patient, data: try access.decisionData(at: now),
            id: access.decision)
    }

    /// Lets a denial of the same access arrive.
    func deny(
        _ access: GrantedAccess, contract: ContractID = Made.contract(),
        finality: InboundEvent.Finality = .pending,
        then: @escaping @Sendable (PostgresSession) throws -> Void = { _ in }
    ) async throws {
        var denial = access
        denial.contract = contract
        denial.type = "deny"
        try await deliver(
            .consentDenied, subject: access.patient, data: denial.contractData, finality: finality, then: then
        )
    }

    /// How many contracts of an access's patient the view holds.
    func contractCount(of access: GrantedAccess) async throws -> Int {
        try await pool.query { session in
            try session.query("SELECT 1 FROM contract WHERE patient = $1", [.uuid(access.patient.bytes)])
                .count
        }
    }

    /// Lets a revocation of the access's contract, or of another one of its patient, arrive.
    func revoke(
        _ access: GrantedAccess, contract: ContractID? = nil, finality: InboundEvent.Finality = .pending,
        then: @escaping @Sendable (PostgresSession) throws -> Void = { _ in }
    ) async throws {
        try await deliver(
            .consentRevoked, subject: access.patient,
            data: ["contract": .string((contract ?? access.contract).description)],
            finality: finality, then: then)
    }

    func store(
        _ body: [UInt8], of patient: ParticipantID, as custodian: ParticipantID,
        kind: ParticipantKind = .system, contentType: String = "application/fhir+json"
    ) async throws -> ServiceResponse {
        let token = IdentityToken(
            issuer: Self.identityURL, subject: kind == .organization ? custodian : Made.participant(),
            subjectKind: kind, organization: custodian, actor: nil, audience: GrantedAccess.recordsURL,
            issuedAt: now,
            expiresAt: now.advanced(byMilliseconds: 60_000), id: "identity-token")
        return try await call(
            .post, "/fhir/Patient/{id}/$store", ["id": patient.description],
            headers: [.authorization: "Bearer \(try token.signed(by: identity))", .contentType: contentType],
            body: body)
    }

    func everything(
        _ token: RecordAccessToken, of patient: ParticipantID? = nil, query: String = "",
        purpose: String? = nil
    ) async throws -> ServiceResponse {
        try await call(
            .get, "/fhir/Patient/{id}/$everything", ["id": (patient ?? token.patient).description],
            headers: try headers(token, purpose), query: query)
    }

    func read(_ token: RecordAccessToken, _ type: String, _ id: String) async throws -> ServiceResponse {
        try await call(.get, "/fhir/{type}/{id}", ["type": type, "id": id], headers: try headers(token, nil))
    }

    private func headers(_ token: RecordAccessToken, _ purpose: String?) throws -> HTTPFields {
        var headers: HTTPFields = [.authorization: "Bearer \(try token.signed(by: consent))"]
        if let purpose, let name = HTTPField.Name("Consentry-Purpose") { headers[name] = purpose }
        return headers
    }

    /// Calls a route as the server does: problems become answers.
    func call(
        _ method: HTTPRequest.Method, _ template: String, _ parameters: [String: String],
        headers: HTTPFields = [:], query: String = "", body: [UInt8] = []
    ) async throws -> ServiceResponse {
        let isFresh = isFresh
        let route = service.routes(isFresh: { isFresh }).first {
            $0.method == method && $0.template == template
        }
        guard let route else { throw CocoaError(.featureUnsupported) }
        do {
            return try await route.handler(
                ServiceRequest(
                    method: method, path: "/fhir", pathParameters: parameters, query: query, headers: headers,
                    body: body))
        } catch let problem as HTTPProblem {
            return problem.response(forPath: "/fhir/x")
        }
    }

    /// The data of the events of a type about a patient.
    func events(_ type: EventType, of patient: ParticipantID) async throws -> [JSONValue] {
        try await pool.query { session in
            try session.query(
                "SELECT payload FROM event WHERE type = $1 AND subject = $2",
                [.text(type.rawValue), .uuid(patient.bytes)]
            ).compactMap { try JSONValue(parsing: $0.bytes(0))["data"] }
        }
    }
}

/// A genesis file and the key files of `records`.
private struct TestNetwork {
    let identityToken = Signer(SigningKey.generate())
    let consentToken = Signer(SigningKey.generate())
    private let genesis: Genesis
    private var files: [String: [UInt8]] = [:]

    init() throws {
        let signingSeed = SecretBytes(byteCount: 32)
        let sealingSecret = SecretBytes(byteCount: 32)
        let own = (
            signing: try SigningKey(seed: signingSeed).publicKey,
            sealing: try SealingKey(secret: sealingSecret).publicKey
        )
        files["signing.key"] = KeyFile(kind: .ed25519, secret: signingSeed).encoded()
        files["sealing.key"] = KeyFile(kind: .x25519, secret: sealingSecret).encoded()
        files["root.key"] = KeyFile(kind: .symmetric, secret: SecretBytes(byteCount: 32)).encoded()
        let organization = Made.participant(200)
        let tokens = [ServiceName.identity: identityToken.publicKey, .consent: consentToken.publicKey]
        let services = ServiceName.allCases.enumerated().map { index, name in
            GenesisService(
                service: name, organization: organization, url: Self.url(of: name, index),
                signingKey: name == .records ? own.signing : SigningKey.generate().publicKey,
                sealingKey: name == .records ? own.sealing : SealingKey.generate().publicKey,
                tokenKey: tokens[name])
        }
        let key = { SigningKey.generate().publicKey }
        genesis = try GenesisDraft(
            network: "test", createdAt: Timestamp(seconds: 1_790_000_000),
            organizations: [GenesisOrganization(id: organization, name: "Hospital", key: key())],
            validators: [
                GenesisValidator(
                    name: "validator-1.test.consentry.example", organization: organization,
                    url: "http://127.0.0.1:4201", consensusKey: key(), cosignatureKey: key(), logKey: key())
            ], services: services
        ).genesis()
    }

    private static func url(of name: ServiceName, _ index: Int) -> String {
        switch name {
        case .identity: VaultFixture.identityURL
        case .consent: GrantedAccess.consentURL
        case .records: GrantedAccess.recordsURL
        case .notification: "http://127.0.0.1:41\(10 + index)"
        }
    }

    func write(to folder: URL) throws {
        for (name, bytes) in files.merging(["genesis.json": genesis.bytes], uniquingKeysWith: { $1 }) {
            let path = folder.appending(path: name).path
            let isMade = FileManager.default.createFile(
                atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
            guard isMade else { throw CocoaError(.fileWriteUnknown) }
        }
    }
}
