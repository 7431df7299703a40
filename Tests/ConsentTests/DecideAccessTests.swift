import ConsentCore
import ConsentEngine
import Cryptography
import Model
import Testing
import Tokens

@Suite struct DecideAccessTests {
    private static let now = Timestamp(seconds: 1_763_841_600)
    private static let identity = Signer(SigningKey.generate())
    private static let authority = AccessAuthority(
        issuer: "https://consent.example", identityIssuer: "https://identity.example",
        identityKey: identity.publicKey, records: "https://records.example")
    private static let custodian = Person(.organization)
    private static let hospital = Person(.organization)
    private static let practitioner = Person(.practitioner, of: hospital)
    private static let system = Person(.system, of: hospital)
    private static let patient = Person(.patient)
    private static let decisionID = EntryID([UInt8](repeating: 9, count: 16))!

    private static func subjectToken(
        kind: ParticipantKind = .practitioner, organization: ParticipantID? = hospital.id,
        actor: ParticipantID? = system.id, audience: String = "https://consent.example",
        signer: Signer = identity, issuedAt: Timestamp = now
    ) throws -> String {
        try IdentityToken(
            issuer: authority.identityIssuer, subject: practitioner.id, subjectKind: kind,
            organization: organization, actor: actor, audience: audience, issuedAt: issuedAt,
            expiresAt: issuedAt.advanced(byMilliseconds: 300_000), id: "t"
        ).signed(by: signer)
    }

    private static func details(_ purposes: [String] = ["TREAT"]) -> RecordAccessDetails {
        RecordAccessDetails(patient: patient.id, custodian: custodian.id, purposes: purposes)
    }

    private static func form(_ changes: [String: String?] = [:]) throws -> [String: String] {
        var form = [
            "grant_type": OAuth.GrantType.tokenExchange.rawValue, "subject_token": try subjectToken(),
            "subject_token_type": OAuth.accessTokenType, "resource": authority.records,
            "authorization_details": details().parameter,
            "client_assertion_type": OAuth.clientAssertionType,
            "client_assertion": try system.clientAssertion(
                audience: authority.issuer + "/token", id: "a", at: now),
        ]
        for (name, value) in changes { form[name] = value }
        return form
    }

    private static func request(
        _ form: [String: String], key: String? = nil, client: KnownParticipant? = system.known(authority: "")
    ) throws(AccessRefusal) -> AccessRequest {
        let command = try DecideAccess(form: form, idempotencyKey: key, authority: authority)
        let assertion = try command.authenticate(client: client, authority: authority, now: now)
        return try command.request(by: assertion, authority: authority, now: now)
    }

    private static func refusal(
        _ form: [String: String], key: String? = nil, client: KnownParticipant? = system.known(authority: "")
    ) -> AccessRefusal? {
        do throws(AccessRefusal) { _ = try request(form, key: key, client: client) } catch { return error }
        return nil
    }

    @Test func aSoundRequestIsRead() throws {
        let request = try Self.request(try Self.form(), key: "00000000-0000-0000-0000-000000000001")
        #expect(request.practitioner == Self.practitioner.id)
        #expect(request.organization == Self.hospital.id)
        #expect(request.system == Self.system.id)
        #expect(request.client == Self.system.id)
        #expect(request.purposes == [.treatment])
    }

    static let parameters: [(String, String?, AccessRefusal)] = [
        ("grant_type", nil, .missingParameter("grant_type")),
        ("grant_type", "client_credentials", .unsupportedGrantType),
        ("subject_token", nil, .missingParameter("subject_token")),
        ("subject_token_type", nil, .missingParameter("subject_token_type")),
        ("subject_token_type", "x", .wrongParameter("subject_token_type")),
        ("actor_token", "x", .wrongParameter("actor_token")),
        ("resource", nil, .missingParameter("resource")),
        ("resource", "https://identity.example", .unknownResource),
        ("authorization_details", nil, .missingParameter("authorization_details")),
        ("authorization_details", "[]", .detailsRefused(.malformed)),
        ("client_assertion", nil, .clientNotAuthenticated(.missingClaim("client_assertion"))),
        ("client_assertion", "x", .clientNotAuthenticated(.malformed)),
        ("client_assertion_type", "x", .clientNotAuthenticated(.invalidClaim("client_assertion_type"))),
        ("subject_token", "x", .subjectTokenRefused(.malformed)),
    ]

    @Test(arguments: parameters.indices) func anUnsoundParameterIsRefused(_ index: Int) throws {
        let (name, value, expected) = Self.parameters[index]
        #expect(Self.refusal(try Self.form([name: value])) == expected)
    }

    @Test func theClientHasToBeWhoItSays() throws {
        let form = try Self.form()
        #expect(Self.refusal(form, client: nil) == .unknownClient)
        let other = Person(.system, of: Self.hospital)
        #expect(Self.refusal(form, client: other.known(authority: "")) == .unknownClient)
        #expect(Self.refusal(form, client: Self.practitioner.known(authority: "")) == .unknownClient)
        let elsewhere = try Self.system.clientAssertion(
            audience: "https://identity.example/token", id: "a", at: Self.now)
        let refused = Self.refusal(try Self.form(["client_assertion": elsewhere]))
        #expect(refused == .clientNotAuthenticated(.wrongAudience))
        #expect(Self.refusal(form, key: "x") == .malformedIdempotencyKey)
    }

    @Test func theSubjectTokenHasToBeOfAPractitionerThroughThisClient() throws {
        let foreign = Signer(SigningKey.generate())
        let earlier = Self.now.advanced(byMilliseconds: -400_000)
        let cases: [(String, AccessRefusal)] = [
            (try Self.subjectToken(signer: foreign), .subjectTokenRefused(.unknownKey)),
            (
                try Self.subjectToken(audience: "https://records.example"),
                .subjectTokenRefused(.wrongAudience)
            ),
            (try Self.subjectToken(issuedAt: earlier), .subjectTokenRefused(.expired)),
            (try Self.subjectToken(actor: Self.hospital.id), .foreignSubjectToken),
            (try Self.subjectToken(actor: nil), .foreignSubjectToken),
            (try Self.subjectToken(kind: .patient), .subjectNotPractitioner),
            (try Self.subjectToken(organization: nil), .subjectNotPractitioner),
        ]
        for (token, expected) in cases {
            let found = Self.refusal(try Self.form(["subject_token": token]))
            #expect(found == expected)
        }
        let purpose = Self.details(["NOPE"]).parameter
        #expect(Self.refusal(try Self.form(["authorization_details": purpose])) == .unknownPurpose)
    }

    private static func contract(
        type: String = "permit", purpose: String = "TREAT", isFinal: Bool = true,
        isRevoked: Bool = false
    ) throws -> HeldContract {
        let document = Documents.consent(
            patient: patient, custodian: custodian, actor: hospital, type: type, purpose: purpose)
        let id = ContractID(Random.bytes(16))!
        let version = SHA256.hash(document.encoded())
        return HeldContract(
            reference: ContractReference(id: id, version: version),
            compiled: try ContractCompiler.compile(
                document, id: id.description, version: version.hex,
                registry: CustodianRegistry(policies: Documents.registered)),
            isFinal: isFinal, isRevoked: isRevoked)
    }

    private static func decide(
        _ contracts: [HeldContract], isKnown: Bool = true, purposes: [String] = ["TREAT"],
        implicit: ImplicitPolicy = .denyAll
    ) throws -> AccessDecision {
        let request = try request(try form(["authorization_details": details(purposes).parameter]))
        return request.decide(
            AccessFacts(isKnown: isKnown, contracts: contracts, policies: DecisionPolicies(implicit)),
            id: decisionID, now: now)
    }

    @Test func contractsDecideEachPurposeOnItsOwn() throws {
        let permit = try Self.contract()
        let decision = try Self.decide([permit], purposes: ["TREAT", "HRESCH"])
        #expect(decision.grantedPurposes == ["TREAT"])
        #expect(decision.contracts == [permit.reference])
        #expect(decision.policies == [Documents.policy])
        #expect(decision.data["effect"]?.string == "permit")
        #expect(decision.data["actor"]?.string == Self.practitioner.id.description)
        #expect(decision.data["actingFor"]?.string == Self.hospital.id.description)
        #expect(decision.data["system"]?.string == Self.system.id.description)
        #expect(decision.data["purposes"]?.array?.count == 2)
        let denied = try Self.decide([permit, try Self.contract(type: "deny")])
        #expect(!denied.isPermit)
        #expect(denied.patientSentences.count == 2)
    }

    @Test func aPermitActsWhenItIsFinalAndADenialWhenItIsAccepted() throws {
        #expect(try !Self.decide([try Self.contract(isFinal: false)]).isPermit)
        let both = [try Self.contract(), try Self.contract(type: "deny", isFinal: false)]
        #expect(try !Self.decide(both).isPermit)
    }

    @Test func aPermitEndsWhenItsRevocationIsAcceptedAndADenialWhenItIsFinal() throws {
        #expect(try !Self.decide([try Self.contract(isRevoked: true)]).isPermit)
        let permit = try Self.contract()
        let ending = try Self.contract(type: "deny", isRevoked: true)
        let denied = try Self.decide([permit, ending])
        #expect(!denied.isPermit)
        // A revoked denial that does not concern the request stands in the decision and not in its token.
        let elsewhere = try Self.contract(type: "deny", purpose: "HRESCH", isRevoked: true)
        let decision = try Self.decide([permit, elsewhere])
        #expect(decision.isPermit && decision.contracts == [permit.reference])
        #expect(decision.data["contracts"]?.array?.count == 2)
        let holds = { (contracts: [HeldContract]) in
            decision.stillHolds(
                AccessFacts(isKnown: true, contracts: contracts, policies: DecisionPolicies(.denyAll)),
                now: Self.now)
        }
        #expect(holds([permit, elsewhere]) && holds([permit]))
        #expect(!holds([permit, ending]))
        let ended = HeldContract(
            reference: permit.reference, compiled: permit.compiled, isFinal: true, isRevoked: true)
        #expect(!holds([ended, try Self.contract()]))
    }

    @Test func anUnknownPatientLooksLikeADeniedOne() throws {
        let permit = try Self.contract()
        let unknown = try Self.decide([permit], isKnown: false, implicit: .allNormal)
        let denied = try Self.decide([])
        #expect(!unknown.isPermit)
        #expect(unknown.requesterSentence == denied.requesterSentence)
        #expect(unknown.contracts.isEmpty)
    }

    @Test func aPermitHoldsWhileItsContractsStand() throws {
        let permit = try Self.contract()
        let spare = try Self.contract()
        let decision = try Self.decide([permit, spare])
        let holds = { (contracts: [HeldContract]) in
            decision.stillHolds(
                AccessFacts(isKnown: true, contracts: contracts, policies: DecisionPolicies(.denyAll)),
                now: Self.now)
        }
        #expect(holds([permit, spare]))
        // Another contract would still permit, and yet a revoked one is named by the decision.
        #expect(!holds([spare]))
        #expect(!holds([permit, spare, try Self.contract(type: "deny", isFinal: false)]))
        #expect(holds([permit, spare, try Self.contract(isFinal: false)]))
        let denied = try Self.decide([])
        #expect(
            !denied.stillHolds(
                AccessFacts(isKnown: true, contracts: [], policies: DecisionPolicies(.allNormal)),
                now: Self.now)
        )
    }

    @Test func oneDecisionGivesOneToken() throws {
        let decision = try Self.decide([try Self.contract()])
        let issuer = Signer(SigningKey.generate())
        let make = {
            try decision.token(authority: Self.authority, entryIndex: 5, issuedAt: Self.now).signed(
                by: issuer)
        }
        let compact = try make()
        #expect(try make() == compact)
        let token = try RecordAccessToken.verify(
            token: JSONWebToken(parsing: compact), key: issuer.publicKey, issuer: Self.authority.issuer,
            audience: Self.authority.records, now: Self.now)
        #expect(token.decision == Self.decisionID)
        #expect(token.purposes == ["TREAT"])
        #expect(token.contracts == decision.contracts)
        #expect(token.actor == Self.system.id)
    }

    @Test func theDigestTellsRequestsApart() throws {
        let first = try Self.request(try Self.form())
        let again = try Self.request(try Self.form())
        let other = try Self.request(
            try Self.form(["authorization_details": Self.details(["HRESCH"]).parameter]))
        #expect(first.digest == again.digest)
        #expect(first.digest != other.digest)
    }
}
