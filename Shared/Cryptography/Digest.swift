import CLibsodium

/// Holds a SHA-256 value: 32 bytes, inline, ordered as the bytes are.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number of bytes of every digest.
    package static let byteCount = 32
    /// Thirty-two zero bytes, which no input is known to hash to.
    package static let zero = Digest(.zero)

    var storage: Bytes32

    init(_ storage: Bytes32) { self.storage = storage }

    init(filling body: (UnsafeMutablePointer<UInt8>) -> Void) { storage = Bytes32(filling: body) }

    /// Copies exactly 32 bytes; nil for any other count.
    package init?(_ bytes: some Sequence<UInt8>) {
        guard let storage = Bytes32(bytes) else { return nil }
        self.storage = storage
    }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else.
    package init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes as an array.
    package var bytes: [UInt8] { storage.array }

    /// The 64 lower-case hexadecimal digits.
    package var hex: String { Swift.withUnsafeBytes(of: storage) { Hex.encode($0) } }

    /// The same as `hex`.
    package var description: String { hex }

    /// Gives the 32 bytes in place, valid only inside the closure.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: storage) { body($0) }
    }

    /// Compares in a time that does not depend on where the two differ; for values that authenticate.
    package func equalsInConstantTime(_ other: Digest) -> Bool {
        storage.withOctets { mine in
            other.storage.withOctets { theirs in sodium_memcmp(mine, theirs, Digest.byteCount) == 0 }
        }
    }

    /// Orders digests as their bytes are ordered, the first byte weighing most.
    package static func < (left: Digest, right: Digest) -> Bool { left.storage < right.storage }
}
