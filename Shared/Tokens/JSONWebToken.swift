package import Cryptography
package import Model

/// A compact JWS over JSON claims, signed with Ed25519 (RFC 7515, RFC 7519, RFC 8037).
///
/// Parsing proves form only; claims may be believed after ``verify(key:type:)``.
package struct JSONWebToken: Sendable {
    /// The longest compact form that is read or written; it travels in one HTTP header field.
    package static let compactBytesMax = 8_192
    /// How deeply header and claims may be nested; the deepest claim of the suite takes six levels.
    private static let limits = JSONLimits(depthMax: 8, bytesMax: compactBytesMax)

    /// The header as received.
    package let header: JSONValue
    /// The claims as received.
    package let claims: JSONValue
    /// The bytes that the signature covers: header and claims in their transported form.
    package let signingInput: [UInt8]
    /// The signature, not yet verified.
    package let signature: Signature
    /// The header's `kid`: the hexadecimal id of the signing key.
    package let keyID: KeyID
    /// The header's `typ`.
    package let type: TokenType

    /// Reads a compact token strictly.
    ///
    /// - Throws: `TokenRefusal` for bad form, another algorithm than EdDSA, an unknown `typ`, any
    ///   `crit`, or a `kid` that is no key id.
    package init(parsing compact: String) throws(TokenRefusal) {
        guard compact.utf8.count <= Self.compactBytesMax else { throw .tooLong }
        let parts = compact.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed }
        header = try Self.object(parts[0])
        try Self.checkAlgorithm(of: header)
        guard let signatureBytes = Base64.decodeURL(Substring(parts[2])),
            let signature = Signature(signatureBytes)
        else { throw .malformed }
        let reader = ClaimReader(header)
        guard let type = TokenType(rawValue: try reader.text("typ")) else { throw .wrongType }
        guard let keyID = KeyID(hex: try reader.text("kid")) else { throw .unknownKey }
        claims = try Self.object(parts[1])
        signingInput = Array(compact.utf8.prefix(parts[0].count + 1 + parts[1].count))
        self.signature = signature
        self.type = type
        self.keyID = keyID
    }

    /// Checks that the token is of this type and signed by this key, which `kid` has to name.
    ///
    /// - Throws: `TokenRefusal` with `wrongType`, `unknownKey` or `badSignature`.
    package func verify(key: PublicSigningKey, type: TokenType) throws(TokenRefusal) {
        guard self.type == type else { throw .wrongType }
        guard keyID == key.keyID else { throw .unknownKey }
        guard key.verifies(signature, of: signingInput) else { throw .badSignature }
    }

    /// Signs claims and returns the compact token.
    ///
    /// - Throws: `TokenRefusal.tooLong` when no receiver would read the token.
    package static func sign(
        claims: JSONValue, type: TokenType, signer: Signer
    ) throws(TokenRefusal) -> String {
        let header: JSONValue = [
            "alg": .string(algorithm), "kid": .string(signer.keyID.hex), "typ": .string(type.rawValue),
        ]
        let input = Base64.encodeURL(header.encoded()) + "." + Base64.encodeURL(claims.encoded())
        let compact = input + "." + Base64.encodeURL(signer.sign(Array(input.utf8)).bytes)
        guard compact.utf8.count <= compactBytesMax else { throw .tooLong }
        return compact
    }

    /// The only algorithm of this suite; the rule for Ed25519 is libsodium's, as on the ledger.
    package static let algorithm = "EdDSA"

    private static func object(_ part: Substring.UTF8View.SubSequence) throws(TokenRefusal) -> JSONValue {
        guard let bytes = Base64.decodeURL(Substring(part)) else { throw .malformed }
        guard let value = try? JSONValue(parsing: bytes, limits: limits), value.members != nil else {
            throw .malformed
        }
        return value
    }

    private static func checkAlgorithm(of header: JSONValue) throws(TokenRefusal) {
        guard let name = header["alg"]?.string else { throw .missingClaim("alg") }
        guard name == algorithm else { throw .wrongAlgorithm }
        // SPEC RFC 7515 section 4.1.11: a receiver that does not understand a critical extension rejects
        // the token.
        guard header["crit"] == nil else { throw .criticalExtension }
    }
}
