import ConsentAdapters
import ConsentCore
import Cryptography
import HTTPTypes
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceRuntime
import Testing
import Tokens

@Suite struct TokenExchangeTests {
    private static func json(_ response: ServiceResponse) throws -> JSONValue {
        try JSONValue(parsing: response.body)
    }

    private static func key() -> String { EntryID(Random.bytes(16))!.description }

    @Test func aPermittedRequestGetsATokenOnceItsDecisionIsFinal() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            let id = try await network.grant(network.document())
            // The contract is not final, so it permits nothing yet.
            let early = try await network.exchange(try network.form())
            #expect(early.status == .forbidden)
            try await network.makeFinal()
            let key = Self.key()
            let pending = try await network.exchange(try network.form(), key: key)
            #expect(pending.status == .accepted)
            let decision = try #require(try Self.json(pending)["decision"]?.string)
            #expect(pending.headers[.location] == "/decisions/\(decision)")

            try await network.makeFinal()
            let granted = try await network.exchange(try network.form(purposes: ["TREAT"]), key: key)
            #expect(granted.status == .ok)
            let answer = try Self.json(granted)
            let details = answer["authorization_details"]?[0]
            #expect(details?["decision"]?.string == decision)
            #expect(details?["entry"]?["index"]?.int64 == 7)
            #expect(answer["token_type"]?.string == "Bearer")
            #expect(answer["issued_token_type"]?.string == OAuth.accessTokenType)
            let token = try RecordAccessToken.verify(
                token: JSONWebToken(parsing: try #require(answer["access_token"]?.string)),
                key: try #require(network.genesis.service(.consent)?.tokenKey),
                issuer: network.service.authority.issuer, audience: network.service.authority.records,
                now: network.now)
            #expect(token.contracts.map(\.id.description) == [id])
            #expect(token.subject == network.practitioner.id)
            #expect(token.organization == network.hospital.id)
            #expect(token.actor == network.system.id)
        }
    }

    @Test func aKeyGivesTheSameDecisionAndTheSameToken() async throws {
        try await ConsentNetwork.with { network in
            _ = try await network.grant(network.document())
            let key = Self.key()
            let bodies = try await withThrowingTaskGroup(of: JSONValue.self) { group in
                for _ in 0..<6 {
                    group.addTask { try Self.json(try await network.exchange(try network.form(), key: key)) }
                }
                var bodies: [JSONValue] = []
                for try await body in group { bodies.append(body) }
                return bodies
            }
            let tokens = Set(bodies.map { $0["access_token"]?.string })
            #expect(tokens.count == 1)
            #expect(tokens.first != nil)
            let other = try await network.exchange(try network.form(purposes: ["HRESCH"]), key: key)
            #expect(other.status == .conflict)
            let counts = try await network.rowCounts()
            #expect(counts[5] == 1)
            let denied = Self.key()
            let first = try await network.exchange(try network.form(purposes: ["HRESCH"]), key: denied)
            let second = try await network.exchange(try network.form(purposes: ["HRESCH"]), key: denied)
            #expect(first.status == .forbidden)
            #expect(first.body == second.body)
        }
    }

    @Test func anUnknownPatientAndADeniedRequestLookAlike() async throws {
        try await ConsentNetwork.with { network in
            let answers = [
                try await network.exchange(try network.form()),
                try await network.exchange(try network.form(patient: Person(.patient).id)),
                try await network.exchange(try network.form(patient: network.hospital.id)),
            ]
            var texts: Set<String> = []
            for answer in answers {
                #expect(answer.status == .forbidden)
                let decision = try #require(try Self.json(answer)["decision"]?.string)
                texts.insert(String(decoding: answer.body, as: UTF8.self).replacing(decision, with: "id"))
            }
            #expect(texts.count == 1)
            #expect(texts.first?.contains("access_denied") == true)
            // Each refusal is an event, whoever was asked about.
            let counts = try await network.rowCounts()
            #expect(counts[0] == 3)
        }
    }

    @Test func aRequestThatIsNotSoundDecidesNothing() async throws {
        try await ConsentNetwork.with { network in
            let sound = try network.form()
            func status(_ changes: [String: String?]) async throws -> (HTTPResponse.Status, String?) {
                var form = sound
                for (name, value) in changes { form[name] = value }
                let answer = try await network.exchange(form)
                return (answer.status, try Self.json(answer)["error"]?.string)
            }
            let patient = try network.token(of: network.patient)
            let elsewhere = try network.token(
                of: network.practitioner, actor: network.system.id, audience: "http://127.0.0.1:7103")
            let stranger = try Person(.system, of: network.hospital).clientAssertion(
                audience: network.tokenEndpoint, id: "x", at: network.now)
            let cases: [([String: String?], HTTPResponse.Status, String)] = [
                (["grant_type": "x"], .badRequest, "unsupported_grant_type"),
                (["resource": "http://127.0.0.1:7101"], .badRequest, "invalid_target"),
                (["authorization_details": "{}"], .badRequest, "invalid_authorization_details"),
                (["subject_token": "x"], .badRequest, "invalid_grant"),
                (["subject_token": elsewhere], .badRequest, "invalid_grant"),
                (["subject_token": patient], .badRequest, "invalid_grant"),
                (["client_assertion": nil], .unauthorized, "invalid_client"),
                (["client_assertion": stranger], .unauthorized, "invalid_client"),
            ]
            for (changes, expected, code) in cases {
                let (status, error) = try await status(changes)
                #expect(status == expected)
                #expect(error == code)
            }
            let counts = try await network.rowCounts()
            #expect(counts == [0, 0, 0, 0, 0, 0, 0])
            let denied = try await network.exchange(sound)
            #expect(denied.status == .forbidden)
            let replayed = try await network.exchange(sound)
            #expect(replayed.status == .unauthorized)
        }
    }

    @Test func aStaleViewDecidesNothing() async throws {
        try await ConsentNetwork.with { network in
            _ = try await network.grant(network.document())
            network.freshness.isFresh = false
            let stale = try await network.exchange(try network.form())
            #expect(stale.status == .serviceUnavailable)
            #expect(stale.headers[.retryAfter] == "1")
            let counts = try await network.rowCounts()
            #expect(counts[5] == 0)
            network.freshness.isFresh = true
            let granted = try await network.exchange(try network.form())
            #expect(granted.status == .ok)
        }
    }

    @Test func aRevocationWithdrawsATokenThatWasNotIssuedYet() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            let document = network.document()
            let id = try await network.grant(document)
            try await network.makeFinal()
            let key = Self.key()
            let pending = try await network.exchange(try network.form(), key: key)
            #expect(pending.status == .accepted)
            let revoked = try await network.revoke(id, document)
            #expect(revoked.status == .ok)
            try await network.makeFinal()
            let withdrawn = try await network.exchange(try network.form(), key: key)
            #expect(withdrawn.status == .forbidden)
            #expect(try Self.json(withdrawn)["decision"] == (try Self.json(pending)["decision"]))
        }
    }

    @Test func aDenialHoldsFromTheMomentItIsAccepted() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            _ = try await network.grant(network.document())
            try await network.makeFinal()
            _ = try await network.grant(network.document(type: "deny"))
            let denied = try await network.exchange(try network.form())
            #expect(denied.status == .forbidden)
        }
    }

    @Test func aDenialHoldsUntilItsRevocationIsFinal() async throws {
        try await ConsentNetwork.with(isFinalAtOnce: false) { network in
            let permit = try await network.grant(network.document())
            let document = network.document(type: "deny")
            let denial = try await network.grant(document)
            try await network.makeFinal()
            let status = {
                try Self.json(
                    try await network.get("/contracts/{id}", parameters: ["id": denial], as: network.patient)
                )["status"]?.string
            }
            let revoked = try await network.revoke(denial, document)
            #expect(revoked.status == .ok)
            let pending = try await network.exchange(try network.form())
            #expect(pending.status == .forbidden)
            #expect(try await status() == "in-force")
            try await network.makeFinal()
            let key = Self.key()
            let decided = try await network.exchange(try network.form(), key: key)
            #expect(decided.status == .accepted)
            #expect(try await status() == "revoked")
            try await network.makeFinal()
            let granted = try await network.exchange(try network.form(), key: key)
            #expect(granted.status == .ok)
            let ended = try await network.revoke(permit, network.document())
            #expect(ended.status == .ok)
            let after = try await network.exchange(try network.form())
            #expect(after.status == .forbidden)
        }
    }

    @Test func thePatientSeesWhyAndTheRequesterOnlyTheirOwnSide() async throws {
        try await ConsentNetwork.with { network in
            let id = try await network.grant(network.document(type: "deny"))
            let denied = try await network.exchange(try network.form())
            let decision = try #require(try Self.json(denied)["decision"]?.string)
            let parameters = ["id": decision]
            let shown = try Self.json(
                try await network.get("/decisions/{id}", parameters: parameters, as: network.patient))
            #expect(shown["explanation"]?[1]?.string?.contains(id) == true)
            #expect(shown["purposes"]?[0]?["clauses"]?[0]?["contract"]?.string == id)
            #expect(shown["status"]?.string == "final")
            #expect(shown["actor"]?.string == network.practitioner.id.description)
            let own = try await network.get(
                "/decisions/{id}", parameters: parameters, as: network.practitioner, actor: network.system.id)
            #expect(own.status == .ok)
            #expect(!String(decoding: own.body, as: UTF8.self).contains(id))
            #expect(try Self.json(own)["effect"]?.string == "deny")
            for other in [Person(.patient), network.custodian, Person(.practitioner, of: network.hospital)] {
                let hidden = try await network.get("/decisions/{id}", parameters: parameters, as: other)
                #expect(hidden.status == .notFound)
            }
        }
    }

    @Test func aPatientListsTheirOwnDecisionsNewestFirst() async throws {
        try await ConsentNetwork.with { network in
            var ids: [String?] = []
            for _ in 0..<3 {
                let answer = try await network.exchange(try network.form())
                ids.insert(try Self.json(answer)["decision"]?.string, at: 0)
                // Decisions of one millisecond have no order of their own.
                try await Task.sleep(for: .milliseconds(2))
            }
            let query = "patient=\(network.patient.id)"
            let list = try await network.get("/decisions", query: query, as: network.patient)
            let found = try Self.json(list)["decisions"]?.array?.map { $0["id"]?.string }
            #expect(found == ids)
            let other = try await network.get("/decisions", query: query, as: Person(.patient))
            #expect(other.status == .forbidden)
        }
    }
}
