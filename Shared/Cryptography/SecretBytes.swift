import CLibsodium

/// Owns secret bytes in guarded memory: locked, between guard pages, read-only, zeroed when freed.
///
/// Each value takes four pages of address space, so keep keys in it and not records. It cannot be
/// copied, encoded or described; compare only with `equal`.
package struct SecretBytes: ~Copyable, @unchecked Sendable {
    // Unchecked because of the pointer: the memory is written before `init` returns and is read-only
    // after.
    private let memory: UnsafeMutableRawPointer
    /// The number of secret bytes.
    package let byteCount: Int

    /// Draws fresh random bytes.
    package init(byteCount: Int) {
        self.init(byteCount: byteCount) { randombytes_buf($0.octets, $0.count) }
    }

    /// Copies the bytes; the array stays in ordinary memory until its owner drops it.
    package init(copying bytes: [UInt8]) {
        self.init(byteCount: bytes.count) { buffer in buffer.copyBytes(from: bytes) }
    }

    /// Copies the bytes and overwrites the array with zeros.
    package init(moving bytes: inout [UInt8]) {
        self.init(copying: bytes)
        sodium_memzero(&bytes, bytes.count)
        bytes = []
    }

    init<Failure: Error>(
        byteCount: Int, filling body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        Sodium.prepare()
        guard let memory = sodium_malloc(byteCount) else {
            preconditionFailure(
                "no guarded memory is left; raise vm.max_map_count or hold fewer keys at once")
        }
        do {
            try body(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
        } catch {
            sodium_free(memory)
            throw error
        }
        sodium_mprotect_readonly(memory)
        self.memory = memory
        self.byteCount = byteCount
    }

    deinit { sodium_free(memory) }

    /// Gives the bytes in place, valid only inside the closure.
    ///
    /// - Throws: what the closure throws.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: byteCount))
    }

    /// Compares in constant time; secrets of different lengths are different.
    package static func equal(_ left: borrowing SecretBytes, _ right: borrowing SecretBytes) -> Bool {
        left.byteCount == right.byteCount && sodium_memcmp(left.memory, right.memory, left.byteCount) == 0
    }
}

/// Draws random bytes from the system.
package enum Random {
    /// Gives that many fresh random bytes, in ordinary memory; for nonces and identifiers.
    package static func bytes(_ count: Int) -> [UInt8] {
        Sodium.prepare()
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}
