import Cryptography
import HTTPTypes
import Messaging
import Model
import Postgres
import RecordsCore
import ServiceRuntime
import TestSupport
import Testing
import Tokens

/// The vault on a real database.
@Suite struct VaultTests {
    @Test(.enabled(if: !SampleBundle.corpora.isEmpty, "the corpora lie beside the project"))
    func aBundleComesBackByteForByte() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let body = try Corpora.bytes(of: "synthea/Burton_Kozey.json")
            let sent = try SplitBundle(body, patient: access.patient).resources
                .map { ($0.key.reference, Array(body[$0.range])) }
            let stored = try await vault.store(body, of: access.patient, as: access.custodian)
            let storedEntries = try JSONValue(parsing: stored.body)["entry"]?.array ?? []
            let locations = storedEntries.compactMap { $0["response"]?["location"]?.string }
            #expect(stored.status == .ok && locations.count == sent.count)
            let answer = try await vault.everything(access.token(at: vault.now))
            let ranges = try JSONScanner.elements(
                of: answer.body, arrayNamed: "entry", memberNamed: "resource")
            let received = try ranges.map { range in
                let content = Array(answer.body[range])
                let value = try JSONValue(parsing: content)
                return ("\(value["resourceType"]?.string ?? "")/\(value["id"]?.string ?? "")", content)
            }
            let sentByName = Dictionary(uniqueKeysWithValues: sent)
            let receivedByName = Dictionary(uniqueKeysWithValues: received)
            #expect(answer.status == .ok && sentByName == receivedByName)
            let total = try JSONValue(parsing: answer.body)["total"]?.int64
            #expect(total == Int64(sent.count))
            let disclosed = try await vault.events(.accessDisclosed, of: access.patient)
            #expect(disclosed.map { $0["count"]?.int64 } == [Int64(sent.count)])
            #expect(disclosed.first?["resources"]?.array?.count == sent.count)
            #expect(disclosed.first?["decision"]?.string == access.decision.description)
        }
    }

    @Test func theSameBundleChangesNothingAndOtherContentMakesAVersion() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let bundle = { (note: String) in
                SampleBundle.make([SampleBundle.observation("1", patient: access.patient, note: note)])
            }
            let first = try await vault.store(bundle("one"), of: access.patient, as: access.custodian)
            let again = try await vault.store(bundle("one"), of: access.patient, as: access.custodian)
            let second = try await vault.store(bundle("two"), of: access.patient, as: access.custodian)
            let locations = try [first, again, second].map {
                try JSONValue(parsing: $0.body)["entry"]?[0]?["response"]?["location"]?.string
            }
            #expect(locations[0] == locations[1] && locations[1] != locations[2])
            let events = try await vault.events(.recordsStored, of: access.patient)
            #expect(events.count == 2)
            let answer = try await vault.read(access.token(at: vault.now), "Observation", "1")
            let content = Array(SampleBundle.observation("1", patient: access.patient, note: "two").utf8)
            #expect(answer.body == content)
            #expect(answer.headers[.eTag]?.hasPrefix("W/\"") == true)
        }
    }

    @Test func nothingReadableIsInTheTable() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let canary = "canary-4711-canary"
            _ = try await vault.store(
                SampleBundle.make([SampleBundle.observation("1", patient: access.patient, note: canary)]),
                of: access.patient, as: access.custodian)
            let columns = try await vault.pool.query { session in
                try session.query("SELECT content, wrapped_key, mark FROM record_version").flatMap { row in
                    [try row.bytes(0), try row.bytes(1), try row.bytes(2)]
                } + session.query("SELECT sealed_document FROM contract").map { try $0.bytes(0) }
                    + session.query("SELECT sealed_data FROM decision").map { try $0.bytes(0) }
            }
            let texts = columns.map { String(decoding: $0, as: UTF8.self) }
            let readable = texts.filter { text in
                [canary, "resourceType", "Practitioner/", "provision"].contains { text.contains($0) }
            }
            #expect(columns.count == 5 && readable.isEmpty)
        }
    }

    /// What somebody with the database changes; each must be noticed and nothing disclosed.
    static let tampering = [
        """
        UPDATE record_version SET content = o.content, wrapped_key = o.wrapped_key FROM record_version o
        WHERE o.version <> record_version.version AND o.patient = record_version.patient
        """,
        "UPDATE record_version SET content = set_byte(content, 30, get_byte(content, 30) # 1)",
        "UPDATE record_version SET wrapped_key = set_byte(wrapped_key, 30, get_byte(wrapped_key, 30) # 1)",
        "UPDATE record_version SET resource_id = resource_id || 'x'",
        "UPDATE patient_key SET wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1)",
        "UPDATE patient_key SET id = gen_random_uuid()",
    ]

    @Test(arguments: tampering)
    func changedRowsAreNoticed(_ statement: String) async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let resources = ["1", "2"].map { SampleBundle.observation($0, patient: access.patient) }
            _ = try await vault.store(SampleBundle.make(resources), of: access.patient, as: access.custodian)
            let changedCount = try await vault.pool.query { session in try session.execute(statement) }
            #expect(changedCount > 0)
            let token = access.token(at: vault.now)
            await #expect(throws: (any Error).self) { try await vault.everything(token) }
            let disclosed = try await vault.events(.accessDisclosed, of: access.patient)
            #expect(disclosed.isEmpty)
        }
    }

    @Test func aTokenOfAnotherKindOrTimeIsNotBelieved() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let past = vault.now.advanced(byMilliseconds: -600_000)
            let tokens = [
                access.token(at: past), access.token(at: vault.now, audience: GrantedAccess.consentURL),
                access.token(at: vault.now, lifetimeSeconds: 3_600),
            ]
            for token in tokens {
                let answer = try await vault.everything(token)
                #expect(answer.status == .unauthorized)
            }
            let missing = try await vault.call(
                .get, "/fhir/Patient/{id}/$everything", ["id": access.patient.description])
            #expect(missing.status == .unauthorized && missing.headers[.wwwAuthenticate] == "Bearer")
            let type = try JSONValue(parsing: missing.body)["resourceType"]?.string
            #expect(type == "OperationOutcome")
            let events = try await vault.events(.accessRefused, of: access.patient)
            #expect(events.isEmpty)
        }
    }

    /// An exception of the contract holds back what the rules of labelling say is about HIV.
    @Test func whatAnExceptionDeniesIsHeldBackByItsContent() async throws {
        try await VaultFixture.with { vault in
            var access = GrantedAccess()
            access.exceptions = [
                [
                    "type": "deny",
                    "securityLabel": [
                        ["system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"]
                    ],
                ]
            ]
            try await vault.arrive(access)
            let stored = try await vault.store(
                SampleBundle.make([
                    SampleBundle.coded("weight", patient: access.patient, loinc: "29463-7"),
                    SampleBundle.coded("hiv", patient: access.patient, loinc: "75622-1"),
                    // What it is about nobody can tell, so it may be about HIV.
                    SampleBundle.observation("note", patient: access.patient),
                ]), of: access.patient, as: access.custodian)
            #expect(stored.status == .ok)
            let token = access.token(at: vault.now)
            let bundle = try JSONValue(parsing: try await vault.everything(token).body)
            let ids = bundle["entry"]?.array?.compactMap { $0["resource"]?["id"]?.string }
            #expect(ids == ["weight"])
            #expect(bundle["total"] == .some(.number(JSONNumber(1))))
            let start = ContinuousClock.now
            let answers = [
                try await vault.read(token, "Observation", "hiv"),
                try await vault.read(token, "Observation", "note"),
                try await vault.read(token, "Observation", "absent"),
            ]
            #expect(answers.allSatisfy { $0.status == .forbidden })
            #expect(Set(answers.map(\.body)).count == 1)
            // None is answered sooner than another could be.
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            let disclosed = try await vault.events(.accessDisclosed, of: access.patient)
            #expect(disclosed.map { $0["resources"]?.array?.count } == [1])
            #expect(disclosed.allSatisfy { $0["labelRules"]?.string?.contains("#") == true })
        }
    }

    @Test func hiddenAndAbsentLookAlikeAndAreRecorded() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            var other = GrantedAccess()
            other.patient = access.patient
            try await vault.arrive(access)
            for (custodian, id) in [(access.custodian, "own"), (other.custodian, "hidden")] {
                _ = try await vault.store(
                    SampleBundle.make([SampleBundle.observation(id, patient: access.patient)]),
                    of: access.patient,
                    as: custodian)
            }
            let token = access.token(at: vault.now)
            let own = try await vault.read(token, "Observation", "own")
            #expect(own.status == .ok)
            let refused = [
                try await vault.read(token, "Observation", "hidden"),
                try await vault.read(token, "Observation", "absent"),
                try await vault.read(token, "Spell", "1"),
                try await vault.read(token, "Observation", "\0"),
                try await vault.everything(token, of: other.custodian),
                try await vault.everything(token, purpose: "HRESCH"),
            ]
            #expect(refused.allSatisfy { $0.status == .forbidden })
            #expect(Set(refused.map(\.body)).count == 1)
            let reasons = try await vault.events(.accessRefused, of: access.patient)
                .compactMap { $0["reason"]?.string }.sorted()
            let expected =
                ["other-patient", "purpose-not-granted"]
                + [String](repeating: "resource-not-released", count: 4)
            #expect(reasons == expected)
        }
    }

    @Test func aPermitMayReleaseNothingAndThatIsRecorded() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let answer = try await vault.everything(access.token(at: vault.now), query: "_type=Goal")
            let total = try JSONValue(parsing: answer.body)["total"]?.int64
            #expect(answer.status == .ok && total == 0)
            let counts = try await vault.events(.accessDisclosed, of: access.patient).map {
                $0["count"]?.int64
            }
            #expect(counts == [0])
            let unknown = try await vault.everything(access.token(at: vault.now), query: "_count=1")
            #expect(unknown.status == .badRequest)
        }
    }

    @Test func whatOneAnswerCannotHoldIsReadTypeByType() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            for (type, count) in [("Observation", 1_500), ("Goal", 600)] {
                let resources = (0..<count).map { "{\"resourceType\":\"\(type)\",\"id\":\"\($0)\"}" }
                let stored = try await vault.store(
                    SampleBundle.make(resources), of: access.patient, as: access.custodian)
                #expect(stored.status == .ok)
            }
            let token = access.token(at: vault.now)
            let all = try await vault.everything(token)
            let goals = try await vault.everything(token, query: "_type=Goal")
            let total = try JSONValue(parsing: goals.body)["total"]?.int64
            #expect(all.status == .unprocessableContent && goals.status == .ok && total == 600)
            let sizes = try await vault.events(.recordsStored, of: access.patient)
                .compactMap { $0["resources"]?.array?.count }.sorted()
            #expect(sizes == [500, 600, 1_000])
            let reasons = try await vault.events(.accessRefused, of: access.patient).map {
                $0["reason"]?.string
            }
            #expect(reasons == ["too-much"])
        }
    }

    @Test func aStaleViewAndAMissingDecisionAreTriedAgain() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access, decision: false)
            let missing = try await vault.everything(access.token(at: vault.now))
            #expect(missing.status == .serviceUnavailable && missing.headers[.retryAfter] == "1")
            try await vault.arrive(access)
            var stale = vault
            stale.isFresh = false
            let answer = try await stale.everything(access.token(at: vault.now))
            #expect(answer.status == .serviceUnavailable && answer.headers[.retryAfter] == "1")
            let fresh = try await vault.everything(access.token(at: vault.now))
            #expect(fresh.status == .ok)
            let events = try await vault.events(.accessRefused, of: access.patient)
            #expect(events.isEmpty)
        }
    }

    @Test func aDecisionThatArrivesLateIsWaitedFor() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access, decision: false)
            async let answer = vault.everything(access.token(at: vault.now))
            try await Task.sleep(for: .milliseconds(100))
            try await vault.arrive(access)
            let status = try await answer.status
            #expect(status == .ok)
        }
    }

    @Test func aPendingRevocationClosesTokensIssuedBefore() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let token = access.token(at: vault.now)
            let before = try await vault.everything(token)
            try await vault.revoke(access)
            let after = try await vault.everything(token)
            #expect(before.status == .ok && after.status == .forbidden)
            try await vault.arrive(access)
            let replayed = try await vault.everything(token)
            #expect(replayed.status == .forbidden)
        }
    }

    @Test func aPendingDenialClosesTokensIssuedBeforeAndCountsOnce() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            _ = try await vault.store(
                SampleBundle.make([SampleBundle.observation("1", patient: access.patient)]),
                of: access.patient, as: access.custodian)
            let token = access.token(at: vault.now)
            let before = try await vault.everything(token)
            let denial = Made.contract()
            try await vault.deny(access, contract: denial)
            let pending = try await vault.everything(token)
            let one = try await vault.read(token, "Observation", "1")
            #expect([before, pending, one].map(\.status) == [.ok, .forbidden, .forbidden])
            try await vault.deny(access, contract: denial, finality: .final(index: 42))
            try await vault.deny(access, contract: denial)
            let count = try await vault.contractCount(of: access)
            #expect(count == 2)
            let after = try await vault.everything(token)
            #expect(after.status == .forbidden)
            let reasons = try await vault.events(.accessRefused, of: access.patient)
                .map { $0["reason"]?.string }
            #expect(reasons == [String](repeating: "no-longer-permitted", count: 3))
        }
    }

    @Test func aDenialThatIsKnownOnlyOnceItIsFinalCountsToo() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            try await vault.deny(access, finality: .final(index: 42))
            let answer = try await vault.everything(access.token(at: vault.now))
            #expect(answer.status == .forbidden)
        }
    }

    @Test func aDenialCountsUntilItsRevocationIsFinal() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let token = access.token(at: vault.now)
            let denial = Made.contract()
            try await vault.deny(access, contract: denial)
            try await vault.deny(access, contract: denial, finality: .final(index: 42))
            try await vault.revoke(access, contract: denial)
            let pending = try await vault.everything(token)
            try await vault.revoke(access, contract: denial, finality: .final(index: 43))
            let final = try await vault.everything(token)
            #expect([pending, final].map(\.status) == [.forbidden, .ok])
            // A pending record that comes again takes nothing back.
            try await vault.revoke(access, contract: denial)
            let replayed = try await vault.everything(token)
            try await vault.revoke(access)
            let permitEnded = try await vault.everything(token)
            #expect([replayed, permitEnded].map(\.status) == [.ok, .forbidden])
        }
    }

    @Test func aTokenFillsTheLedgerWithFewRefusals() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let token = access.token(at: vault.now)
            let most = ReleaseRecords.refusalEventCountMax
            let bodies = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                for _ in 0..<3 * most {
                    group.addTask {
                        let answer = try await vault.read(token, "Observation", "absent")
                        return (answer.status.code, answer.body)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(bodies.allSatisfy { $0.0 == 403 } && Set(bodies.map(\.1)).count == 1)
            let events = try await vault.events(.accessRefused, of: access.patient).count
            #expect(events == most)
            let counted = try await vault.pool.query { session in
                try session.query("SELECT refusal_count FROM token_refusal").map { try $0.int(0) }
            }
            #expect(counted == [Int64(3 * most)])
            let everything = try await vault.everything(token)
            #expect(everything.status == .ok)
        }
    }

    @Test func nothingThatPermitsCountsWhileItIsPending() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            let data = access.contractData
            try await vault.deliver(
                .consentGranted, subject: access.patient, data: data, finality: .pending)
            let forged = data.setting("version", .string(SHA256.hash([1]).hex))
            await #expect(throws: MessagingFault.self) {
                try await vault.deliver(
                    .consentDenied, subject: access.patient, data: forged, finality: .pending)
            }
            let count = try await vault.contractCount(of: access)
            #expect(count == 0)
        }
    }

    /// A contract that is published because it denies something is there at once; what it permits is not.
    @Test func whatAPendingContractPermitsOpensNothingUntilItIsFinal() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access, pendingContract: true)
            let bundle = SampleBundle.make([SampleBundle.observation("1", patient: access.patient)])
            let stored = try await vault.store(
                bundle, of: access.patient, as: access.custodian, kind: .organization)
            #expect(stored.status == .ok)
            let token = access.token(at: vault.now)
            let pending = try await vault.read(token, "Observation", "1")
            #expect(pending.status == .forbidden)
            try await vault.deliver(.consentDenied, subject: access.patient, data: access.contractData)
            let final = try await vault.read(token, "Observation", "1")
            #expect(final.status == .ok)
        }
    }

    @Test func onlyOrganisationsAndTheirSystemsStoreForEnrolledPatients() async throws {
        try await VaultFixture.with { vault in
            let access = GrantedAccess()
            try await vault.arrive(access)
            let bundle = SampleBundle.make([SampleBundle.observation("1", patient: access.patient)])
            let patient = access.patient
            let custodian = access.custodian
            let statuses = [
                try await vault.store(bundle, of: patient, as: custodian, kind: .organization).status.code,
                try await vault.store(bundle, of: patient, as: custodian, kind: .practitioner).status.code,
                try await vault.store(bundle, of: patient, as: custodian, contentType: "text/plain").status
                    .code,
                try await vault.store(Array("{".utf8), of: patient, as: custodian).status.code,
                try await vault.store(SampleBundle.make([]), of: Made.participant(), as: custodian).status
                    .code,
                try await vault.store(bundle, of: Made.participant(), as: custodian).status.code,
            ]
            #expect(statuses == [200, 403, 415, 400, 422, 422])
        }
    }

    @Test(arguments: [EventType.consentRevoked, .consentDenied])
    func noReleaseFollowsARestriction(_ type: EventType) async throws {
        try await VaultFixture.with { vault in
            var releasedCount = 0
            var refusedCount = 0
            for round in 0..<200 {
                let access = GrantedAccess()
                try await vault.arrive(access)
                let token = access.token(at: vault.now)
                let patient = access.patient.bytes
                let seen = DisclosureCount()
                let statuses = try await withThrowingTaskGroup(of: Int?.self) { group in
                    group.addTask {
                        try await Task.sleep(for: .microseconds(round * 37 % 4_000))
                        // Counted under the restriction's lock: whatever is released later is one too many.
                        if type == .consentDenied {
                            try await vault.deny(access) { session in try seen.read(patient, in: session) }
                        } else {
                            try await vault.revoke(access) { session in try seen.read(patient, in: session) }
                        }
                        return nil
                    }
                    for _ in 0..<3 { group.addTask { try await vault.everything(token).status.code } }
                    return try await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
                }
                let disclosed = try await vault.events(.accessDisclosed, of: access.patient).count
                let released = statuses.filter { $0 == 200 }.count
                #expect(disclosed == seen.count && released == disclosed, "round \(round)")
                releasedCount += released
                refusedCount += statuses.filter { $0 == 403 }.count
            }
            #expect(releasedCount + refusedCount == 600)
            #expect(releasedCount > 0 && refusedCount > 0)
        }
    }
}
