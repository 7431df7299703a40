import Cryptography
import Foundation
import HTTPTypes
import Kafka
import LedgerProtocol
import Messaging
import Model
import NotificationCore
import Postgres
import ServiceHost
import ServiceRuntime
import TestSupport
import Tokens

@testable import NotificationAdapters

/// The service on a database of its own, with keys in a folder that ends with the fixture.
final class NotificationFixture: Sendable {
    static let subscriberNames = ["demo", "second"]

    let service: NotificationService
    let postgres: PostgresConfiguration
    private let folder: URL
    private let kafka: String

    var genesis: Genesis { service.host.genesis }

    /// Starts the service; a second one on the same database is a restart.
    init(kafka: String = "127.0.0.1:1", on existing: NotificationFixture? = nil) async throws {
        let database: PostgresConfiguration
        if let existing {
            database = existing.postgres
        } else {
            database = try await PrivatePostgres.shared().createSchema("notification")
        }
        postgres = database
        self.kafka = kafka
        folder = FileManager.default.temporaryDirectory.appending(path: "notification-\(UUID().uuidString)")
        try Self.writeFiles(to: folder)
        service = try await NotificationService.start(
            environment: Environment([
                "CONSENTRY_GENESIS": folder.appending(path: "genesis.json").path,
                "CONSENTRY_KEYS": folder.path, "CONSENTRY_POSTGRES": PrivatePostgres.url(of: database),
                "CONSENTRY_SCHEMA": "notification", "CONSENTRY_KAFKA": kafka,
                NotificationService.subscribersVariable: folder.appending(path: "subscribers.json").path,
            ]))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func close() async { await service.host.pool.close() }

    /// Applies an event as the consumer would, in a transaction of its own.
    func apply(_ event: InboundEvent) async throws {
        let projection = service.projection
        guard let subscription = projection.subscriptions.first(where: { $0.topic == event.type.topic })
        else {
            fatalError("the service has no subscription for events of type `\(event.type.rawValue)`")
        }
        try await service.host.pool.transaction { session in try subscription.handle(event, session) }
    }

    /// An event with a true disclosure; its receipt is any text, for its proof is checked before.
    func event(
        _ name: String, _ type: EventType, _ data: JSONValue, subject: ParticipantID = Cast.patient,
        by producer: ServiceName = .consent, finality: InboundEvent.Finality = .final(index: 7)
    ) throws -> InboundEvent {
        let payload = EventPayload(
            id: Cast.identifier("event \(name)"), type: type, subject: subject, time: Cast.time, data: data)
        let disclosure = try EventDisclosure.make(
            payload: payload, submitter: Cast.signer("signing \(producer.rawValue)").keyID,
            opening: SHA256.hash([UInt8](name.utf8)), networkID: genesis.networkID)
        return InboundEvent(
            id: payload.id, type: type, subject: subject, time: Cast.time, data: data, producer: producer,
            finality: finality, disclosureBytes: disclosure.bytes,
            receipt: finality.isFinal ? "receipt of \(name)" : nil)
    }

    /// The event by which a name is learnt.
    func enrolment(_ id: ParticipantID, _ kind: ParticipantKind, name: String) throws -> InboundEvent {
        let enrolled = EnrolledParticipant(
            id: id, kind: kind, name: name, organization: kind == .organization ? nil : Cast.hospital,
            signingKey: Cast.signer(name).publicKey, sealingKey: Cast.unsealer(name).publicKey,
            authority: kind == .patient ? "https://consent.test.example" : nil)
        return try event(
            "enrolment of \(name)", .participantEnrolled, enrolled.eventData, subject: id, by: .identity)
    }

    /// Sends a request to the route of a template, and gives its answer or the problem as one.
    func get(
        _ template: String, query: String = "", id: String? = nil, token: String?
    ) async throws -> (status: Int, json: JSONValue) {
        guard let route = service.routes.first(where: { $0.template == template }) else {
            fatalError("there is no route `\(template)`")
        }
        let response: ServiceResponse
        do {
            response = try await route.handler(
                try ServiceRequest(
                    method: .get, path: template, pathParameters: id.map { ["id": $0] } ?? [:], query: query,
                    headers: token.map { [.authorization: "Bearer \($0)"] } ?? [:]))
        } catch let problem as HTTPProblem {
            response = problem.response(forPath: template)
        }
        return (response.status.code, try JSONValue(parsing: response.body))
    }

    /// An identity token for this service, unless something else is asked for.
    func token(
        of subject: ParticipantID = Cast.patient, kind: ParticipantKind = .patient,
        actor: ParticipantID? = nil,
        audience: String = "https://notification.test.example", ageSeconds: Int64 = 0,
        signer: Signer = Cast.signer("token identity")
    ) throws -> String {
        let issued = Timestamp(seconds: WallClock.now().seconds - ageSeconds)
        return try IdentityToken(
            issuer: "https://identity.test.example", subject: subject, subjectKind: kind,
            organization: kind == .patient ? nil : Cast.hospital, actor: actor, audience: audience,
            issuedAt: issued, expiresAt: issued.advanced(byMilliseconds: 300_000), id: "token"
        ).signed(by: signer)
    }

    private static func writeFiles(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func write(_ bytes: [UInt8], _ name: String) {
            _ = FileManager.default.createFile(
                atPath: folder.appending(path: name).path, contents: Data(bytes),
                attributes: [.posixPermissions: 0o600])
        }
        write(try genesis().bytes, "genesis.json")
        write(KeyFile(kind: .ed25519, secret: Cast.secret("signing notification")).encoded(), "signing.key")
        write(KeyFile(kind: .x25519, secret: Cast.secret("sealing notification")).encoded(), "sealing.key")
        write(KeyFile(kind: .symmetric, secret: Cast.secret("root notification")).encoded(), "root.key")
        let subscribers = JSONValue.array(
            subscriberNames.map { name in
                let key = Cast.unsealer("subscriber \(name)").publicKey
                return ["name": .string(name), "sealingKey": .string(Base64.encode(key.bytes))]
            })
        write(subscribers.encoded(), "subscribers.json")
    }

    static func genesis() throws -> Genesis {
        let organization = GenesisOrganization(
            id: Cast.hospital, name: "City Hospital", key: Cast.signer("organization").publicKey)
        let validator = GenesisValidator(
            name: "validator-1.test.consentry.example", organization: organization.id,
            url: "http://127.0.0.1:7101", consensusKey: Cast.signer("consensus").publicKey,
            cosignatureKey: Cast.signer("cosignature").publicKey, logKey: Cast.signer("log").publicKey)
        let services = ServiceName.allCases.map { name in
            GenesisService(
                service: name, organization: organization.id, url: "https://\(name.rawValue).test.example",
                signingKey: Cast.signer("signing \(name.rawValue)").publicKey,
                sealingKey: Cast.unsealer("sealing \(name.rawValue)").publicKey,
                tokenKey: name == .identity || name == .consent
                    ? Cast.signer("token \(name.rawValue)").publicKey : nil)
        }
        return try GenesisDraft(
            network: "test", createdAt: Cast.time, organizations: [organization], validators: [validator],
            services: services
        ).genesis()
    }
}
