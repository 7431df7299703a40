/// Checks every primitive against known answers before a process uses one.
package enum CryptographySelfTest {
    /// Runs all checks; every process calls it at its start.
    ///
    /// - Throws: `CryptographyError` with the code `selfTestFailed`, naming the first primitive that
    ///   differs.
    package static func run() throws(CryptographyError) {
        guard Sodium.status >= 0 else {
            throw CryptographyError(
                .selfTestFailed, "libsodium could not be initialised; check the system's random source")
        }
        for (name, holds) in checks where !holds() {
            throw CryptographyError(
                .selfTestFailed, "the self-test of `\(name)` failed; do not run on this machine's libraries")
        }
    }

    private static let checks: [(String, @Sendable () -> Bool)] = [
        ("SHA-256", hashing),
        ("HMAC-SHA-256", authentication),
        ("HKDF-SHA-256", derivation),
        ("Ed25519", signing),
        ("Ed25519 small-order keys", smallOrderKeys),
        ("X25519", sealing),
        ("XChaCha20-Poly1305", encryption),
        ("random bytes", randomness),
    ]

    // FIPS 180-4, example "abc".
    @Sendable private static func hashing() -> Bool {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        return SHA256.hash([UInt8]("abc".utf8)).hex == expected
            && SHA256.hash(parts: [[UInt8]("a".utf8), [UInt8]("bc".utf8)]).hex == expected
    }

    // RFC 4231, test case 2.
    @Sendable private static func authentication() -> Bool {
        let message = [UInt8]("what do ya want for nothing?".utf8)
        let key = [UInt8]("Jefe".utf8)
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        return HMACSHA256.authenticate(message, key: key).hex == expected
            && !HMACSHA256.verify(.zero, of: message, key: key)
    }

    // RFC 5869, test case 1.
    @Sendable private static func derivation() -> Bool {
        let secret = SecretBytes(copying: [UInt8](repeating: 0x0B, count: 22))
        let derived = HKDFSHA256.derive(
            secret: secret, salt: [UInt8](0x00...0x0C), context: [UInt8](0xF0...0xF9), byteCount: 42)
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        return derived.withBytes { Hex.encode($0) } == expected
    }

    // RFC 8032, section 7.1, test 2.
    @Sendable private static func signing() -> Bool {
        let seed = Hex.decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb") ?? []
        let expected =
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        guard let key = try? SigningKey(seed: SecretBytes(copying: seed)) else { return false }
        let signature = key.sign([0x72])
        return key.publicKey.description == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
            && Hex.encode(signature.bytes) == expected && key.publicKey.verifies(signature, of: [0x72])
            && !key.publicKey.verifies(signature, of: [0x73])
    }

    // Points of order 1, 2, 4, 8 and a non-canonical spelling of the first.
    @Sendable private static func smallOrderKeys() -> Bool {
        let refused = [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        return refused.allSatisfy { (try? PublicSigningKey(Hex.decode($0) ?? [])) == nil }
    }

    // RFC 7748, section 5.2; a point of low order; one box there and back.
    @Sendable private static func sealing() -> Bool {
        let product = X25519.multiply(
            scalar: Hex.decode("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4") ?? [],
            point: Hex.decode("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c") ?? [])
        let expected = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        let zeros = [UInt8](repeating: 0, count: X25519.byteCount)
        guard product.map(Hex.encode) == expected, (try? PublicSealingKey(zeros)) == nil else { return false }
        let unsealer = Unsealer(SealingKey.generate())
        var sealed = unsealer.publicKey.seal([1, 2, 3])
        guard (try? unsealer.open(sealed)) == [1, 2, 3] else { return false }
        sealed[sealed.count - 1] ^= 1
        return (try? unsealer.open(sealed)) == nil
    }

    // draft-arciszewski-xchacha-02, appendix A.1.
    @Sendable private static func encryption() -> Bool {
        let key = SecretBytes(copying: [UInt8](0x80...0x9F))
        let nonce = [UInt8](0x40...0x57)
        let data = Hex.decode("50515253c0c1c2c3c4c5c6c7") ?? []
        let text =
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
            + "the future, sunscreen would be it."
        let expected =
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f"
            + "4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f"
            + "76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
        var sealed = XChaCha20Poly1305.seal([UInt8](text.utf8), nonce: nonce, associatedData: data, key: key)
        guard Hex.encode(sealed) == expected,
            (try? XChaCha20Poly1305.open(sealed, nonce: nonce, associatedData: data, key: key))
                == [UInt8](text.utf8)
        else { return false }
        sealed[0] ^= 1
        return (try? XChaCha20Poly1305.open(sealed, nonce: nonce, associatedData: data, key: key)) == nil
    }

    @Sendable private static func randomness() -> Bool { Random.bytes(32) != Random.bytes(32) }
}
