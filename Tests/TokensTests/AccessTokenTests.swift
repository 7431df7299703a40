import Cryptography
import Model
import Testing
import Tokens

@Suite struct IdentityTokenTests {
    private static let token = IdentityToken(
        issuer: Fixture.issuer, subject: Fixture.practitioner, subjectKind: .practitioner,
        organization: Fixture.organization, actor: Fixture.system, audience: Fixture.consent,
        issuedAt: Fixture.now, expiresAt: Fixture.after(300), id: "identity-1")

    private static func verify(_ compact: String) throws(TokenRefusal) -> IdentityToken {
        try IdentityToken.verify(
            token: JSONWebToken(parsing: compact), key: Fixture.signer.publicKey, issuer: Fixture.issuer,
            audience: Fixture.consent, now: Fixture.now)
    }

    @Test func whatIsSignedIsReadBack() throws {
        #expect(try Self.verify(Self.token.signed(by: Fixture.signer)) == Self.token)
        let patient = IdentityToken(
            issuer: Fixture.issuer, subject: Fixture.patient, subjectKind: .patient, organization: nil,
            actor: nil,
            audience: Fixture.consent, issuedAt: Fixture.now, expiresAt: Fixture.after(300), id: "2")
        #expect(try Self.verify(patient.signed(by: Fixture.signer)) == patient)
    }

    static let refused: [(Changes, TokenRefusal)] = [
        (["iss": .string(Fixture.consent)], .wrongIssuer),
        (["aud": .string(Fixture.records)], .wrongAudience),
        (["iat": nil], .missingClaim("iat")), (["exp": Fixture.seconds(301)], .lifetimeTooLong),
        (["exp": Fixture.seconds(-10)], .expired), (["subject_kind": "king"], .invalidClaim("subject_kind")),
        (["subject_kind": nil], .missingClaim("subject_kind")), (["act": [:]], .missingClaim("sub")),
        (["act": "x"], .invalidClaim("act")), (["admin": true], .unexpectedClaims),
        (["client_id": .string(Fixture.patient.description)], .unexpectedClaims),
        (["act": ["sub": .string(Fixture.system.description), "act": [:]]], .unexpectedClaims),
        (["organization": "x"], .invalidClaim("organization")), (["jti": nil], .missingClaim("jti")),
    ]

    @Test(arguments: refused.indices) func aForgedOrForeignTokenIsRefused(_ index: Int) throws {
        let (changes, expected) = Self.refused[index]
        let claims = try JSONWebToken(parsing: Self.token.signed(by: Fixture.signer)).claims.changing(changes)
        let compact = Fixture.compact(header: Fixture.header(.accessToken), claims: claims)
        #expect(refusal { () throws(TokenRefusal) in try Self.verify(compact) } == expected)
    }

    @Test func theActorIsTheClientWhereThereIsOne() {
        #expect(Self.token.clientID == Fixture.system)
    }
}

@Suite struct RecordAccessTokenTests {
    private static let decision = EntryID([UInt8](repeating: 7, count: 16))!
    private static let contract = ContractID([UInt8](repeating: 8, count: 16))!

    private static func token(contractCount: Int = 2) -> RecordAccessToken {
        RecordAccessToken(
            issuer: Fixture.consent, subject: Fixture.practitioner, organization: Fixture.organization,
            actor: Fixture.system, audience: Fixture.records, patient: Fixture.patient,
            purposes: ["TREAT", "ETREAT"],
            resourceTypes: ["Observation"], decision: decision, entryIndex: 41,
            contracts: (0..<contractCount).map {
                ContractReference(id: contract, version: SHA256.hash([UInt8($0)]))
            },
            policies: ["https://consentry.example/policy/deny"], issuedAt: Fixture.now,
            expiresAt: Fixture.after(300), id: "access-1")
    }

    private static func verify(_ compact: String) throws(TokenRefusal) -> RecordAccessToken {
        try RecordAccessToken.verify(
            token: JSONWebToken(parsing: compact), key: Fixture.signer.publicKey, issuer: Fixture.consent,
            audience: Fixture.records, now: Fixture.now)
    }

    @Test(arguments: [0, 2, RecordAccessToken.contractCountMax])
    func whatIsSignedIsReadBack(_ contractCount: Int) throws {
        let token = Self.token(contractCount: contractCount)
        #expect(try Self.verify(token.signed(by: Fixture.signer)) == token)
    }

    @Test func moreContractsThanReceiversAcceptAreNotSigned() {
        let token = Self.token(contractCount: RecordAccessToken.contractCountMax + 1)
        #expect(
            refusal { () throws(TokenRefusal) in try token.signed(by: Fixture.signer) }
                == .invalidClaim("contracts"))
    }

    @Test func outsidersFindTheProfilesClaims() throws {
        let claims = try JSONWebToken(parsing: Self.token().signed(by: Fixture.signer)).claims
        let extensions = try #require(claims["extensions"])
        #expect(extensions["ihe_iua"]?["purpose_of_use"]?[0]?["code"]?.string == "TREAT")
        #expect(extensions["ihe_pcf"]?["patient_id"]?.string == "urn:uuid:\(Fixture.patient)")
        #expect(extensions["ihe_pcf"]?["doc_id"]?[0]?.string == "urn:uuid:\(Self.contract)")
        #expect(extensions["ihe_pcf"]?["acp"]?[0]?.string == "https://consentry.example/policy/deny")
    }

    static let refused: [(Changes, TokenRefusal)] = [
        (["iss": .string(Fixture.issuer)], .wrongIssuer), (["aud": .string(Fixture.consent)], .wrongAudience),
        (["consentry": nil], .missingClaim("consentry")), (["extensions": nil], .missingClaim("extensions")),
        (["extensions": ["ihe_iua": [:], "ihe_pcf": ["acp": []]]], .unexpectedClaims),
        (["scope": "all"], .unexpectedClaims), (["exp": Fixture.seconds(-10)], .expired),
    ]

    @Test(arguments: refused.indices) func aForgedOrForeignTokenIsRefused(_ index: Int) throws {
        let (changes, expected) = Self.refused[index]
        let claims = try JSONWebToken(parsing: Self.token().signed(by: Fixture.signer)).claims.changing(
            changes)
        let compact = Fixture.compact(header: Fixture.header(.accessToken), claims: claims)
        #expect(refusal { () throws(TokenRefusal) in try Self.verify(compact) } == expected)
    }

    static let refusedDecisions: [(Changes, TokenRefusal)] = [
        (["decision": "x"], .invalidClaim("decision")), (["entry_index": -1], .invalidClaim("entry_index")),
        (["purposes": []], .invalidClaim("purposes")), (["patient": nil], .missingClaim("patient")),
        (["purposes": ["ETREAT"]], .unexpectedClaims),
        (["contracts": [["id": "x", "version": "y"]]], .invalidClaim("contracts")),
        (["contracts": [1]], .invalidClaim("contracts")), (["more": 1], .unexpectedClaims),
    ]

    @Test(arguments: refusedDecisions.indices) func aDecisionThatIsNotOursIsRefused(_ index: Int) throws {
        let (changes, expected) = Self.refusedDecisions[index]
        let claims = try JSONWebToken(parsing: Self.token().signed(by: Fixture.signer)).claims
        let own = try #require(claims["consentry"]).changing(changes)
        let compact = Fixture.compact(
            header: Fixture.header(.accessToken), claims: claims.changing(["consentry": own]))
        #expect(refusal { () throws(TokenRefusal) in try Self.verify(compact) } == expected)
    }
}
