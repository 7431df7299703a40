import CLibsodium

/// Computes HMAC-SHA-256 (RFC 2104) under keys of any length.
package enum HMACSHA256 {
    /// Authenticates the message under a key that may lie in ordinary memory.
    package static func authenticate(_ message: [UInt8], key: [UInt8]) -> Digest {
        key.withUnsafeBytes { key in message.withUnsafeBytes { authenticate($0, key: key) } }
    }

    /// Authenticates the message under a guarded key.
    package static func authenticate(_ message: [UInt8], key: borrowing SecretBytes) -> Digest {
        key.withBytes { key in message.withUnsafeBytes { authenticate($0, key: key) } }
    }

    /// Authenticates the concatenation of the parts.
    package static func authenticate(parts: [[UInt8]], key: [UInt8]) -> Digest {
        key.withUnsafeBytes { key in
            var state = State(key: key)
            for part in parts { part.withUnsafeBytes { state.update($0) } }
            return state.finalize()
        }
    }

    /// Says in constant time whether the tag authenticates the message.
    package static func verify(_ tag: Digest, of message: [UInt8], key: [UInt8]) -> Bool {
        authenticate(message, key: key).equalsInConstantTime(tag)
    }

    /// Says in constant time whether the tag authenticates the message under a guarded key.
    package static func verify(_ tag: Digest, of message: [UInt8], key: borrowing SecretBytes) -> Bool {
        authenticate(message, key: key).equalsInConstantTime(tag)
    }

    static func authenticate(_ message: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) -> Digest {
        var state = State(key: key)
        state.update(message)
        return state.finalize()
    }

    /// One running computation; its memory holds material of the key and is wiped at the end.
    struct State {
        private var state = crypto_auth_hmacsha256_state()

        init(key: UnsafeRawBufferPointer) {
            crypto_auth_hmacsha256_init(&state, key.octets, key.count)
        }

        mutating func update(_ bytes: UnsafeRawBufferPointer) {
            crypto_auth_hmacsha256_update(&state, bytes.octets, UInt64(bytes.count))
        }

        mutating func finalize() -> Digest {
            let digest = Digest { crypto_auth_hmacsha256_final(&state, $0) }
            sodium_memzero(&state, MemoryLayout<crypto_auth_hmacsha256_state>.size)
            return digest
        }
    }
}

/// Derives keys with HKDF-SHA-256 (RFC 5869).
package enum HKDFSHA256 {
    /// The most bytes that one derivation gives: 255 blocks, because the block counter is one byte.
    package static let byteCountMax = 255 * Digest.byteCount

    /// Extracts from the secret and the salt, and expands for the context.
    ///
    /// The caller must ask for no more than `byteCountMax` bytes.
    package static func derive(
        secret: borrowing SecretBytes, salt: [UInt8], context: [UInt8], byteCount: Int
    ) -> SecretBytes {
        precondition(byteCount <= byteCountMax, "HKDF-SHA-256 gives at most \(byteCountMax) bytes")
        var extracted = secret.withBytes { secret in
            salt.withUnsafeBytes { HMACSHA256.authenticate(secret, key: $0) }
        }
        defer { sodium_memzero(&extracted, Digest.byteCount) }
        return SecretBytes(byteCount: byteCount) { output in
            expand(extracted, context: context, into: output)
        }
    }

    private static func expand(
        _ extracted: Digest, context: [UInt8], into output: UnsafeMutableRawBufferPointer
    ) {
        var block = Digest.zero
        var produced = 0
        var counter: UInt8 = 0
        while produced < output.count {
            var state = extracted.withUnsafeBytes { HMACSHA256.State(key: $0) }
            if counter > 0 { block.withUnsafeBytes { state.update($0) } }
            context.withUnsafeBytes { state.update($0) }
            counter += 1
            withUnsafeBytes(of: counter) { state.update($0) }
            block = state.finalize()
            let wanted = min(Digest.byteCount, output.count - produced)
            block.withUnsafeBytes { source in
                let target = UnsafeMutableRawBufferPointer(rebasing: output[produced..<produced + wanted])
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<wanted]))
            }
            produced += wanted
        }
        sodium_memzero(&block, Digest.byteCount)
    }
}
