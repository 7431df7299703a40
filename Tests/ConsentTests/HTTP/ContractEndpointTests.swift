import ConsentAdapters
import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import ServiceRuntime
import Testing
import Tokens

@Suite struct ContractEndpointTests {
    // Both names are tokens of RFC 9110.
    private static let entryID = HTTPField.Name("Consentry-Entry-Id")!
    private static let entryIndex = HTTPField.Name("Consentry-Entry-Index")!

    private static func json(_ response: ServiceResponse) throws -> JSONValue {
        try JSONValue(parsing: response.body)
    }

    @Test func aContractIsInForceWhenItIsFinal() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            let message = network.message(network.document())
            let accepted = try await network.submit(message)
            #expect(accepted.status == .accepted)
            let location = try #require(accepted.headers[.location])
            let id = try #require(location.split(separator: "/").last.map(String.init))
            #expect(location == "/contracts/\(id)")
            let entry = try #require(accepted.headers[Self.entryID])
            let pending = try await network.get(
                "/contracts/{id}", parameters: ["id": id], as: network.patient)
            #expect(try Self.json(pending)["status"]?.string == "pending")

            try await network.makeFinal()
            let repeated = try await network.submit(message)
            #expect(repeated.status == .ok)
            #expect(repeated.headers[.location] == "/fhir/Consent/\(id)/_history/1")
            #expect(repeated.headers[.eTag] == "W/\"1\"")
            #expect(repeated.headers[Self.entryID] == entry)
            #expect(repeated.headers[Self.entryIndex] == "7")
            let status = try await network.get("/contracts/{id}", parameters: ["id": id], as: network.patient)
            #expect(try Self.json(status)["status"]?.string == "in-force")
            #expect(try Self.json(status)["entry"]?["index"]?.int64 == 7)
            #expect(try Self.json(status)["version"]?.string == SHA256.hash(message.body).hex)
        }
    }

    @Test func aDenialIsInForceAndOnItsWayToOthersWhenItIsAccepted() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            _ = try await network.submit(network.message(network.document()))
            let message = network.message(network.document(type: "deny"))
            let accepted = try await network.submit(message)
            #expect(accepted.status == .accepted)
            #expect(try Self.json(accepted)["status"]?.string == "in-force")
            let id = try #require(try Self.json(accepted)["id"]?.string)
            let status = try await network.get("/contracts/{id}", parameters: ["id": id], as: network.patient)
            #expect(try Self.json(status)["status"]?.string == "in-force")
            #expect(try Self.json(status)["entry"]?["index"] == nil)
            // Of the two contracts only the denial is published before it is final.
            let published = try await network.service.host.pool.query { session in
                try session.query(
                    """
                    SELECT e.id, e.type, e.payload FROM event e JOIN unpublished u ON u.event_id = e.id
                    WHERE u.finality = 0
                    """
                ).map { (EntryID(try $0.uuid(0)), try $0.text(1), try JSONValue(parsing: try $0.bytes(2))) }
            }
            #expect(published.map(\.1) == [EventType.consentDenied.rawValue])
            #expect(published.first?.0?.description == accepted.headers[Self.entryID])
            let data = published.first?.2["data"]
            #expect(data?["contract"]?.string == id)
            #expect(data?["document"]?.string == Base64.encode(message.body))
        }
    }

    @Test func aContractIsKeptAndShownAsItWasSigned() async throws {
        try await ConsentNetwork.with { network in
            let message = network.message(network.document())
            let created = try await network.submit(message)
            #expect(created.status == .created)
            #expect(created.headers[Self.entryIndex] != nil)
            let repeated = try await network.submit(message)
            #expect(repeated.status == .ok)
            #expect(repeated.headers[.location] == created.headers[.location])
            #expect(repeated.headers[Self.entryID] == created.headers[Self.entryID])
            let counts = try await network.rowCounts()
            #expect(counts == [1, 1, 1, 1, 1, 0, 0])

            let id = try #require(created.headers[.location]?.split(separator: "/").map(String.init)[2])
            let shown = try await network.get(
                "/fhir/Consent/{id}", parameters: ["id": id], as: network.patient)
            #expect(shown.body == message.body)
            let other = Person(.patient)
            let hidden = try await network.get("/fhir/Consent/{id}", parameters: ["id": id], as: other)
            #expect(hidden.status == .notFound)
            let clinician = try await network.get(
                "/contracts/{id}", parameters: ["id": id], as: network.practitioner, actor: network.system.id)
            #expect(clinician.status == .forbidden)
        }
    }

    @Test func aRefusedContractChangesNothing() async throws {
        try await ConsentNetwork.with { network in
            let sound = network.document()
            let unsigned = try await network.call(
                .post, "/fhir/Consent", headers: [.contentType: "application/fhir+json"],
                body: sound.encoded())
            #expect(unsigned.status == .unauthorized)
            #expect(try Self.json(unsigned)["resourceType"]?.string == "OperationOutcome")
            let impostor = Message(
                sound, by: Person(.patient), networkID: network.genesis.networkID,
                claimedPatient: network.patient.id)
            let forged = try await network.submit(impostor)
            #expect(forged.status == .forbidden)
            let draft = try await network.submit(network.message(sound.setting("status", "draft")))
            #expect(draft.status == .unprocessableContent)
            let strange = Documents.consent(
                patient: network.patient, custodian: network.custodian, actor: Person(.organization))
            let refused = try await network.submit(network.message(strange))
            #expect(refused.status == .unprocessableContent)
            let diagnostics = try Self.json(refused)["issue"]?[0]?["diagnostics"]?.string
            #expect(diagnostics?.contains("Consent.provision.actor[0].reference") == true)
            let unsupported = try await network.submit(
                network.message(sound.setting("implicitRules", "urn:x")))
            #expect(unsupported.status == .unprocessableContent)
            let counts = try await network.rowCounts()
            #expect(counts == [0, 0, 0, 0, 0, 0, 0])
        }
    }

    @Test func aBodyThatIsNoJSONIsToldSoBeforeAnythingElse() async throws {
        try await ConsentNetwork.with { network in
            let text = try await network.call(
                .post, "/fhir/Consent", headers: [.contentType: "text/plain"], body: Array("{}".utf8))
            #expect(text.status == .unsupportedMediaType)
            let broken = try await network.call(
                .post, "/fhir/Consent", headers: [.contentType: "application/fhir+json"],
                body: Array(#"{"a":1,}"#.utf8))
            #expect(broken.status == .badRequest)
            let diagnostics = try Self.json(broken)["issue"]?[0]?["diagnostics"]?.string
            #expect(diagnostics?.hasSuffix("at byte 7") == true)
        }
    }

    @Test func aVersionHasOneName() async throws {
        try await ConsentNetwork.with { network in
            let id = try await network.grant(network.document())
            var statuses: [Int] = []
            for number in ["1", "01", "+1", "2"] {
                let shown = try await network.get(
                    "/fhir/Consent/{id}/_history/{number}", parameters: ["id": id, "number": number],
                    as: network.patient)
                statuses.append(shown.status.code)
            }
            #expect(statuses == [200, 404, 404, 404])
        }
    }

    @Test func aNonceIsForOneMessage() async throws {
        try await ConsentNetwork.with { network in
            let nonce = ConsentNonce(Random.bytes(16))
            let first = try await network.submit(network.message(network.document(), nonce: nonce))
            #expect(first.status == .created)
            let other = network.document().setting("language", "en")
            let conflict = try await network.submit(network.message(other, nonce: nonce))
            #expect(conflict.status == .conflict)
            let counts = try await network.rowCounts()
            #expect(counts[2] == 1)
        }
    }

    @Test func theSameMessageSentAtOnceIsOneContract() async throws {
        try await ConsentNetwork.with { network in
            let message = network.message(network.document())
            let locations = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<8 { group.addTask { try await network.submit(message).headers[.location] } }
                var locations: Set<String?> = []
                for try await location in group { locations.insert(location) }
                return locations
            }
            #expect(locations.count == 1)
            let counts = try await network.rowCounts()
            #expect(counts == [1, 1, 1, 1, 1, 0, 0])
        }
    }

    @Test func aRevocationNamesTheVersionThatItEnds() async throws {
        try await ConsentNetwork.with { network in
            let document = network.document()
            let id = try await network.grant(document)
            let inactive = network.message(document.setting("status", "inactive"))
            let before = try await network.rowCounts()
            let unconditional = try await network.revoke(id, inactive, tag: nil)
            #expect(unconditional.status == .preconditionRequired)
            let stale = try await network.revoke(id, inactive, tag: "W/\"9\"")
            #expect(stale.status == .preconditionFailed)
            let changed = network.message(document.setting("status", "inactive").setting("language", "en"))
            let other = try await network.revoke(id, changed)
            #expect(other.status == .unprocessableContent)
            let nowhere = try await network.revoke(EntryID(Random.bytes(16))!.description, inactive)
            #expect(nowhere.status == .notFound)
            let after = try await network.rowCounts()
            #expect(after == before)

            let revoked = try await network.revoke(id, inactive)
            #expect(revoked.status == .ok)
            #expect(revoked.headers[.eTag] == "W/\"2\"")
            let repeated = try await network.revoke(id, inactive)
            #expect(repeated.status == .ok)
            #expect(repeated.headers[Self.entryID] == revoked.headers[Self.entryID])
            let again = try await network.revoke(id, document)
            #expect(again.status == .preconditionFailed)
            let status = try await network.get("/contracts/{id}", parameters: ["id": id], as: network.patient)
            #expect(try Self.json(status)["status"]?.string == "revoked")
            let shown = try await network.get(
                "/fhir/Consent/{id}", parameters: ["id": id], as: network.patient)
            #expect(shown.body == inactive.body)
        }
    }

    @Test func anEnrolmentCountsWhenItIsFinalAndOnce() async throws {
        try await ConsentNetwork.with { network in
            let newcomer = Person(.patient)
            let document = Documents.consent(
                patient: newcomer, custodian: network.custodian, actor: network.hospital)
            let message = Message(document, by: newcomer, networkID: network.genesis.networkID)
            try await network.enrol(newcomer, finality: .pending)
            let early = try await network.submit(message)
            #expect(early.status == .forbidden)
            try await network.enrol(newcomer)
            try await network.enrol(newcomer)
            let accepted = try await network.submit(message)
            #expect(accepted.status == .created)
        }
    }
}
