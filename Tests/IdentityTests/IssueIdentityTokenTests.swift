import Cryptography
import IdentityCore
import Model
import Testing
import Tokens

@Suite struct IssueIdentityTokenTests {
    private static let now = Timestamp(seconds: 1_763_841_600)
    private static let issuer = "https://identity.example"
    private static let consent = "https://consent.example"
    private static let hospital = Holder(2)
    private static let system = Holder(3)
    private static let clinician = Holder(4)
    private static let patient = Holder(5)

    private static let registeredSystem = system.registered(.system, organization: hospital.id)
    private static let registeredClinician = clinician.registered(
        .practitioner, organization: hospital.id, hasKey: false)

    private static func form(
        _ client: Holder, changing changes: [String: String?] = [:]
    ) throws -> [String: String] {
        var form = [
            "grant_type": "client_credentials", "client_assertion_type": OAuth.clientAssertionType,
            "client_assertion": try client.clientAssertion(audience: issuer + "/token", id: "c1", at: now),
            "resource": consent,
        ]
        for (name, value) in changes { form[name] = value }
        return form
    }

    private static func userAssertion(
        signer: Holder = system, organization: ParticipantID = hospital.id,
        audience: String = issuer + "/token"
    ) throws -> String {
        try UserAssertion(
            system: signer.id, user: clinician.id, organization: organization, role: nil,
            authenticatedAt: now,
            methods: ["pwd"], audience: audience, expiresAt: now.advanced(byMilliseconds: 60_000), id: "u1"
        ).signed(by: signer.signer, issuedAt: now)
    }

    private static func userForm(_ client: Holder = system, assertion: String) throws -> [String: String] {
        try form(
            client, changing: ["grant_type": OAuth.GrantType.userAssertion.rawValue, "assertion": assertion])
    }

    private static func decide(
        _ form: [String: String], client: RegisteredParticipant?, user: RegisteredParticipant? = nil,
        now: Timestamp = now
    ) throws(TokenRequestRefusal) -> IdentityTokenGrant {
        let facts = TokenFacts(issuer: issuer, resources: [issuer, consent], client: client, user: user)
        return try IssueIdentityToken(form: form).decide(facts, tokenID: "t1", now: now)
    }

    private static func refusal(
        _ form: [String: String], client: RegisteredParticipant?, user: RegisteredParticipant? = nil,
        now: Timestamp = now
    ) -> TokenRequestRefusal? {
        do throws(TokenRequestRefusal) {
            _ = try decide(form, client: client, user: user, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func aPatientSpeaksForItself() throws {
        let registered = Self.patient.registered(.patient, organization: Self.hospital.id)
        let grant = try Self.decide(try Self.form(Self.patient), client: registered)
        #expect(grant.token.subject == Self.patient.id)
        #expect(grant.token.subjectKind == .patient)
        #expect(grant.token.organization == nil)
        #expect(grant.token.actor == nil)
        #expect(grant.token.audience == Self.consent)
        #expect(grant.token.expiresAt == Self.now.advanced(byMilliseconds: 300_000))
        #expect(grant.used.map(\.purpose) == [.client])
    }

    @Test func organizationsAndMembersActForTheirOrganization() throws {
        let organization = try Self.decide(
            try Self.form(Self.hospital), client: Self.hospital.registered(.organization))
        #expect(organization.token.organization == Self.hospital.id)
        let system = try Self.decide(try Self.form(Self.system), client: Self.registeredSystem)
        #expect(system.token.organization == Self.hospital.id)
        let practitioner = Self.clinician.registered(.practitioner, organization: Self.hospital.id)
        let own = try Self.decide(try Self.form(Self.clinician), client: practitioner)
        #expect(own.token.subjectKind == .practitioner)
        #expect(own.token.actor == nil)
    }

    @Test func aSystemSpeaksForItsUser() throws {
        let form = try Self.userForm(assertion: try Self.userAssertion())
        let grant = try Self.decide(form, client: Self.registeredSystem, user: Self.registeredClinician)
        #expect(grant.token.subject == Self.clinician.id)
        #expect(grant.token.subjectKind == .practitioner)
        #expect(grant.token.actor == Self.system.id)
        #expect(grant.token.organization == Self.hospital.id)
        #expect(grant.used.map(\.purpose) == [.client, .user])
        #expect(Set(grant.used.map(\.signer)) == [Self.system.id])
    }

    static let forms: [([String: String?], TokenRequestRefusal)] = [
        (["grant_type": nil], .missingParameter("grant_type")),
        (["grant_type": "password"], .unsupportedGrantType),
        (["grant_type": OAuth.GrantType.tokenExchange.rawValue], .unsupportedGrantType),
        (["resource": nil], .missingParameter("resource")),
        (["resource": "https://other.example"], .unknownResource),
        (["client_assertion": nil], .clientNotAuthenticated(.missingClaim("client_assertion"))),
        (["client_assertion": "x"], .clientNotAuthenticated(.malformed)),
        (["grant_type": OAuth.GrantType.userAssertion.rawValue], .missingParameter("assertion")),
        (
            ["grant_type": OAuth.GrantType.userAssertion.rawValue, "assertion": "x"],
            .userAssertionRefused(.malformed)
        ),
    ]

    @Test(arguments: forms.indices) func anUnsoundFormIsRefused(_ index: Int) throws {
        let (changes, expected) = Self.forms[index]
        let form = try Self.form(Self.system, changing: changes)
        #expect(Self.refusal(form, client: Self.registeredSystem) == expected)
    }

    @Test func aClientHasToBeKnownFinalAndTrue() throws {
        let form = try Self.form(Self.system)
        #expect(Self.refusal(form, client: nil) == .unknownClient)
        let keyless = Self.clinician.registered(.practitioner, organization: Self.hospital.id, hasKey: false)
        #expect(Self.refusal(try Self.form(Self.clinician), client: keyless) == .unknownClient)
        let pending = Self.system.registered(.system, organization: Self.hospital.id, isFinal: false)
        #expect(Self.refusal(form, client: pending) == .clientPending)
        let stolen = RegisteredParticipant(
            id: Self.system.id, kind: .system, organization: Self.hospital.id,
            signingKey: Self.patient.signer.publicKey, event: Self.registeredSystem.event,
            enrolmentMark: .zero,
            isFinal: true)
        #expect(Self.refusal(form, client: stolen) == .clientNotAuthenticated(.unknownKey))
        let late = Self.now.advanced(byMilliseconds: 70_000)
        #expect(
            Self.refusal(form, client: Self.registeredSystem, now: late) == .clientNotAuthenticated(.expired))
        let elsewhere = try Self.form(
            Self.system,
            changing: [
                "client_assertion": try Self.system.clientAssertion(
                    audience: Self.consent + "/token", id: "c1", at: Self.now)
            ])
        let refused = Self.refusal(elsewhere, client: Self.registeredSystem)
        #expect(refused == .clientNotAuthenticated(.wrongAudience))
    }

    @Test func onlyASystemAsksForUsers() throws {
        let assertion = try Self.userAssertion(signer: Self.hospital)
        let form = try Self.userForm(Self.hospital, assertion: assertion)
        let refused = Self.refusal(
            form, client: Self.hospital.registered(.organization), user: Self.registeredClinician)
        #expect(refused == .notASystem)
    }

    static let users: [RegisteredParticipant?] = [
        nil, clinician.registered(.practitioner, organization: patient.id, hasKey: false),
        clinician.registered(.practitioner, organization: hospital.id, hasKey: false, isFinal: false),
        clinician.registered(.patient, organization: hospital.id), clinician.registered(.organization),
        patient.registered(.practitioner, organization: hospital.id),
    ]

    @Test(arguments: users.indices) func aUserIsAPractitionerOfTheSystemsOrganization(_ index: Int) throws {
        let form = try Self.userForm(assertion: try Self.userAssertion())
        let refused = Self.refusal(form, client: Self.registeredSystem, user: Self.users[index])
        #expect(refused == .userNotOfOrganization)
    }

    @Test func aUserAssertionBindsSystemOrganizationAndReceiver() throws {
        let client = Self.registeredSystem
        let user = Self.registeredClinician
        let foreignOrganization = try Self.userForm(
            assertion: try Self.userAssertion(organization: Self.patient.id))
        #expect(Self.refusal(foreignOrganization, client: client, user: user) == .userNotOfOrganization)
        let foreignSystem = try Self.userForm(assertion: try Self.userAssertion(signer: Self.hospital))
        let refused = Self.refusal(foreignSystem, client: client, user: user)
        #expect(refused == .userAssertionRefused(.unknownKey))
        let elsewhere = try Self.userForm(
            assertion: try Self.userAssertion(audience: Self.consent + "/token"))
        #expect(Self.refusal(elsewhere, client: client, user: user) == .userAssertionRefused(.wrongAudience))
        let clientAssertion = try Self.system.clientAssertion(
            audience: Self.issuer + "/token", id: "x", at: Self.now)
        let confused = try Self.userForm(assertion: clientAssertion)
        #expect(Self.refusal(confused, client: client, user: user) == .userAssertionRefused(.wrongType))
    }

    static let codes: [(TokenRequestRefusal, String)] = [
        (.missingParameter("resource"), "invalid_request"), (.unsupportedGrantType, "unsupported_grant_type"),
        (.clientNotAuthenticated(.expired), "invalid_client"), (.unknownClient, "invalid_client"),
        (.clientPending, "invalid_client"), (.assertionUsedBefore(.client), "invalid_client"),
        (.assertionUsedBefore(.user), "invalid_grant"),
        (.unknownResource, "invalid_target"), (.notASystem, "unauthorized_client"),
        (.userAssertionRefused(.expired), "invalid_grant"), (.userNotOfOrganization, "invalid_grant"),
    ]

    @Test(arguments: codes.indices) func aRefusalHasItsErrorCode(_ index: Int) {
        let (refusal, code) = Self.codes[index]
        #expect(refusal.code.rawValue == code)
    }
}
