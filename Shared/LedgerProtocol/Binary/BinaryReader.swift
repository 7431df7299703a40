package import Cryptography
package import Model

/// Reads big-endian fields in their order and refuses what is missing or left over.
package struct BinaryReader: Sendable {
    /// All bytes of the form.
    package let bytes: [UInt8]
    /// The index of the next byte.
    package private(set) var position = 0
    private let form: String

    /// Starts behind the magic.
    ///
    /// - Throws: `DecodingFault` when the bytes do not start with it.
    package init(_ bytes: [UInt8], magic: String) throws(DecodingFault) {
        self.bytes = bytes
        form = magic
        guard bytes.starts(with: magic.utf8) else { throw fault(.wrongMagic) }
        position = magic.utf8.count
    }

    /// Makes a fault at the current byte.
    package func fault(_ code: DecodingFault.Code) -> DecodingFault {
        DecodingFault(code, form: form, byteOffset: position)
    }

    /// Refuses bytes after the last field.
    ///
    /// - Throws: `DecodingFault` with `.trailingBytes`.
    package func end() throws(DecodingFault) {
        guard position == bytes.count else { throw fault(.trailingBytes) }
    }

    /// Takes one integer of the kind's width.
    ///
    /// - Throws: `DecodingFault` with `.truncated`.
    package mutating func integer<Value: FixedWidthInteger>(
        _ kind: Value.Type = Value.self
    ) throws(DecodingFault) -> Value {
        let range = try take(MemoryLayout<Value>.size)
        return bytes.withUnsafeBytes {
            Value(bigEndian: $0.loadUnaligned(fromByteOffset: range.lowerBound, as: Value.self))
        }
    }

    /// Takes one integer and holds it against a range, as a count or length.
    ///
    /// - Throws: `DecodingFault` with `.truncated` or `.countOutOfRange`.
    package mutating func count<Value: FixedWidthInteger>(
        _ kind: Value.Type, in allowed: ClosedRange<Int>
    ) throws(DecodingFault) -> Int {
        let value = try integer(kind)
        guard let count = Int(exactly: value), allowed.contains(count) else { throw fault(.countOutOfRange) }
        return count
    }

    /// Takes the height of a block, from 1 to the most that 63 bits hold, so that it has a successor and fits
    /// a column of the database.
    ///
    /// - Throws: `DecodingFault` with `.truncated` or `.valueOutOfRange`.
    package mutating func height() throws(DecodingFault) -> BlockHeight {
        let value: UInt64 = try integer()
        guard value > 0, value <= UInt64(Int64.max) else { throw fault(.valueOutOfRange) }
        return BlockHeight(value)
    }

    /// Takes that many bytes.
    ///
    /// - Throws: `DecodingFault` with `.truncated`.
    package mutating func bytes(_ count: Int) throws(DecodingFault) -> [UInt8] {
        Array(bytes[try take(count)])
    }

    /// Takes that many bytes and gives their place.
    ///
    /// - Throws: `DecodingFault` with `.truncated`.
    package mutating func take(_ count: Int) throws(DecodingFault) -> Range<Int> {
        guard count >= 0, count <= bytes.count - position else { throw fault(.truncated) }
        let start = position
        position += count
        return start..<position
    }

    /// Takes 32 bytes as a digest.
    ///
    /// - Throws: `DecodingFault` with `.truncated`.
    package mutating func digest() throws(DecodingFault) -> Digest {
        let range = try take(Digest.byteCount)
        guard let digest = Digest(bytes[range]) else { throw fault(.truncated) }
        return digest
    }

    /// Takes that many digests.
    ///
    /// - Throws: `DecodingFault` with `.truncated`, before any memory is set aside for them.
    package mutating func digests(_ count: Int) throws(DecodingFault) -> [Digest] {
        guard count <= (bytes.count - position) / Digest.byteCount else { throw fault(.truncated) }
        var digests: [Digest] = []
        digests.reserveCapacity(count)
        for _ in 0..<count { digests.append(try digest()) }
        return digests
    }

    /// Takes 64 bytes as a signature that is not yet verified.
    ///
    /// - Throws: `DecodingFault` with `.truncated`.
    package mutating func signature() throws(DecodingFault) -> Signature {
        let range = try take(Signature.byteCount)
        guard let signature = Signature(bytes[range]) else { throw fault(.truncated) }
        return signature
    }

    /// Takes that many bytes as UTF-8.
    ///
    /// - Throws: `DecodingFault` with `.truncated` or `.invalidText`.
    package mutating func text(_ count: Int) throws(DecodingFault) -> String {
        let range = try take(count)
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw fault(.invalidText) }
        return text
    }
}
