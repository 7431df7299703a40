import CLibcrypto

/// Computes SHA-256 (FIPS 180-4).
///
/// It is what the ledger's hot path consists of, so it is OpenSSL's, which uses the processor's instructions
/// for it where there are any; libsodium's takes five times as long there.
package enum SHA256 {
    /// Hashes the bytes.
    package static func hash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// Hashes the bytes where they lie.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hasher = Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// Hashes the concatenation of the parts.
    package static func hash(parts: [[UInt8]]) -> Digest {
        var hasher = Hasher()
        for part in parts { hasher.update(part) }
        return hasher.finalize()
    }

    /// Hashes one byte and then the bytes, as the leaves of an RFC 6962 tree are.
    package static func hash(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> Digest {
        var hasher = Hasher()
        withUnsafeBytes(of: prefix) { hasher.update($0) }
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// Hashes one byte and then two digests, as the nodes of an RFC 6962 tree are.
    package static func hash(prefix: UInt8, _ left: Digest, _ right: Digest) -> Digest {
        let count = 1 + 2 * Digest.byteCount
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { input in
            input[0] = prefix
            input.storeBytes(of: left.storage, toByteOffset: 1, as: Bytes32.self)
            input.storeBytes(of: right.storage, toByteOffset: 1 + Digest.byteCount, as: Bytes32.self)
            return hash(UnsafeRawBufferPointer(input))
        }
    }

    /// Hashes a message that arrives in pieces.
    ///
    /// None of the C functions can fail: they read memory and write the state that is given.
    package struct Hasher: Sendable {
        private var state = SHA256_CTX()

        /// Starts an empty message.
        package init() { SHA256_Init(&state) }

        /// Appends the bytes to the message.
        package mutating func update(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { update($0) }
        }

        /// Appends the bytes to the message from where they lie.
        package mutating func update(_ bytes: UnsafeRawBufferPointer) {
            SHA256_Update(&state, bytes.baseAddress, bytes.count)
        }

        /// Ends the message and gives its digest; the hasher must not be used afterwards.
        package mutating func finalize() -> Digest {
            Digest { SHA256_Final($0, &state) }
        }
    }
}
