package import Cryptography
package import Model

/// A set of Ed25519 public keys as a JWK set (RFC 7517, RFC 8037); the `kid` is the hexadecimal key id.
package struct JSONWebKeySet: Hashable, Sendable {
    /// How many keys a set may have; an issuer has one, and two while it rotates.
    package static let keyCountMax = 16

    /// The keys in their order.
    package let keys: [PublicSigningKey]

    /// States a set.
    package init(keys: [PublicSigningKey]) { self.keys = keys }

    /// Reads a set; keys of other types than Ed25519 are passed over, as RFC 7517 section 5 asks.
    ///
    /// - Throws: `TokenRefusal` for bad form, a private key, a bad point or a `kid` that is not the key's id.
    package init(parsing bytes: [UInt8]) throws(TokenRefusal) {
        let limits = JSONLimits(depthMax: 6, bytesMax: 65_536)
        guard let value = try? JSONValue(parsing: bytes, limits: limits) else { throw .malformed }
        var keys: [PublicSigningKey] = []
        for element in try ClaimReader(value).objects("keys", countMax: Self.keyCountMax) {
            guard try element.text("kty") == "OKP", try element.text("crv") == "Ed25519" else { continue }
            // A set that shows a private key is a leak at its origin; nothing in it can be trusted.
            guard !element.names.contains("d") else { throw .invalidClaim("d") }
            guard let point = Base64.decodeURL(try element.text("x")), let key = try? PublicSigningKey(point)
            else {
                throw .invalidClaim("x")
            }
            guard try element.text("kid") == key.keyID.hex else { throw .invalidClaim("kid") }
            keys.append(key)
        }
        self.keys = keys
    }

    /// Returns the key of an id; nil when the set does not hold it.
    package func key(_ id: KeyID) -> PublicSigningKey? { keys.first { $0.keyID == id } }

    /// The set as it is served at `/.well-known/jwks.json`.
    package var json: JSONValue {
        let elements: [JSONValue] = keys.map { key in
            [
                "kty": "OKP", "crv": "Ed25519", "x": .string(Base64.encodeURL(key.bytes)),
                "kid": .string(key.keyID.hex), "use": "sig", "alg": .string(JSONWebToken.algorithm),
            ]
        }
        return ["keys": .array(elements)]
    }
}
