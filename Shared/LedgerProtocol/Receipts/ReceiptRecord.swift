package import Cryptography
package import Model

/// The receipt of all entries that one key has in one block, as published on `ledger.receipts`.
///
/// It carries no entry: from it and its own entries a service derives the receipt of each.
package struct ReceiptRecord: BinaryForm {
    /// A submission of the key that is in the block.
    package struct Item: Hashable, Sendable {
        /// Its place among the key's submissions.
        package let sequence: UInt64
        /// The SHA-256 of its bytes.
        package let hash: Digest
        /// How many entries it has.
        package let entryCount: Int

        /// Takes the fields as they are.
        package init(sequence: UInt64, hash: Digest, entryCount: Int) {
            self.sequence = sequence
            self.hash = hash
            self.entryCount = entryCount
        }

        /// Describes a submission.
        package init(_ submission: Submission) {
            self.init(
                sequence: submission.sequence, hash: submission.hash, entryCount: submission.entryCount)
        }
    }

    package static let magic = "CSR1"

    /// The network that this is for.
    package let networkID: NetworkID
    /// The key whose entries they are.
    package let keyID: KeyID
    /// The height of the block, by the publisher's word: no signature in the record covers it.
    package let height: BlockHeight
    /// The submissions in the order of their sequences, without a gap.
    package let items: [Item]
    /// The index in the log of the first entry.
    package let firstIndex: UInt64
    /// The key's next sequence after this block or a later one, by the publisher's word.
    package let nextSequence: UInt64
    /// The hashes of the complete subtrees left of the entries.
    package let left: [Digest]
    /// The hashes of the complete subtrees right of the entries.
    package let right: [Digest]
    /// The signed checkpoint, as a C2SP note.
    package let note: [UInt8]

    /// Takes the fields as they are.
    package init(
        networkID: NetworkID, keyID: KeyID, height: BlockHeight, items: [Item], firstIndex: UInt64,
        nextSequence: UInt64, left: [Digest], right: [Digest], note: [UInt8]
    ) {
        self.networkID = networkID
        self.keyID = keyID
        self.height = height
        self.items = items
        self.firstIndex = firstIndex
        self.nextSequence = nextSequence
        self.left = left
        self.right = right
        self.note = note
    }

    /// How many entries of the key are in the block.
    package var entryCount: Int { items.reduce(0) { $0 + $1.entryCount } }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        keyID = KeyID(try reader.digest())
        height = try reader.height()
        var items: [Item] = []
        for _ in 0..<(try reader.count(UInt16.self, in: 1...ProtocolLimits.blockSubmissionsMax)) {
            let item = Item(
                sequence: try reader.integer(), hash: try reader.digest(),
                entryCount: try reader.count(UInt16.self, in: 1...ProtocolLimits.submissionEntriesMax))
            if let last = items.last, last.sequence == .max || last.sequence + 1 != item.sequence {
                throw reader.fault(.wrongOrder)
            }
            items.append(item)
        }
        self.items = items
        firstIndex = try reader.integer()
        nextSequence = try reader.integer()
        guard let last = items.last, nextSequence > last.sequence else {
            throw reader.fault(.valueOutOfRange)
        }
        left = try reader.digests(try reader.count(UInt8.self, in: 0...ProtocolLimits.rangeHashesMax))
        right = try reader.digests(try reader.count(UInt8.self, in: 0...ProtocolLimits.rangeHashesMax))
        note = try reader.bytes(try reader.count(UInt32.self, in: 1...ProtocolLimits.noteBytesMax))
        try reader.end()
    }

    package var encoded: [UInt8] {
        let hashCount = left.count + right.count
        var writer = BinaryWriter(
            magic: Self.magic, capacity: 128 + 42 * items.count + 32 * hashCount + note.count)
        writer.append(networkID)
        writer.append(keyID.digest)
        writer.append(height.value)
        writer.append(count: items.count, as: UInt16.self)
        for item in items {
            writer.append(item.sequence)
            writer.append(item.hash)
            writer.append(count: item.entryCount, as: UInt16.self)
        }
        writer.append(firstIndex)
        writer.append(nextSequence)
        writer.append(count: left.count, as: UInt8.self)
        writer.append(left)
        writer.append(count: right.count, as: UInt8.self)
        writer.append(right)
        writer.append(count: note.count, as: UInt32.self)
        writer.append(note)
        return writer.bytes
    }
}
