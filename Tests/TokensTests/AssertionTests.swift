import Cryptography
import Model
import Testing
import Tokens

@Suite struct ClientAssertionTests {
    private static func verify(_ changes: Changes) -> TokenRefusal? {
        let compact = Fixture.compact(
            header: Fixture.header(.clientAssertion), claims: Fixture.clientClaims.changing(changes))
        return refusal { () throws(TokenRefusal) in
            try ClientAssertion.verify(
                token: JSONWebToken(parsing: compact), key: Fixture.signer.publicKey,
                audience: Fixture.tokenEndpoint, now: Fixture.now)
        }
    }

    static let accepted: [Changes] = [
        [:], ["iat": nil], ["exp": Fixture.seconds(-9)], ["iat": Fixture.seconds(10)],
        ["iat": nil, "exp": Fixture.seconds(310)], ["nbf": Fixture.seconds(10)], ["scope": "more"],
    ]

    @Test(arguments: accepted.indices) func aSoundAssertionIsAccepted(_ index: Int) {
        #expect(Self.verify(Self.accepted[index]) == nil)
    }

    static let refused: [(Changes, TokenRefusal)] = [
        (["iss": nil], .missingClaim("iss")), (["iss": "somebody"], .invalidClaim("iss")),
        (["iss": .string(Fixture.patient.description)], .wrongSubject),
        (["sub": .string(Fixture.patient.description)], .wrongSubject), (["sub": nil], .missingClaim("sub")),
        (["sub": .null], .invalidClaim("sub")), (["aud": nil], .missingClaim("aud")),
        (["aud": .string(Fixture.issuer)], .wrongAudience),
        (["aud": .string(Fixture.tokenEndpoint + "/")], .wrongAudience),
        (["aud": [.string(Fixture.tokenEndpoint)]], .invalidClaim("aud")),
        (["jti": nil], .missingClaim("jti")),
        (["jti": ""], .invalidClaim("jti")), (["jti": 1], .invalidClaim("jti")),
        (["jti": .string(String(repeating: "a", count: 129))], .invalidClaim("jti")),
        (["jti": "a\u{1}"], .invalidClaim("jti")), (["exp": nil], .missingClaim("exp")),
        (["exp": Fixture.seconds(-10)], .expired), (["exp": 0, "iat": nil], .expired),
        (["exp": "soon"], .invalidClaim("exp")), (["exp": Fixture.seconds(301)], .lifetimeTooLong),
        (["exp": .number(JSONNumber(Int64.max))], .invalidClaim("exp")),
        (["exp": -1], .invalidClaim("exp")), (["iat": nil, "exp": Fixture.seconds(311)], .lifetimeTooLong),
        (["iat": Fixture.seconds(11), "exp": Fixture.seconds(300)], .notYetValid),
        (["nbf": Fixture.seconds(11)], .notYetValid),
    ]

    @Test(arguments: refused.indices) func anUnsoundAssertionIsRefused(_ index: Int) {
        let (changes, expected) = Self.refused[index]
        #expect(Self.verify(changes) == expected)
    }

    @Test func aFractionIsNoDate() throws {
        let fraction = try JSONValue(parsing: Array("1763841700.5".utf8))
        #expect(Self.verify(["exp": fraction]) == .invalidClaim("exp"))
    }

    @Test func whatIsMadeIsAccepted() throws {
        let compact = try ClientAssertion.make(
            clientID: Fixture.system, audience: Fixture.tokenEndpoint, id: "1", issuedAt: Fixture.now,
            expiresAt: Fixture.after(60), signer: Fixture.signer)
        let assertion = try ClientAssertion.verify(
            token: JSONWebToken(parsing: compact), key: Fixture.signer.publicKey,
            audience: Fixture.tokenEndpoint, now: Fixture.now)
        #expect(assertion.clientID == Fixture.system)
        #expect(assertion.id == "1")
        #expect(assertion.expiresAt == Fixture.after(60))
    }

    static let forms: [([String: String?], TokenRefusal)] = [
        (["client_assertion_type": nil], .missingClaim("client_assertion_type")),
        (["client_assertion_type": "password"], .invalidClaim("client_assertion_type")),
        (["client_assertion": nil], .missingClaim("client_assertion")),
        (["client_assertion": "x"], .malformed),
        (["client_id": Fixture.patient.description], .invalidClaim("client_id")),
    ]

    @Test(arguments: forms.indices) func aFormWithoutSoundCredentialIsRefused(_ index: Int) throws {
        var form = [
            "client_assertion_type": OAuth.clientAssertionType, "client_id": Fixture.system.description,
            "client_assertion": Fixture.compact(
                header: Fixture.header(.clientAssertion), claims: Fixture.clientClaims),
        ]
        let sound = form
        let (changes, expected) = Self.forms[index]
        for (name, value) in changes { form[name] = value }
        let changed = form
        #expect(refusal { () throws(TokenRefusal) in try ClientCredential(form: sound) } == nil)
        #expect(refusal { () throws(TokenRefusal) in try ClientCredential(form: changed) } == expected)
    }
}

@Suite struct UserAssertionTests {
    private static let assertion = UserAssertion(
        system: Fixture.system, user: Fixture.practitioner, organization: Fixture.organization,
        role: "cardiologist",
        authenticatedAt: Fixture.after(-3_600), methods: ["pwd", "otp"], audience: Fixture.tokenEndpoint,
        expiresAt: Fixture.after(300), id: "user-1")

    private static func verify(_ compact: String) throws(TokenRefusal) -> UserAssertion {
        try UserAssertion.verify(
            token: JSONWebToken(parsing: compact), system: Fixture.system, key: Fixture.signer.publicKey,
            audience: Fixture.tokenEndpoint, now: Fixture.now)
    }

    @Test func whatIsSignedIsReadBack() throws {
        let compact = try Self.assertion.signed(by: Fixture.signer, issuedAt: Fixture.now)
        #expect(try Self.verify(compact) == Self.assertion)
    }

    static let refused: [(Changes, TokenRefusal)] = [
        (["iss": .string(Fixture.patient.description)], .wrongIssuer), (["sub": nil], .missingClaim("sub")),
        (["organization": nil], .missingClaim("organization")),
        (["organization": "a"], .invalidClaim("organization")), (["amr": []], .invalidClaim("amr")),
        (["amr": nil], .missingClaim("amr")), (["amr": ["pwd", "pwd"]], .invalidClaim("amr")),
        (["auth_time": nil], .missingClaim("auth_time")),
        (["auth_time": Fixture.seconds(11)], .notYetValid),
        (["auth_time": Fixture.seconds(-43_201)], .authenticationTooOld),
        (["role": ""], .invalidClaim("role")), (["aud": .string(Fixture.issuer)], .wrongAudience),
        (["exp": Fixture.seconds(-10)], .expired), (["jti": nil], .missingClaim("jti")),
    ]

    @Test(arguments: refused.indices) func anUnsoundAssertionIsRefused(_ index: Int) throws {
        let (changes, expected) = Self.refused[index]
        let compact = try Self.assertion.signed(by: Fixture.signer, issuedAt: Fixture.now)
        let claims = try JSONWebToken(parsing: compact).claims.changing(changes)
        let changed = Fixture.compact(header: Fixture.header(.userAssertion), claims: claims)
        #expect(refusal { () throws(TokenRefusal) in try Self.verify(changed) } == expected)
    }

    @Test func aClientAssertionIsNoUserAssertion() {
        let compact = Fixture.compact(
            header: Fixture.header(.clientAssertion), claims: Fixture.clientClaims)
        #expect(refusal { () throws(TokenRefusal) in try Self.verify(compact) } == .wrongType)
    }
}
