import Cryptography
import Model
import Tokens

/// Keys, times and participants that all tests of tokens share.
enum Fixture {
    static let now = Timestamp(seconds: 1_763_841_600)
    static let issuer = "https://identity.example"
    static let consent = "https://consent.example"
    static let records = "https://records.example"
    static let tokenEndpoint = "https://identity.example/token"
    static let signer = makeSigner(1)
    static let otherSigner = makeSigner(2)
    static let patient = participant(1)
    static let practitioner = participant(2)
    static let organization = participant(3)
    static let system = participant(4)

    static func makeSigner(_ seed: UInt8) -> Signer {
        // Any 32 bytes are an Ed25519 seed.
        Signer(try! SigningKey(seed: SecretBytes(copying: [UInt8](repeating: seed, count: 32))))
    }

    static func participant(_ number: UInt8) -> ParticipantID {
        // Sixteen bytes always make an id.
        ParticipantID([UInt8](repeating: 0, count: 15) + [number])!
    }

    static func after(_ seconds: Int64) -> Timestamp { now.advanced(byMilliseconds: seconds * 1_000) }

    /// A compact token of any header and claims, signed truly whatever they say.
    static func compact(header: JSONValue, claims: JSONValue, signer: Signer = signer) -> String {
        compact(header: header.encoded(), claims: claims.encoded(), signer: signer)
    }

    static func compact(header: [UInt8], claims: [UInt8], signer: Signer = signer) -> String {
        let input = Base64.encodeURL(header) + "." + Base64.encodeURL(claims)
        return input + "." + Base64.encodeURL(signer.sign(Array(input.utf8)).bytes)
    }

    static func header(_ type: TokenType, changing changes: Changes = [:]) -> JSONValue {
        let header: JSONValue = [
            "alg": "EdDSA", "kid": .string(signer.keyID.hex), "typ": .string(type.rawValue),
        ]
        return header.changing(changes)
    }

    static let clientClaims: JSONValue = [
        "iss": .string(system.description), "sub": .string(system.description), "aud": .string(tokenEndpoint),
        "jti": "assertion-1", "iat": .number(JSONNumber(now.seconds)),
        "exp": .number(JSONNumber(now.seconds + 300)),
    ]

    static func seconds(_ offset: Int64) -> JSONValue { .number(JSONNumber(now.seconds + offset)) }
}

/// Members to set, or to leave out where the value is nil.
typealias Changes = [String: JSONValue?]

extension JSONValue {
    func changing(_ changes: Changes) -> JSONValue {
        var members = (self.members ?? []).filter { changes[$0.name] == nil }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value { members.append(JSONMember(name: name, value: value)) }
        }
        return .object(members)
    }
}

/// What a call refused, nil when it did not.
func refusal<Result>(_ body: () throws(TokenRefusal) -> Result) -> TokenRefusal? {
    do throws(TokenRefusal) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
