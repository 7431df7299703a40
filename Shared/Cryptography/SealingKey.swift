import CLibsodium

/// Multiplies points of Curve25519 (RFC 7748); beneath sealing, and open to the test vectors.
package enum X25519 {
    /// The number of bytes of a scalar, of a point and of the result.
    package static let byteCount = 32

    /// Multiplies the point by the clamped scalar; nil when the point has low order or a length is
    /// wrong.
    package static func multiply(scalar: [UInt8], point: [UInt8]) -> [UInt8]? {
        Sodium.prepare()
        guard scalar.count == byteCount, point.count == byteCount else { return nil }
        var product = [UInt8](repeating: 0, count: byteCount)
        guard crypto_scalarmult(&product, scalar, point) == 0 else { return nil }
        return product
    }
}

/// Holds an X25519 public key to which anyone can seal bytes.
package struct PublicSealingKey: Hashable, Sendable {
    /// The number of bytes that sealing adds: a fresh public key and a tag.
    package static let overheadByteCount = crypto_box_sealbytes()

    let storage: Bytes32

    init(checked storage: Bytes32) { self.storage = storage }

    /// Takes 32 bytes that are not a point of low order.
    ///
    /// - Throws: `CryptographyError` with the code `invalidLength` or `invalidKey`.
    package init(_ bytes: [UInt8]) throws(CryptographyError) {
        guard let storage = Bytes32(bytes) else {
            throw CryptographyError(.invalidLength, "a sealing key has 32 bytes, not `\(bytes.count)`")
        }
        // Clamping makes every scalar a multiple of the cofactor, so any scalar shows a point of low
        // order.
        let scalar = [UInt8](repeating: 1, count: X25519.byteCount)
        guard X25519.multiply(scalar: scalar, point: bytes) != nil else {
            throw CryptographyError(
                .invalidKey, "`\(Hex.encode(bytes))` is not a sound sealing key; register another key")
        }
        self.storage = storage
    }

    /// The 32 bytes as an array.
    package var bytes: [UInt8] { storage.array }

    /// Seals the message so that only the holder of the secret key opens it; the sender stays anonymous.
    package func seal(_ message: [UInt8]) -> [UInt8] {
        Sodium.prepare()
        var sealed = [UInt8](repeating: 0, count: message.count + PublicSealingKey.overheadByteCount)
        let status = storage.withOctets { crypto_box_seal(&sealed, message, UInt64(message.count), $0) }
        // INVARIANT: sealing fails only towards a point of low order, which `init` refused.
        precondition(status == 0, "sealing failed towards a key that was checked")
        return sealed
    }
}

/// Owns an X25519 secret key in guarded memory.
package struct SealingKey: ~Copyable, Sendable {
    /// The number of bytes of the secret.
    package static let secretByteCount = 32

    fileprivate let secret: SecretBytes
    /// The key to which others seal.
    package let publicKey: PublicSealingKey

    /// Takes a 32-byte secret over.
    ///
    /// - Throws: `CryptographyError` with the code `invalidLength` when the secret has another length.
    package init(secret: borrowing SecretBytes) throws(CryptographyError) {
        guard secret.byteCount == SealingKey.secretByteCount else {
            throw CryptographyError(
                .invalidLength, "the secret of a sealing key has 32 bytes, not `\(secret.byteCount)`")
        }
        let copy = secret.withBytes { source in
            SecretBytes(byteCount: source.count) { $0.copyMemory(from: source) }
        }
        self.init(owning: copy)
    }

    private init(owning secret: consuming SecretBytes) {
        publicKey = secret.withBytes { secret in
            PublicSealingKey(checked: Bytes32 { crypto_scalarmult_base($0, secret.octets) })
        }
        self.secret = secret
    }

    /// Makes a fresh key.
    package static func generate() -> SealingKey {
        SealingKey(owning: SecretBytes(byteCount: secretByteCount))
    }

    /// Gives a copy of the 32-byte secret, wiped when the closure returns; for writing a key file only.
    ///
    /// - Throws: what the closure throws.
    package borrowing func withSecret<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var copy = secret.withBytes { [UInt8]($0) }
        defer { sodium_memzero(&copy, copy.count) }
        return try body(copy)
    }

    fileprivate borrowing func open(_ sealed: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let overhead = PublicSealingKey.overheadByteCount
        guard sealed.count >= overhead else { throw .sealedDataRefused }
        var message = [UInt8](repeating: 0, count: sealed.count - overhead)
        let status = publicKey.storage.withOctets { publicKey in
            secret.withBytes { secret in
                crypto_box_seal_open(
                    &message, sealed, UInt64(sealed.count), publicKey, secret.octets)
            }
        }
        guard status == 0 else { throw .sealedDataRefused }
        return message
    }
}

/// Shares one sealing key between tasks.
package final class Unsealer: Sendable {
    private let key: SealingKey
    /// The key to which others seal.
    package let publicKey: PublicSealingKey

    /// Takes the key over.
    package init(_ key: consuming SealingKey) {
        publicKey = key.publicKey
        self.key = key
    }

    /// Opens what was sealed to the public key.
    ///
    /// - Throws: `CryptographyError` with the code `authenticationFailed` when it was changed or sealed
    ///   to another.
    package func open(_ sealed: [UInt8]) throws(CryptographyError) -> [UInt8] { try key.open(sealed) }
}
