import CLibsodium

/// Encrypts and authenticates with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
package enum XChaCha20Poly1305 {
    /// The number of bytes of a nonce, long enough to be drawn at random.
    package static let nonceByteCount = 24
    /// The number of bytes of a key.
    package static let keyByteCount = 32
    /// The number of bytes that sealing adds.
    package static let tagByteCount = 16

    /// Gives ciphertext followed by tag; the caller must never use a nonce twice with one key.
    ///
    /// The nonce must have `nonceByteCount` bytes and the key `keyByteCount`.
    package static func seal(
        _ plaintext: [UInt8], nonce: [UInt8], associatedData: [UInt8], key: borrowing SecretBytes
    ) -> [UInt8] {
        plaintext.withUnsafeBytes {
            seal($0, prefixedBy: [], nonce: nonce, associatedData: associatedData, key: key)
        }
    }

    /// Opens ciphertext followed by tag.
    ///
    /// - Throws: `CryptographyError`: `invalidLength` for a nonce or key of the wrong length,
    ///   `authenticationFailed` for anything that was not sealed so.
    package static func open(
        _ sealed: [UInt8], nonce: [UInt8], associatedData: [UInt8], key: borrowing SecretBytes
    ) throws(CryptographyError) -> [UInt8] {
        guard nonce.count == nonceByteCount, key.byteCount == keyByteCount else {
            throw CryptographyError(
                .invalidLength, "XChaCha20-Poly1305 takes a nonce of 24 bytes and a key of 32 bytes")
        }
        guard sealed.count >= tagByteCount else { throw .sealedDataRefused }
        var plaintext = [UInt8](repeating: 0, count: sealed.count - tagByteCount)
        let opened = plaintext.withUnsafeMutableBytes { plaintext in
            sealed.withUnsafeBytes { sealed in
                nonce.withUnsafeBytes { nonce in
                    open(sealed, into: plaintext, nonce: nonce, associatedData: associatedData, key: key)
                }
            }
        }
        guard opened else { throw .sealedDataRefused }
        return plaintext
    }

    static func seal(
        _ plaintext: UnsafeRawBufferPointer, prefixedBy prefix: [UInt8], nonce: [UInt8],
        associatedData: [UInt8], key: borrowing SecretBytes
    ) -> [UInt8] {
        Sodium.prepare()
        precondition(nonce.count == nonceByteCount, "a nonce of XChaCha20-Poly1305 has 24 bytes")
        precondition(key.byteCount == keyByteCount, "a key of XChaCha20-Poly1305 has 32 bytes")
        let count = prefix.count + plaintext.count + tagByteCount
        return key.withBytes { key in
            [UInt8](unsafeUninitializedCapacity: count) { output, written in
                let output = UnsafeMutableRawBufferPointer(output)
                output.copyBytes(from: prefix)
                crypto_aead_xchacha20poly1305_ietf_encrypt(
                    output.octets + prefix.count, nil, plaintext.octets, UInt64(plaintext.count),
                    associatedData, UInt64(associatedData.count), nil, nonce, key.octets)
                written = count
            }
        }
    }

    /// Opens into a buffer that is exactly `tagByteCount` shorter; false when the tag does not verify.
    static func open(
        _ sealed: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer,
        nonce: UnsafeRawBufferPointer, associatedData: [UInt8], key: borrowing SecretBytes
    ) -> Bool {
        Sodium.prepare()
        return key.withBytes { key in
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                plaintext.octets, nil, nil, sealed.octets, UInt64(sealed.count),
                associatedData, UInt64(associatedData.count), nonce.octets, key.octets) == 0
        }
    }
}
