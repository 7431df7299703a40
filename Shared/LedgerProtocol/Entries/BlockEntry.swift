package import Cryptography
package import Model

/// The last leaf of every block: 116 bytes that tie it to the block before and to the validators.
package struct BlockEntry: BinaryForm {
    package static let magic = "CSB1"
    /// The number of bytes of every block entry.
    package static let byteCount = 116

    /// The height of the block, from 1.
    package let height: BlockHeight
    /// The SHA-256 of the checkpoint text of the block before; for height 1 the network id.
    package let previous: Digest
    /// The time of the block, by which validity is judged; later than that of the block before.
    package let time: Timestamp
    /// The hash of the validators that sign this block.
    package let validatorSet: Digest
    /// The hash of the validators that sign the next block.
    package let nextValidatorSet: Digest

    /// Takes the fields as they are.
    package init(
        height: BlockHeight, previous: Digest, time: Timestamp, validatorSet: Digest,
        nextValidatorSet: Digest
    ) {
        self.height = height
        self.previous = previous
        self.time = time
        self.validatorSet = validatorSet
        self.nextValidatorSet = nextValidatorSet
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        height = try reader.height()
        previous = try reader.digest()
        time = Timestamp(milliseconds: try reader.integer())
        validatorSet = try reader.digest()
        nextValidatorSet = try reader.digest()
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: Self.byteCount)
        writer.append(height.value)
        writer.append(previous)
        writer.append(time.milliseconds)
        writer.append(validatorSet)
        writer.append(nextValidatorSet)
        return writer.bytes
    }

    /// The hash of this entry as a leaf of the log.
    package var leafHash: Digest { encoded.withUnsafeBytes { SHA256.hash(prefix: 0x00, $0) } }
}
