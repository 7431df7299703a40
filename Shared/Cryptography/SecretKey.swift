/// Shares one 32-byte symmetric key between tasks: it seals, opens, authenticates and derives.
package final class SecretKey: Sendable {
    /// The number of bytes of every key.
    package static let byteCount = XChaCha20Poly1305.keyByteCount
    /// The number of bytes that sealing adds: a nonce and a tag.
    package static let overheadByteCount = XChaCha20Poly1305.nonceByteCount + XChaCha20Poly1305.tagByteCount

    private let key: SecretBytes

    /// Takes the key over, which must have 32 bytes.
    package init(_ bytes: consuming SecretBytes) {
        precondition(bytes.byteCount == SecretKey.byteCount, "a symmetric key has 32 bytes")
        key = bytes
    }

    /// Makes a fresh key.
    package static func generate() -> SecretKey { SecretKey(SecretBytes(byteCount: byteCount)) }

    /// Seals under a random nonce: nonce, ciphertext, tag, bound to the associated data.
    package func seal(_ plaintext: [UInt8], associatedData: [UInt8]) -> [UInt8] {
        plaintext.withUnsafeBytes { seal($0, associatedData: associatedData) }
    }

    /// Seals another secret, such as a key that this one wraps.
    package func sealSecret(_ secret: borrowing SecretBytes, associatedData: [UInt8]) -> [UInt8] {
        secret.withBytes { seal($0, associatedData: associatedData) }
    }

    /// Opens what `seal` made with the same key and associated data.
    ///
    /// - Throws: `CryptographyError` with the code `authenticationFailed`.
    package func open(_ box: [UInt8], associatedData: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard box.count >= SecretKey.overheadByteCount else { throw .sealedDataRefused }
        var plaintext = [UInt8](repeating: 0, count: box.count - SecretKey.overheadByteCount)
        let opened = plaintext.withUnsafeMutableBytes { open(box, into: $0, associatedData: associatedData) }
        guard opened else { throw .sealedDataRefused }
        return plaintext
    }

    /// Opens what `sealSecret` made, straight into guarded memory.
    ///
    /// - Throws: `CryptographyError` with the code `authenticationFailed`.
    package func openSecret(
        _ box: [UInt8], associatedData: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        guard box.count >= SecretKey.overheadByteCount else { throw .sealedDataRefused }
        let count = box.count - SecretKey.overheadByteCount
        return try SecretBytes(byteCount: count) { output throws(CryptographyError) in
            guard self.open(box, into: output, associatedData: associatedData) else {
                throw .sealedDataRefused
            }
        }
    }

    /// Gives HMAC-SHA-256 of the message under this key.
    package func authenticate(_ message: [UInt8]) -> Digest {
        HMACSHA256.authenticate(message, key: key)
    }

    /// Derives another secret for the context with HKDF-SHA-256.
    package func derive(salt: [UInt8], context: [UInt8], byteCount: Int) -> SecretBytes {
        HKDFSHA256.derive(secret: key, salt: salt, context: context, byteCount: byteCount)
    }

    /// Gives the key's bytes in place, valid only inside the closure.
    ///
    /// - Throws: what the closure throws.
    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try key.withBytes(body)
    }

    private func seal(_ plaintext: UnsafeRawBufferPointer, associatedData: [UInt8]) -> [UInt8] {
        let nonce = Random.bytes(XChaCha20Poly1305.nonceByteCount)
        return XChaCha20Poly1305.seal(
            plaintext, prefixedBy: nonce, nonce: nonce, associatedData: associatedData, key: key)
    }

    private func open(
        _ box: [UInt8], into output: UnsafeMutableRawBufferPointer, associatedData: [UInt8]
    ) -> Bool {
        box.withUnsafeBytes { box in
            let nonce = UnsafeRawBufferPointer(rebasing: box[..<XChaCha20Poly1305.nonceByteCount])
            let sealed = UnsafeRawBufferPointer(rebasing: box[XChaCha20Poly1305.nonceByteCount...])
            return XChaCha20Poly1305.open(
                sealed, into: output, nonce: nonce, associatedData: associatedData, key: key)
        }
    }
}
