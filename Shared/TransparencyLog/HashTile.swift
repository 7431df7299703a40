package import Cryptography
package import Merkle

/// Writes and reads the hashes of a tile.
package enum HashTile {
    /// Writes the hashes one after another; there must be 1 to 256.
    package static func encode(_ hashes: [Digest]) -> [UInt8] {
        precondition((1...TilePath.fullWidth).contains(hashes.count), "a tile holds 1 to 256 hashes")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * Digest.byteCount)
        for hash in hashes { hash.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Reads the hashes of a tile of that width.
    ///
    /// - Throws: `NoteError.malformedTile` when the length is another.
    package static func decode(_ bytes: [UInt8], width: Int) throws(NoteError) -> [Digest] {
        guard bytes.count == width * Digest.byteCount else {
            throw .malformedTile(
                "`\(width)` hashes take `\(width * Digest.byteCount)` bytes, not `\(bytes.count)`")
        }
        return stride(from: 0, to: bytes.count, by: Digest.byteCount).compactMap {
            Digest(bytes[$0..<$0 + Digest.byteCount])
        }
    }

    /// Computes a complete subtree from the tile that holds it; nil when the tile is too narrow.
    package static func hash(of position: SubtreePosition, in hashes: [Digest]) -> Digest? {
        let heightInTile = position.level % TilePath.height
        let perTile = UInt64(TilePath.fullWidth >> heightInTile)
        let first = Int(position.index % perTile) << heightInTile
        let end = first + 1 << heightInTile
        guard end <= hashes.count else { return nil }
        return MerkleTree.root(ofLeafHashes: [Digest](hashes[first..<end]))
    }
}

/// Writes and reads entries as a tiled log serves them: each after its length in two bytes, big endian.
package enum EntryBundle {
    /// The most bytes of an entry.
    package static let entryByteCountMax = Int(UInt16.max)

    /// Writes the entries of a bundle.
    ///
    /// - Throws: `NoteError.malformedTile` when there are none or more than 256, or one is too long.
    package static func encode(_ entries: [[UInt8]]) throws(NoteError) -> [UInt8] {
        guard (1...TilePath.fullWidth).contains(entries.count) else {
            throw .malformedTile("a bundle holds 1 to 256 entries, not `\(entries.count)`")
        }
        var bytes: [UInt8] = []
        for entry in entries {
            guard let length = UInt16(exactly: entry.count) else {
                throw .malformedTile("an entry of `\(entry.count)` bytes is too long for a bundle")
            }
            bytes.append(UInt8(length >> 8))
            bytes.append(UInt8(length & 0xFF))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// Reads the entries of a bundle.
    ///
    /// - Throws: `NoteError.malformedTile` when a length does not fit or there are none or more than
    ///   256.
    package static func decode(_ bytes: [UInt8]) throws(NoteError) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 2, entries.count < TilePath.fullWidth else {
                throw .malformedTile("the bundle is cut short or holds more than 256 entries")
            }
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            rest = rest.dropFirst(2)
            guard rest.count >= length else { throw .malformedTile("the bundle ends within an entry") }
            entries.append([UInt8](rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard !entries.isEmpty else { throw .malformedTile("the bundle is empty") }
        return entries
    }
}
