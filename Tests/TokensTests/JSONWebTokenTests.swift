import Cryptography
import Model
import TestSupport
import Testing
import Tokens

@Suite struct JSONWebTokenTests {
    private static let valid = Fixture.compact(header: Fixture.header(.clientAssertion), claims: ["a": 1])

    @Test func aTokenIsReadAsItWasSigned() throws {
        let compact = try JSONWebToken.sign(claims: ["a": 1], type: .accessToken, signer: Fixture.signer)
        let token = try JSONWebToken(parsing: compact)
        try token.verify(key: Fixture.signer.publicKey, type: .accessToken)
        #expect(token.claims == ["a": 1])
        #expect(token.keyID == Fixture.signer.keyID)
        let header = #"{"alg":"EdDSA","kid":"\#(Fixture.signer.keyID.hex)","typ":"at+jwt"}"#
        #expect(compact.hasPrefix(Base64.encodeURL(Array(header.utf8)) + "."))
    }

    @Test func theSignatureOfRFC8037Verifies() throws {
        // RFC 8037 appendix A: the key pair and the JWS of `Example of Ed25519 signing`.
        let point = try #require(Base64.decodeURL("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        let key = try PublicSigningKey(point)
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        let text = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        let bytes = try #require(Base64.decodeURL(text))
        let signature = try #require(Signature(bytes))
        #expect(key.verifies(signature, of: Array(input.utf8)))
        #expect(refusal { () throws(TokenRefusal) in try JSONWebToken(parsing: "\(input).\(text)") } != nil)
    }

    static let headers: [(Changes, TokenRefusal)] = [
        (["alg": "none"], .wrongAlgorithm), (["alg": "HS256"], .wrongAlgorithm),
        (["alg": "ES384"], .wrongAlgorithm), (["alg": "RS384"], .wrongAlgorithm),
        (["alg": "eddsa"], .wrongAlgorithm), (["alg": nil], .missingClaim("alg")),
        (["alg": 1], .missingClaim("alg")), (["crit": ["exp"]], .criticalExtension),
        (["crit": []], .criticalExtension), (["typ": nil], .missingClaim("typ")),
        (["typ": "jwt"], .wrongType), (["kid": nil], .missingClaim("kid")), (["kid": "1"], .unknownKey),
        (["kid": .string(Fixture.signer.keyID.hex.uppercased())], .unknownKey),
    ]

    @Test(arguments: headers.indices) func aForeignHeaderIsRefused(_ index: Int) {
        let (changes, expected) = Self.headers[index]
        let header = Fixture.header(.clientAssertion, changing: changes)
        let compact = Fixture.compact(header: header, claims: Fixture.clientClaims)
        #expect(refusal { () throws(TokenRefusal) in try JSONWebToken(parsing: compact) } == expected)
    }

    static let malformed: [String] = [
        "", ".", "..", "a.b", valid + ".", valid + "=", valid + " ",
        valid.replacing(".", with: "..", maxReplacements: 1),
        Fixture.compact(header: Array(#"{"alg":"EdDSA","alg":"EdDSA"}"#.utf8), claims: Array("{}".utf8)),
        Fixture.compact(
            header: Fixture.header(.accessToken).encoded(), claims: Array(#"{"a":1,"a":1}"#.utf8)),
        Fixture.compact(header: Fixture.header(.accessToken).encoded(), claims: Array("[]".utf8)),
        Fixture.compact(header: Fixture.header(.accessToken).encoded(), claims: Array("{} {}".utf8)),
        Fixture.compact(header: Array("null".utf8), claims: Array("{}".utf8)),
        Fixture.compact(
            header: Fixture.header(.accessToken).encoded(),
            claims: Array(
                (String(repeating: #"{"a":"#, count: 9) + "1" + String(repeating: "}", count: 9)).utf8)),
    ]

    @Test(arguments: malformed) func badFormIsRefused(_ compact: String) {
        #expect(refusal { () throws(TokenRefusal) in try JSONWebToken(parsing: compact) } == .malformed)
    }

    @Test func theLimitOfLengthHoldsBothWays() throws {
        let long = JSONValue.string(String(repeating: "a", count: JSONWebToken.compactBytesMax))
        let signing = refusal { () throws(TokenRefusal) in
            try JSONWebToken.sign(claims: ["a": long], type: .accessToken, signer: Fixture.signer)
        }
        #expect(signing == .tooLong)
        let compact = Fixture.compact(header: Fixture.header(.accessToken), claims: ["a": long])
        #expect(refusal { () throws(TokenRefusal) in try JSONWebToken(parsing: compact) } == .tooLong)
    }

    @Test func anotherKeyOrTypeIsRefused() throws {
        let token = try JSONWebToken(parsing: Self.valid)
        let key = Fixture.signer.publicKey
        let otherKey = Fixture.otherSigner.publicKey
        #expect(
            refusal { () throws(TokenRefusal) in try token.verify(key: otherKey, type: .clientAssertion) }
                == .unknownKey)
        #expect(
            refusal { () throws(TokenRefusal) in try token.verify(key: key, type: .accessToken) }
                == .wrongType)
        let forged = Fixture.compact(
            header: Fixture.header(.clientAssertion), claims: Fixture.clientClaims,
            signer: Fixture.otherSigner)
        let forgedToken = try JSONWebToken(parsing: forged)
        #expect(
            refusal { () throws(TokenRefusal) in try forgedToken.verify(key: key, type: .clientAssertion) }
                == .badSignature)
    }

    @Test func everyChangedBitIsRefused() {
        let key = Fixture.signer.publicKey
        var acceptedCount = 0
        let bytes = Array(Self.valid.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                guard let compact = String(validating: changed, as: UTF8.self) else { continue }
                let found = refusal { () throws(TokenRefusal) in
                    try JSONWebToken(parsing: compact).verify(key: key, type: .clientAssertion)
                }
                if found == nil { acceptedCount += 1 }
            }
        }
        #expect(acceptedCount == 0)
    }

    @Test(.enabled(if: SmartCorpus.isPresent, "the corpora are not beside the package"))
    func otherAlgorithmsOfSmartAreRefusedByName() throws {
        let tokens = try SmartCorpus.tokens()
        #expect(tokens.count == 2)
        for compact in tokens {
            #expect(
                refusal { () throws(TokenRefusal) in try JSONWebToken(parsing: compact) } == .wrongAlgorithm)
        }
    }

    @Test(.enabled(if: SmartCorpus.isPresent, "the corpora are not beside the package"))
    func keySetsOfOtherAlgorithmsHoldNoKeyForUs() throws {
        for name in ["ES384.public.json", "RS384.public.json"] {
            let bytes = try SmartCorpus.bytes(name)
            #expect(try JSONWebKeySet(parsing: bytes).keys.isEmpty)
        }
    }
}

/// The signed examples of SMART Backend Services.
enum SmartCorpus {
    static var isPresent: Bool { Corpora.isPresent }

    static func bytes(_ name: String) throws -> [UInt8] { try Corpora.bytes(of: "smart/\(name)") }

    /// The compact tokens on lines of their own in the notes.
    static func tokens() throws -> [String] {
        let text = String(decoding: try bytes("example-jwks-and-signatures.md"), as: UTF8.self)
        return text.split(separator: "\n").map { String($0.drop { $0 == " " }) }
            .filter { $0.hasPrefix("eyJ") && $0.split(separator: ".").count == 3 }
    }
}
