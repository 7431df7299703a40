import ConsentAdapters
import ConsentCore
import Cryptography
import Foundation
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Synchronization
import TestSupport
import Testing
import Tokens

/// Whether the service believes that its view of the participants is fresh.
final class FreshnessSwitch: Sendable {
    private let value = Atomic(true)

    var isFresh: Bool {
        get { value.load(ordering: .acquiring) }
        set { value.store(newValue, ordering: .releasing) }
    }
}

/// A consent service of a network of its own, called through its routes, with a database and no broker.
struct ConsentNetwork: Sendable {
    /// Short, so that events which nobody makes final do not hold tests up.
    static let finalityWaitMilliseconds = 100

    let service: ConsentService
    let genesis: Genesis
    let identity: Signer
    let freshness: FreshnessSwitch
    let custodian = Person(.organization)
    let hospital: Person
    let practitioner: Person
    let system: Person
    let patient = Person(.patient)

    private init(service: ConsentService, genesis: Genesis, identity: Signer, freshness: FreshnessSwitch) {
        self.service = service
        self.genesis = genesis
        self.identity = identity
        self.freshness = freshness
        hospital = Person(.organization)
        practitioner = Person(.practitioner, of: hospital)
        system = Person(.system, of: hospital)
    }

    /// Runs a body with a fresh network whose cast is enrolled, and leaves nothing behind.
    ///
    /// - Parameter isFinalAtOnce: whether every event is final the moment it is written.
    static func with(
        isFinalAtOnce: Bool = true, _ body: (ConsentNetwork) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "consent-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let identity = Signer(SigningKey.generate())
        let genesis = try NetworkFolder.make(in: folder, identityKey: identity.publicKey)
        let postgres = try await PrivatePostgres.shared().createSchema("consent")
        let host = try await ServiceHost.start(
            .consent, environment: NetworkFolder.environment(folder, postgres: postgres),
            migrations: ConsentService.migrations)
        let freshness = FreshnessSwitch()
        let service = try ConsentService(host: host, finalityWaitMilliseconds: finalityWaitMilliseconds) {
            freshness.isFresh
        }
        let network = ConsentNetwork(
            service: service, genesis: genesis, identity: identity, freshness: freshness)
        do {
            try await network.prepare(isFinalAtOnce: isFinalAtOnce)
            try await body(network)
        } catch {
            await host.pool.close()
            throw error
        }
        await host.pool.close()
    }

    private func prepare(isFinalAtOnce: Bool) async throws {
        for person in [custodian, hospital, practitioner, system, patient] { try await enrol(person) }
        guard isFinalAtOnce else { return }
        try await service.host.pool.query { session in
            try session.execute(
                script: """
                    CREATE SEQUENCE test_entry_index MINVALUE 0;
                    CREATE FUNCTION test_finality() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        NEW.final := true; NEW.submission_sequence := 0; NEW.submission_position := 0;
                        NEW.entry_index := nextval('test_entry_index'); NEW.height := 1;
                        NEW.tree_size := 1000000;
                        NEW.receipt := 'receipt';
                        RETURN NEW;
                    END $$;
                    CREATE TRIGGER test_finality BEFORE INSERT ON event
                        FOR EACH ROW EXECUTE FUNCTION test_finality();
                    """)
        }
    }

    /// Delivers a participant's enrolment as the consumer of `identity.events` would.
    func enrol(_ person: Person, finality: InboundEvent.Finality = .final(index: 0)) async throws {
        let sealingKey = SealingKey.generate().publicKey
        let hasKeys = person.kind != .practitioner
        let enrolled = EnrolledParticipant(
            id: person.id, kind: person.kind, name: "A name", organization: person.organization,
            signingKey: hasKeys ? person.signer.publicKey : nil, sealingKey: hasKeys ? sealingKey : nil,
            authority: person.kind == .patient ? service.authority.issuer : nil)
        let event = InboundEvent(
            id: EntryID(Random.bytes(16))!, type: .participantEnrolled, subject: person.id, time: now,
            data: enrolled.eventData, producer: .identity, finality: finality, disclosureBytes: [],
            receipt: nil)
        let subscription = try #require(ConsentService.subscriptions.first)
        try await service.host.pool.transaction { session in try subscription.handle(event, session) }
    }

    var now: Timestamp { service.host.clock() }
    var tokenEndpoint: String { service.authority.issuer + OAuth.tokenPath }

    /// Marks every event final, which is what messaging does once a quorum has committed the entries.
    func makeFinal() async throws {
        try await service.host.pool.query { session in
            _ = try session.execute(
                """
                UPDATE event SET final = true, submission_sequence = 0, submission_position = 0,
                    entry_index = 7,
                    height = 1, tree_size = 8, receipt = 'receipt' WHERE NOT final
                """)
        }
    }

    /// How many rows each table has that a refused request must not touch.
    func rowCounts() async throws -> [Int64] {
        try await service.host.pool.query { session in
            try [
                "event", "outbox", "contract", "contract_version", "consent_nonce", "decision",
                "used_assertion",
            ]
            .map { try session.query("SELECT count(*) FROM \($0)")[0].int(0) }
        }
    }
}

extension ConsentNetwork {
    /// Calls the route of this method and template and returns its answer, also where it throws one.
    func call(
        _ method: HTTPRequest.Method, _ template: String, parameters: [String: String] = [:],
        query: String = "", headers: HTTPFields = [:], body: [UInt8] = []
    ) async throws -> ServiceResponse {
        let route = try #require(
            service.routes.first { $0.method == method && $0.template == template })
        let request = try ServiceRequest(
            method: method, path: template, pathParameters: parameters, query: query, headers: headers,
            body: body)
        do {
            return try await route.handler(request)
        } catch let problem as HTTPProblem {
            return problem.response(forPath: template)
        } catch {
            guard let problem = ServiceHost.problem(for: error) else { throw error }
            return problem.response(forPath: template)
        }
    }

    /// The contract that lets the hospital treat with what the custodian holds.
    func document(type: String = "permit") -> JSONValue {
        Documents.consent(patient: patient, custodian: custodian, actor: hospital, type: type)
    }

    func message(_ document: JSONValue, nonce: ConsentNonce? = nil) -> Message {
        Message(document, by: patient, networkID: genesis.networkID, nonce: nonce)
    }

    func submit(_ message: Message) async throws -> ServiceResponse {
        try await call(.post, "/fhir/Consent", headers: Self.headers(message), body: message.body)
    }

    /// Submits a contract and returns its id.
    func grant(_ document: JSONValue) async throws -> String {
        let response = try await submit(message(document))
        #expect([.created, .accepted].contains(response.status))
        let location = response.headers[.location] ?? ""
        return try #require(location.split(separator: "/").map(String.init).first { ContractID($0) != nil })
    }

    func revoke(_ id: String, _ message: Message, tag: String? = "W/\"1\"") async throws -> ServiceResponse {
        var headers = Self.headers(message)
        headers[.ifMatch] = tag
        return try await call(
            .put, "/fhir/Consent/{id}", parameters: ["id": id], headers: headers, body: message.body)
    }

    func revoke(_ id: String, _ document: JSONValue) async throws -> ServiceResponse {
        try await revoke(id, message(document.setting("status", "inactive")))
    }

    private static func headers(_ message: Message) -> HTTPFields {
        // Both names are tokens of RFC 9110.
        [
            .contentType: "application/fhir+json", HTTPField.Name("Consentry-Nonce")!: message.nonce,
            HTTPField.Name("Consentry-Signature")!: message.signature,
        ]
    }

    /// An identity token made for this service.
    func token(
        of person: Person, actor: ParticipantID? = nil, audience: String? = nil
    ) throws -> String {
        try IdentityToken(
            issuer: service.authority.identityIssuer, subject: person.id, subjectKind: person.kind,
            organization: person.organization, actor: actor, audience: audience ?? service.authority.issuer,
            issuedAt: now, expiresAt: now.advanced(byMilliseconds: 300_000),
            id: Base64.encodeURL(Random.bytes(16))
        ).signed(by: identity)
    }

    /// Calls a route of `GET` with the token of a person.
    func get(
        _ template: String, parameters: [String: String] = [:], query: String = "", as person: Person,
        actor: ParticipantID? = nil
    ) async throws -> ServiceResponse {
        let bearer = "Bearer \(try token(of: person, actor: actor))"
        return try await call(
            .get, template, parameters: parameters, query: query, headers: [.authorization: bearer])
    }

    /// The form of a sound access request.
    func form(patient: ParticipantID? = nil, purposes: [String] = ["TREAT"]) throws -> [String: String] {
        let details = RecordAccessDetails(
            patient: patient ?? self.patient.id, custodian: custodian.id, purposes: purposes)
        return [
            "grant_type": OAuth.GrantType.tokenExchange.rawValue,
            "subject_token": try token(of: practitioner, actor: system.id),
            "subject_token_type": OAuth.accessTokenType, "resource": service.authority.records,
            "authorization_details": details.parameter, "client_assertion_type": OAuth.clientAssertionType,
            "client_assertion": try system.clientAssertion(
                audience: tokenEndpoint, id: Base64.encodeURL(Random.bytes(16)), at: now),
        ]
    }

    func exchange(_ form: [String: String], key: String? = nil) async throws -> ServiceResponse {
        let text = form.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        // The name is a token of RFC 9110.
        headers[HTTPField.Name("Idempotency-Key")!] = key
        return try await call(.post, "/token", headers: headers, body: Array(text.utf8))
    }
}

/// Writes the genesis file and the key folder of the tested service.
enum NetworkFolder {
    static func make(in folder: URL, identityKey: PublicSigningKey) throws -> Genesis {
        let organization = ParticipantID(Random.bytes(16))!
        let signing = SigningKey.generate()
        let token = SigningKey.generate()
        let sealing = SealingKey.generate()
        func service(
            _ name: ServiceName, _ port: Int, signing: PublicSigningKey, sealing: PublicSealingKey,
            token: PublicSigningKey?
        ) -> GenesisService {
            GenesisService(
                service: name, organization: organization, url: "http://127.0.0.1:\(port)",
                signingKey: signing,
                sealingKey: sealing, tokenKey: token)
        }
        let services = [
            service(
                .identity, 7101, signing: SigningKey.generate().publicKey,
                sealing: SealingKey.generate().publicKey, token: identityKey),
            service(
                .consent, 7102, signing: signing.publicKey, sealing: sealing.publicKey, token: token.publicKey
            ),
            service(
                .records, 7103, signing: SigningKey.generate().publicKey,
                sealing: SealingKey.generate().publicKey, token: nil),
        ]
        let validator = GenesisValidator(
            name: "validator-1.test.consentry.example", organization: organization,
            url: "http://127.0.0.1:7001",
            consensusKey: SigningKey.generate().publicKey, cosignatureKey: SigningKey.generate().publicKey,
            logKey: SigningKey.generate().publicKey)
        let genesis = try GenesisDraft(
            network: "test", createdAt: WallClock.now(),
            organizations: [
                GenesisOrganization(id: organization, name: "Founder", key: SigningKey.generate().publicKey)
            ], validators: [validator], services: services
        ).genesis()
        try Data(genesis.bytes).write(to: folder.appending(path: "genesis.json"))
        try write(signing.withSeed { line(.ed25519, $0) }, "signing", folder)
        try write(token.withSeed { line(.ed25519, $0) }, "token", folder)
        try write(sealing.withSecret { line(.x25519, $0) }, "sealing", folder)
        try write(line(.symmetric, Random.bytes(32)), "root", folder)
        return genesis
    }

    static func environment(_ folder: URL, postgres: PostgresConfiguration) -> Environment {
        Environment([
            "CONSENTRY_GENESIS": folder.appending(path: "genesis.json").path, "CONSENTRY_KEYS": folder.path,
            "CONSENTRY_POSTGRES": PrivatePostgres.url(of: postgres), "CONSENTRY_SCHEMA": postgres.schema,
            "CONSENTRY_KAFKA": "127.0.0.1:1",
        ])
    }

    private static func line(_ kind: KeyFile.Kind, _ secret: [UInt8]) -> [UInt8] {
        KeyFile(kind: kind, secret: SecretBytes(copying: secret)).encoded()
    }

    private static func write(_ line: [UInt8], _ name: String, _ folder: URL) throws {
        let path = folder.appending(path: "\(name).key").path
        let isWritten = FileManager.default.createFile(
            atPath: path, contents: Data(line), attributes: [.posixPermissions: 0o600])
        #expect(isWritten)
    }
}
