import CLibsodium

/// Owns an Ed25519 signing key in guarded memory.
package struct SigningKey: ~Copyable, Sendable {
    /// The number of bytes of the seed that a key file stores.
    package static let seedByteCount = 32

    // libsodium's form: the seed, then the public key.
    private let secret: SecretBytes
    /// The key that verifies what this one signs.
    package let publicKey: PublicSigningKey

    private init(_ makePair: (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void) {
        var storage = Bytes32.zero
        secret = SecretBytes(byteCount: Int(crypto_sign_SECRETKEYBYTES)) { secret in
            storage = Bytes32 { makePair($0, secret.octets) }
        }
        publicKey = PublicSigningKey(checked: storage)
    }

    /// Makes a fresh key.
    package static func generate() -> SigningKey {
        SigningKey { publicKey, secret in crypto_sign_keypair(publicKey, secret) }
    }

    /// Makes the key of a 32-byte seed (RFC 8032).
    ///
    /// - Throws: `CryptographyError` with the code `invalidLength` when the seed has another length.
    package init(seed: borrowing SecretBytes) throws(CryptographyError) {
        guard seed.byteCount == SigningKey.seedByteCount else {
            throw CryptographyError(
                .invalidLength, "the seed of a signing key has 32 bytes, not `\(seed.byteCount)`")
        }
        self = seed.withBytes { seed in
            SigningKey { publicKey, secret in crypto_sign_seed_keypair(publicKey, secret, seed.octets) }
        }
    }

    /// Signs the message; the same message gives the same signature.
    package borrowing func sign(_ message: [UInt8]) -> Signature {
        secret.withBytes { secret in
            Signature { crypto_sign_detached($0, nil, message, UInt64(message.count), secret.octets) }
        }
    }

    /// Gives a copy of the 32-byte seed, wiped when the closure returns; for writing a key file only.
    ///
    /// - Throws: what the closure throws.
    package borrowing func withSeed<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var seed = secret.withBytes { [UInt8]($0.prefix(SigningKey.seedByteCount)) }
        defer { sodium_memzero(&seed, seed.count) }
        return try body(seed)
    }
}

/// Shares one signing key between tasks.
package final class Signer: Sendable {
    private let key: SigningKey
    /// The key that verifies what this one signs.
    package let publicKey: PublicSigningKey
    /// The name of the public key.
    package let keyID: KeyID

    /// Takes the key over.
    package init(_ key: consuming SigningKey) {
        publicKey = key.publicKey
        keyID = key.publicKey.keyID
        self.key = key
    }

    /// Signs the message; the same message gives the same signature.
    package func sign(_ message: [UInt8]) -> Signature { key.sign(message) }
}
