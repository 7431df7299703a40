import CLibsodium

/// Holds an Ed25519 public key that passed the checks of registration.
package struct PublicSigningKey: Hashable, Sendable, CustomStringConvertible {
    let storage: Bytes32

    init(checked storage: Bytes32) { self.storage = storage }

    /// Takes 32 bytes that encode, canonically, a point of the main subgroup.
    ///
    /// Small-order keys are refused because one signature under them verifies for many messages.
    /// - Throws: `CryptographyError` with the code `invalidLength` or `invalidKey`.
    package init(_ bytes: [UInt8]) throws(CryptographyError) {
        Sodium.prepare()
        guard let storage = Bytes32(bytes) else {
            throw CryptographyError(
                .invalidLength, "an Ed25519 public key has 32 bytes, not `\(bytes.count)`")
        }
        guard storage.withOctets({ crypto_core_ed25519_is_valid_point($0) == 1 }) else {
            throw CryptographyError(
                .invalidKey, "`\(Hex.encode(bytes))` is not a sound Ed25519 public key; register another key")
        }
        self.storage = storage
    }

    /// The 32 bytes as an array.
    package var bytes: [UInt8] { storage.array }

    /// The name of the key in the suite: SHA-256 of its 32 bytes.
    package var keyID: KeyID { KeyID(withUnsafeBytes(of: storage) { SHA256.hash($0) }) }

    /// The 64 lower-case hexadecimal digits of the key.
    package var description: String { withUnsafeBytes(of: storage) { Hex.encode($0) } }

    /// Says whether the signature is this key's over the message, by libsodium's rule.
    ///
    /// The rule is part of the agreement between validators: it refuses a non-canonical S and a
    /// small-order R.
    package func verifies(_ signature: Signature, of message: [UInt8]) -> Bool {
        Sodium.prepare()
        return storage.withOctets { key in
            signature.withOctets { signature in
                crypto_sign_verify_detached(signature, message, UInt64(message.count), key) == 0
            }
        }
    }
}

/// Holds the 64 bytes of an Ed25519 signature, not yet verified.
package struct Signature: Hashable, Sendable {
    /// The number of bytes of every signature.
    package static let byteCount = 64

    private var point: Bytes32
    private var scalar: Bytes32

    /// Copies exactly 64 bytes; nil for any other count.
    package init?(_ bytes: some Sequence<UInt8>) {
        let bytes = [UInt8](bytes)
        guard bytes.count == Signature.byteCount, let point = Bytes32(bytes[..<32]),
            let scalar = Bytes32(bytes[32...])
        else { return nil }
        self.point = point
        self.scalar = scalar
    }

    init(filling body: (UnsafeMutablePointer<UInt8>) -> Void) {
        point = .zero
        scalar = .zero
        withUnsafeMutableBytes(of: &self) { buffer in
            // The buffer spans this 64-byte value, so it has an address.
            body(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// The 64 bytes as an array.
    package var bytes: [UInt8] { withUnsafeBytes(of: self) { [UInt8]($0) } }

    func withOctets<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        withUnsafeBytes(of: self) { buffer in
            // The buffer spans this 64-byte value, so it has an address.
            body(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }
}

/// Names a key: SHA-256 of the Ed25519 public key.
package struct KeyID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The digest that is the name.
    package let digest: Digest

    /// Takes a digest as a key's name.
    package init(_ digest: Digest) { self.digest = digest }

    /// Copies exactly 32 bytes; nil for any other count.
    package init?(_ bytes: some Sequence<UInt8>) {
        guard let digest = Digest(bytes) else { return nil }
        self.digest = digest
    }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else.
    package init?(hex: some StringProtocol) {
        guard let digest = Digest(hex: hex) else { return nil }
        self.digest = digest
    }

    /// The 32 bytes as an array.
    package var bytes: [UInt8] { digest.bytes }
    /// The 64 lower-case hexadecimal digits.
    package var hex: String { digest.hex }
    /// The same as `hex`.
    package var description: String { digest.hex }

    /// Orders key ids as their bytes are ordered.
    package static func < (left: KeyID, right: KeyID) -> Bool { left.digest < right.digest }
}
