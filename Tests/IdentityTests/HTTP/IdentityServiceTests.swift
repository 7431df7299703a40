import Cryptography
import Foundation
import HTTPTypes
import IdentityAdapters
import LedgerProtocol
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import TestSupport
import Testing
import Tokens

@Suite struct IdentityServiceTests {
    private static func json(_ response: ServiceResponse) throws -> JSONValue {
        try JSONValue(parsing: response.body)
    }

    @Test func anEnrolmentIsPendingUntilItIsFinal() async throws {
        try await IdentityNetwork.with { network in
            let hospital = Holder()
            let body = try network.body(hospital, .organization)
            let accepted = try await network.enrol(body)
            #expect(accepted.status == .accepted)
            #expect(accepted.headers[.location] == "/enrolments/\(hospital.id)")
            let first = try Self.json(accepted)
            #expect(first["status"]?.string == "pending")
            #expect(first["entry"]?["index"] == nil)

            try await network.makeFinal()
            let repeated = try await network.enrol(body)
            #expect(repeated.status == .ok)
            let second = try Self.json(repeated)
            #expect(second["status"]?.string == "final")
            #expect(second["entry"]?["id"] == first["entry"]?["id"])
            #expect(second["entry"]?["index"]?.int64 == 7)

            let status = try await network.call(
                .get, "/enrolments/{id}", parameters: ["id": hospital.id.description])
            #expect(status.body == repeated.body)
            #expect(try await network.rowCount("event") == 1)
            let unknown = try await network.call(
                .get, "/enrolments/{id}", parameters: ["id": Holder().id.description])
            #expect(unknown.status == .notFound)
        }
    }

    @Test func aFounderVouchesWithTheKeyInForce() async throws {
        try await IdentityNetwork.with { network in
            let fresh = Holder(rekeying: network.founder)
            try network.change([
                .replaceOrganization(
                    GenesisOrganization(id: fresh.id, name: "Founder", key: fresh.signer.publicKey))
            ])
            let hospital = Holder()
            let old = try network.body(hospital, .organization)
            #expect(try await network.enrol(old).status == .forbidden)
            let renewed = try network.body(hospital, .organization, by: fresh)
            #expect(try await network.enrol(renewed).status == .accepted)
        }
    }

    @Test func anEnrolmentThatBecomesFinalWhileTheClientWaitsIsCreated() async throws {
        try await IdentityNetwork.with { network in
            async let response = network.enrol(try network.body(Holder(), .organization))
            while try await network.rowCount("event") == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await network.makeFinal()
            let created = try await response
            #expect(created.status == .created)
            #expect(try Self.json(created)["entry"]?["index"]?.int64 == 7)
        }
    }

    @Test func aRefusedEnrolmentChangesNothing() async throws {
        try await IdentityNetwork.with { network in
            let hospital = Holder()
            let patient = Holder()
            let sound = try network.body(patient, .patient, of: hospital)
            let unsponsored = try await network.enrol(sound)
            #expect(unsponsored.status == .forbidden)
            #expect(try Self.json(unsponsored)["error"]?.string == "sponsor_not_entitled")

            let malformed = try await network.enrol(sound.setting("more", 1))
            #expect(malformed.status == .badRequest)
            let noJSON = try await network.call(.post, "/enrolments", body: Array("{".utf8))
            #expect(noJSON.status == .badRequest)
            let form = try await network.call(
                .post, "/enrolments", contentType: "text/plain", body: sound.encoded())
            #expect(form.status == .unsupportedMediaType)

            _ = try await network.enrol(try network.body(hospital, .organization))
            let tooEarly = try await network.enrol(sound)
            #expect(tooEarly.status == .conflict)
            #expect(try Self.json(tooEarly)["error"]?.string == "sponsor_pending")
            #expect(try await network.rowCount("event") == 1)
            #expect(try await network.rowCount("participant") == 1)
        }
    }

    @Test func idsAndKeysBelongToOneParticipant() async throws {
        try await IdentityNetwork.with { network in
            let hospital = Holder()
            let patient = Holder()
            try await network.enrolled(hospital, .organization)
            try await network.enrolled(patient, .patient, of: hospital)
            let other = patient.enrolment(
                .patient, organization: hospital.id, authority: network.consentURL, issuedAt: network.now)
            let renamed = try patient.body(
                other.setting("name", "Another name"), sponsor: hospital, networkID: network.genesis.networkID
            )
            let conflict = try await network.enrol(renamed)
            #expect(conflict.status == .conflict)
            #expect(try Self.json(conflict)["error"]?.string == "participant_enrolled_otherwise")

            let reused = other.setting("id", .string(Holder().id.description))
            let taken = try await network.enrol(
                try patient.body(reused, sponsor: hospital, networkID: network.genesis.networkID))
            #expect(taken.status == .conflict)
            #expect(try Self.json(taken)["error"]?.string == "key_taken")
            #expect(try await network.rowCount("participant") == 2)
        }
    }

    @Test func theSameEnrolmentSentAtOnceIsOneEvent() async throws {
        try await IdentityNetwork.with { network in
            let body = try network.body(Holder(), .organization)
            let statuses = try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { group in
                for _ in 0..<8 { group.addTask { try await network.enrol(body).status } }
                var statuses: [HTTPResponse.Status] = []
                for try await status in group { statuses.append(status) }
                return statuses
            }
            #expect(Set(statuses) == [.accepted])
            #expect(try await network.rowCount("event") == 1)
        }
    }

    @Test func namesAreNotInTheRegister() async throws {
        try await IdentityNetwork.with { network in
            try await network.enrolled(Holder(), .organization)
            let columns = try await network.service.host.pool.query { session in
                try session.query("SELECT p::text FROM participant p").map { try $0.text(0) }
            }
            #expect(columns.count == 1)
            #expect(!columns[0].contains("A name"))
        }
    }

    @Test func otherKeysOrReadableKeysStopTheStart() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "identity-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try NetworkFolder.make(in: folder, founder: Holder())
        let postgres = try await PrivatePostgres.shared().createSchema("identity")
        let environment = NetworkFolder.environment(folder, postgres: postgres)
        let key = folder.appending(path: "root.key").path
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
        await #expect(throws: ConfigurationError.self) {
            try await IdentityService.start(environment: environment)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        let first = try await IdentityService.start(environment: environment)
        await first.host.pool.close()
        // The same schema with the genesis and keys of another network.
        _ = try NetworkFolder.make(in: folder, founder: Holder())
        await #expect(throws: (any Error).self) { try await IdentityService.start(environment: environment) }
    }
}
