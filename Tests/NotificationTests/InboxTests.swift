import Cryptography
import LedgerProtocol
import Messaging
import Model
import Postgres
import ServiceHost
import Testing
import Tokens

@testable import NotificationAdapters

/// The inbox over HTTP, against a database: one notice an event, to its own patient only.
@Suite struct InboxTests {
    @Test func noticeCarriesTheEventAndItsReceipt() async throws {
        let fixture = try await NotificationFixture()
        // The names come after the event: topics have no order between them.
        let event = try fixture.event("decision", .accessDecided, Cast.decision())
        try await fixture.apply(event)
        try await fixture.apply(fixture.enrolment(Cast.hospital, .organization, name: "City Hospital"))
        try await fixture.apply(fixture.enrolment(Cast.practitioner, .practitioner, name: "Dr Ada Byron"))
        let answer = try await fixture.get("/inbox", token: fixture.token())
        #expect(answer.status == 200)
        let notice = try #require(answer.json["notices"]?[0])
        #expect(notice["id"]?.string == event.id.description)
        #expect(notice["type"]?.string == "access.decided.v1")
        #expect(notice["time"]?.string == "2026-11-22T19:00:00.000Z")
        #expect(notice["receipt"]?.string == "receipt of decision")
        let bytes = try #require(notice["event"]).canonicalBytes()
        #expect(bytes == event.disclosureBytes)
        let summary = try #require(notice["summary"]?.string)
        let namesBoth = summary.hasPrefix("Dr Ada Byron of City Hospital was permitted to read your records")
        #expect(namesBoth, "\(summary)")
        await fixture.close()
    }

    @Test func pagesShowEachNoticeOnceAndInOrder() async throws {
        let fixture = try await NotificationFixture()
        for number in 0..<7 {
            try await fixture.apply(fixture.event("decision \(number)", .accessDecided, Cast.decision()))
        }
        let token = try fixture.token()
        var cursor = "0"
        var shown: [String] = []
        var sizes: [Int] = []
        repeat {
            let answer = try await fixture.get("/inbox", query: "limit=3&after=\(cursor)", token: token)
            let page = try #require(answer.json["notices"]?.array)
            shown += page.compactMap { $0["id"]?.string }
            sizes.append(page.count)
            cursor = try #require(answer.json["next"]?.string)
        } while sizes.last != 0 && sizes.count < 9
        #expect(sizes == [3, 3, 1, 0])
        let expected = (0..<7).map { (Cast.identifier("event decision \($0)") as EntryID).description }
        #expect(shown == expected)
        #expect(cursor == "7")
        await fixture.close()
    }

    @Test func duplicatesChangeNothing() async throws {
        let fixture = try await NotificationFixture()
        let event = try fixture.event("decision", .accessDecided, Cast.decision())
        let enrolment = try fixture.enrolment(Cast.hospital, .organization, name: "City Hospital")
        for _ in 0..<5 {
            try await fixture.apply(event)
            try await fixture.apply(enrolment)
        }
        let restarted = try await NotificationFixture(on: fixture)
        try await restarted.apply(event)
        #expect(try await counts(restarted) == [1, 1, 1])
        await fixture.close()
        await restarted.close()
    }

    @Test func concurrentConsumersMakeOneNotice() async throws {
        let fixture = try await NotificationFixture()
        let events = try (0..<40).map { number in
            try fixture.event("decision \(number % 20)", .accessDecided, Cast.decision())
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for event in events { group.addTask { try await fixture.apply(event) } }
            try await group.waitForAll()
        }
        #expect(try await counts(fixture) == [20, 0, 20])
        let answer = try await fixture.get("/inbox", query: "limit=100", token: fixture.token())
        #expect(answer.json["notices"]?.array?.count == 20)
        #expect(answer.json["next"]?.string == "20")
        await fixture.close()
    }

    @Test(arguments: [EventType.consentRevoked, .consentDenied])
    func pendingRestrictionIsNoticedAtOnceAndCompletedOnce(_ type: EventType) async throws {
        let fixture = try await NotificationFixture()
        let token = try fixture.token()
        let pending = try fixture.event("restriction", type, Cast.consent(type: "deny"), finality: .pending)
        let final = try fixture.event("restriction", type, Cast.consent(type: "deny"))
        try await fixture.apply(pending)
        let first = try await fixture.get("/inbox", token: token).json["notices"]?[0]
        #expect(first?["receipt"] == .null)
        #expect(first?["type"]?.string == type.rawValue)
        let forbids = first?["summary"]?.string?.contains("forbids") == true
        #expect(forbids)
        for event in [final, pending, final] { try await fixture.apply(event) }
        let answer = try await fixture.get("/inbox", token: token)
        #expect(answer.json["notices"]?.array?.count == 1)
        #expect(answer.json["notices"]?[0]?["receipt"]?.string == "receipt of restriction")
        let shown = try await fixture.get("/inbox/{id}", id: pending.id.description, token: token)
        #expect(shown.status == 200)
        #expect(shown.json["receipt"]?.string == "receipt of restriction")
        // Consents are nobody's business but the patient's.
        #expect(try await counts(fixture) == [1, 0, 0])
        await fixture.close()
    }

    @Test func inboxOpensToItsPatientOnly() async throws {
        let fixture = try await NotificationFixture()
        let event = try fixture.event("decision", .accessDecided, Cast.decision())
        try await fixture.apply(event)
        let other = try fixture.token(of: Cast.otherPatient)
        let empty = try await fixture.get("/inbox", token: other)
        #expect(empty.status == 200)
        #expect(empty.json["notices"]?.array?.isEmpty == true)
        let hidden = try await fixture.get("/inbox/{id}", id: event.id.description, token: other)
        let absent = try await fixture.get("/inbox/{id}", id: Cast.stranger.description, token: other)
        #expect(hidden.status == 404)
        #expect(hidden.json == absent.json)
        await fixture.close()
    }

    @Test func requestsWithoutThePatientsTokenAreRefused() async throws {
        let fixture = try await NotificationFixture()
        let tokens: [(token: String?, status: Int)] = [
            (nil, 401), ("x.y.z", 401),
            (try fixture.token(audience: "https://consent.test.example"), 401),
            (try fixture.token(ageSeconds: 400), 401),
            (try fixture.token(signer: Cast.signer("token consent")), 401),
            (try fixture.token(of: Cast.practitioner, kind: .practitioner), 403),
            (try fixture.token(of: Cast.hospital, kind: .organization), 403),
            (try fixture.token(actor: Cast.system), 403),
        ]
        for (token, status) in tokens {
            for template in ["/inbox", "/inbox/{id}"] {
                let answer = try await fixture.get(template, id: Cast.patient.description, token: token)
                #expect(answer.status == status, "\(answer.json)")
            }
        }
        await fixture.close()
    }

    @Test(arguments: ["limit=0", "limit=101", "after=x", "wait=11", "patient=1", "limit=1&limit=2"])
    func wrongQueriesAreRefused(query: String) async throws {
        let fixture = try await NotificationFixture()
        let answer = try await fixture.get("/inbox", query: query, token: fixture.token())
        #expect(answer.status == 400)
        await fixture.close()
    }

    @Test func waitingRequestIsAnsweredWhenTheNoticeComes() async throws {
        let fixture = try await NotificationFixture()
        let token = try fixture.token()
        let start = ContinuousClock.now
        async let answer = fixture.get("/inbox", query: "wait=10", token: token)
        try await Task.sleep(for: .milliseconds(300))
        try await fixture.apply(fixture.event("decision", .accessDecided, Cast.decision()))
        let count = try await answer.json["notices"]?.array?.count
        #expect(count == 1)
        let isPrompt = ContinuousClock.now - start < .seconds(8)
        #expect(isPrompt)
        await fixture.close()
    }

    @Test func eventOfAForeignProducerIsNotTaken() async throws {
        let fixture = try await NotificationFixture()
        let event = try fixture.event("decision", .accessDecided, Cast.decision(), by: .records)
        await #expect(throws: MessagingFault.self) { try await fixture.apply(event) }
        #expect(try await counts(fixture) == [0, 0, 0])
        await fixture.close()
    }

    @Test func tablesHoldNeitherNamesNorPatients() async throws {
        let fixture = try await NotificationFixture()
        try await fixture.apply(fixture.enrolment(Cast.practitioner, .practitioner, name: "CANARY-NAME"))
        try await fixture.apply(fixture.enrolment(Cast.patient, .patient, name: "CANARY-PATIENT"))
        try await fixture.apply(fixture.event("decision", .accessDecided, Cast.decision()))
        try await fixture.apply(fixture.event("consent", .consentGranted, Cast.consent()))
        let dump = try await fixture.service.host.pool.query { session in
            try ["participant", "inbox", "notice", "subscriber_queue", "subscriber_record"].map { table in
                try session.query("SELECT t::text FROM \(table) AS t").map { try $0.text(0) }.joined()
            }.joined()
        }
        let patientHex = Hex.encode(Cast.patient.bytes)
        let nameHex = Hex.encode([UInt8]("CANARY".utf8))
        for canary in ["CANARY", nameHex, Cast.patient.description, patientHex] {
            let isInDump = dump.contains(canary)
            #expect(!isInDump, "`\(canary)` is in a table")
        }
        let hasPractitioner = dump.contains(Cast.practitioner.description)
        #expect(hasPractitioner, "the dump does not hold the rows")
        await fixture.close()
    }

    @Test func exchangedRowsDoNotOpen() async throws {
        let fixture = try await NotificationFixture()
        try await fixture.apply(fixture.event("one", .accessDecided, Cast.decision()))
        try await fixture.apply(
            fixture.event("two", .accessDecided, Cast.decision(), subject: Cast.otherPatient))
        try await fixture.service.host.pool.query { session in
            try session.execute(
                """
                UPDATE notice SET sealed_disclosure =
                    (SELECT sealed_disclosure FROM notice WHERE event_id = $1)
                """,
                [.uuid((Cast.identifier("event two") as EntryID).bytes)])
        }
        let token = try fixture.token()
        await #expect(throws: PostgresFault.self) { try await fixture.get("/inbox", token: token) }
        await fixture.close()
    }

    /// Rows of notices, participants and of the subscribers' queue.
    private func counts(_ fixture: NotificationFixture) async throws -> [Int64] {
        try await fixture.service.host.pool.query { session in
            try ["notice", "participant", "subscriber_queue"].map { table in
                try session.query("SELECT count(*) FROM \(table)")[0].int(0)
            }
        }
    }
}
