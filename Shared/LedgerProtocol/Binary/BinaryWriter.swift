package import Cryptography

/// Writes big-endian fields one after another.
package struct BinaryWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    /// Starts with an ASCII magic, which may be empty, and sets memory aside.
    package init(magic: String, capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
        bytes.append(contentsOf: magic.utf8)
    }

    /// Writes an integer in its own width.
    package mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes a count in the width of the kind, which must hold it.
    package mutating func append<Value: FixedWidthInteger>(count: Int, as kind: Value.Type) {
        append(Value(count))
    }

    /// Writes the bytes as they are.
    package mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    /// Writes the 32 bytes of a digest.
    package mutating func append(_ digest: Digest) {
        digest.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Writes the digests one after another, without their count.
    package mutating func append(_ digests: [Digest]) {
        for digest in digests { append(digest) }
    }

    /// Writes the 64 bytes of a signature.
    package mutating func append(_ signature: Signature) { bytes.append(contentsOf: signature.bytes) }

    /// Writes the UTF-8 of a text, without its length.
    package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
