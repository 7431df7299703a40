import Cryptography
import IdentityCore
import Model
import Testing
import Tokens

@Suite struct EnrolParticipantTests {
    private static let now = Timestamp(seconds: 1_763_841_600)
    private static let networkID = SHA256.hash([1])
    private static let authority = "https://consent.example"
    private static let founder = Holder(1)
    private static let hospital = Holder(2)
    private static let member = Holder(3)
    private static let mark = SHA256.hash([2])

    private static func facts(
        _ sponsor: EnrolmentFacts.Sponsor, existing: RegisteredParticipant? = nil, isKeyTaken: Bool = false,
        isFounderID: Bool = false
    ) -> EnrolmentFacts {
        EnrolmentFacts(
            networkID: networkID, sponsor: sponsor, existing: existing, enrolmentMark: mark,
            isKeyTaken: isKeyTaken, isFounderID: isFounderID, authority: authority)
    }

    private static let enrolledHospital = EnrolmentFacts.Sponsor.participant(
        hospital.registered(.organization))

    private static func patient(
        issuedAt: Timestamp = now, authority: String? = authority, organization: ParticipantID = hospital.id
    ) -> JSONValue {
        member.enrolment(.patient, organization: organization, authority: authority, issuedAt: issuedAt)
    }

    /// What the command decides or refuses; nil when it enrols.
    private static func outcome(
        _ body: JSONValue, _ facts: EnrolmentFacts, now: Timestamp = now
    ) -> EnrolmentRefusal? {
        do throws(EnrolmentRefusal) {
            let command = try EnrolParticipant(body)
            guard case .enrol = try command.decide(facts, now: now) else {
                return .participantEnrolledOtherwise
            }
            return nil
        } catch {
            return error
        }
    }

    private static func body(_ enrolment: JSONValue, sponsor: Holder = hospital) throws -> JSONValue {
        try member.body(enrolment, sponsor: sponsor, networkID: networkID)
    }

    @Test func everyKindIsEnrolledByWhoMay() throws {
        let organization = Self.member.enrolment(.organization, issuedAt: Self.now)
        let founded = Self.facts(.founder(Self.founder.signer.publicKey))
        #expect(Self.outcome(try Self.body(organization, sponsor: Self.founder), founded) == nil)
        let byHospital = Self.facts(Self.enrolledHospital)
        #expect(Self.outcome(try Self.body(Self.patient()), byHospital) == nil)
        for kind in [ParticipantKind.system, .practitioner] {
            let enrolment = Self.member.enrolment(kind, organization: Self.hospital.id, issuedAt: Self.now)
            #expect(Self.outcome(try Self.body(enrolment), byHospital) == nil)
        }
        let keyless = Self.member.enrolment(
            .practitioner, organization: Self.hospital.id, issuedAt: Self.now, hasKeys: false)
        let body = try Self.member.body(
            keyless, sponsor: Self.hospital, networkID: Self.networkID, hasKeys: false)
        #expect(Self.outcome(body, byHospital) == nil)
    }

    static let malformed: [(String, JSONValue?, EnrolmentRefusal)] = [
        ("id", nil, .missingMember("id")), ("id", "x", .malformed("id")), ("id", 1, .malformed("id")),
        ("kind", "king", .malformed("kind")), ("name", "", .malformed("name")),
        ("name", nil, .missingMember("name")),
        ("name", .string(String(repeating: "a", count: 201)), .malformed("name")),
        ("name", "a\nb", .malformed("name")), ("issuedAt", "yesterday", .malformed("issuedAt")),
        ("signingKey", "AAAA", .unsoundKey("signingKey")), ("signingKey", "?", .malformed("signingKey")),
        (
            "signingKey", .string(Base64.encode([UInt8](repeating: 0, count: 32))), .unsoundKey("signingKey")
        ),
        ("signingKey", nil, .missingMember("signingKey")), ("sealingKey", nil, .missingMember("sealingKey")),
        ("organization", nil, .missingMember("organization")),
        ("authority", nil, .missingMember("authority")), ("admin", true, .unknownMember("admin")),
    ]

    @Test(arguments: malformed.indices) func anUnsoundEnrolmentIsRefused(_ index: Int) throws {
        let (name, value, expected) = Self.malformed[index]
        let body = try Self.body(Self.patient().setting(name, value))
        #expect(Self.outcome(body, Self.facts(Self.enrolledHospital)) == expected)
    }

    static let malformedBodies: [(String, JSONValue?, EnrolmentRefusal)] = [
        ("enrolment", nil, .missingMember("enrolment")), ("enrolment", 1, .malformed("enrolment")),
        ("sponsor", nil, .missingMember("sponsor")), ("sponsor", "x", .malformed("sponsor")),
        ("sponsor", ["id": "x", "signature": "AAAA"], .malformed("sponsor.id")),
        ("possession", "AAAA", .malformed("possession")), ("possession", nil, .missingMember("possession")),
        ("more", 1, .unknownMember("more")),
    ]

    @Test(arguments: malformedBodies.indices) func anUnsoundBodyIsRefused(_ index: Int) throws {
        let (name, value, expected) = Self.malformedBodies[index]
        let body = try Self.body(Self.patient()).setting(name, value)
        #expect(Self.outcome(body, Self.facts(Self.enrolledHospital)) == expected)
    }

    @Test func signaturesBindContentNetworkAndUse() throws {
        let body = try Self.body(Self.patient())
        let facts = Self.facts(Self.enrolledHospital)
        let changed = body.setting("enrolment", Self.patient().setting("name", "Another name"))
        #expect(Self.outcome(changed, facts) == .wrongPossession)
        let elsewhere = try Self.member.body(
            Self.patient(), sponsor: Self.hospital, networkID: SHA256.hash([9]))
        #expect(Self.outcome(elsewhere, facts) == .wrongPossession)
        let swapped = body.setting("possession", body["sponsor"]?["signature"])
        #expect(Self.outcome(swapped, facts) == .wrongPossession)
        let impostor = try Self.body(Self.patient(), sponsor: Self.founder)
        #expect(Self.outcome(impostor, facts) == .wrongSponsorSignature)
    }

    @Test func onlyTheRightSponsorMayEnrol() throws {
        let patient = try Self.body(Self.patient())
        #expect(Self.outcome(patient, Self.facts(.unknown)) == .sponsorNotEntitled)
        let founder = EnrolmentFacts.Sponsor.founder(Self.hospital.signer.publicKey)
        #expect(Self.outcome(patient, Self.facts(founder)) == .sponsorNotEntitled)
        let system = Self.hospital.registered(.system, organization: Self.founder.id)
        #expect(Self.outcome(patient, Self.facts(.participant(system))) == .sponsorNotEntitled)
        let foreign = try Self.body(Self.patient(organization: Self.founder.id))
        #expect(Self.outcome(foreign, Self.facts(Self.enrolledHospital)) == .sponsorNotEntitled)
        let pending = Self.hospital.registered(.organization, isFinal: false)
        #expect(Self.outcome(patient, Self.facts(.participant(pending))) == .sponsorPending)
        let organization = try Self.body(Self.member.enrolment(.organization, issuedAt: Self.now))
        #expect(Self.outcome(organization, Self.facts(Self.enrolledHospital)) == .sponsorNotEntitled)
        let other = Self.facts(.founder(Self.hospital.signer.publicKey), isFounderID: true)
        #expect(Self.outcome(organization, other) == .sponsorNotEntitled)
    }

    @Test func aKeylessPractitionerStatesNoPossession() throws {
        let enrolment = Self.member.enrolment(
            .practitioner, organization: Self.hospital.id, issuedAt: Self.now, hasKeys: false)
        let body = try Self.body(enrolment)
        #expect(Self.outcome(body, Self.facts(Self.enrolledHospital)) == .unknownMember("possession"))
        let half = try Self.body(
            Self.member.enrolment(.practitioner, organization: Self.hospital.id, issuedAt: Self.now)
                .setting("sealingKey", nil))
        #expect(Self.outcome(half, Self.facts(Self.enrolledHospital)) == .missingMember("sealingKey"))
    }

    static let ages: [(Int64, EnrolmentRefusal?)] = [
        (600_000, nil), (600_001, .notIssuedNow), (-600_000, nil), (-600_001, .notIssuedNow),
    ]

    @Test(arguments: ages.indices) func anEnrolmentIsMadeNow(_ index: Int) throws {
        let (ageMilliseconds, expected) = Self.ages[index]
        let body = try Self.body(Self.patient())
        let later = Self.now.advanced(byMilliseconds: ageMilliseconds)
        #expect(Self.outcome(body, Self.facts(Self.enrolledHospital), now: later) == expected)
    }

    @Test func aForeignAuthorityOrATakenKeyIsRefused() throws {
        let foreign = try Self.body(Self.patient(authority: "https://other.example"))
        #expect(Self.outcome(foreign, Self.facts(Self.enrolledHospital)) == .unknownAuthority)
        let body = try Self.body(Self.patient())
        #expect(Self.outcome(body, Self.facts(Self.enrolledHospital, isKeyTaken: true)) == .keyTaken)
    }

    @Test func aRepetitionIsAnsweredAndAnotherContentIsAConflict() throws {
        let command = try EnrolParticipant(try Self.body(Self.patient()))
        let same = Self.member.registered(.patient, organization: Self.hospital.id, mark: Self.mark)
        // A repetition counts long after the enrolment was made.
        let later = Self.now.advanced(byMilliseconds: 86_400_000)
        let decision = try command.decide(Self.facts(Self.enrolledHospital, existing: same), now: later)
        #expect(decision == .alreadyEnrolled(event: same.event))
        let other = Self.member.registered(.patient, organization: Self.hospital.id, mark: .zero)
        let body = try Self.body(Self.patient())
        let facts = Self.facts(Self.enrolledHospital, existing: other)
        #expect(Self.outcome(body, facts) == .participantEnrolledOtherwise)
    }
}
