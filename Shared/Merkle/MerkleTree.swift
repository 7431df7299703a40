package import Cryptography

/// Hashes the tree of RFC 6962, section 2.1.
package enum MerkleTree {
    private static let leafPrefix: UInt8 = 0
    private static let nodePrefix: UInt8 = 1

    /// The root of the tree without leaves: SHA-256 of nothing.
    package static let emptyRoot = SHA256.hash([])

    /// Hashes the bytes of a leaf.
    package static func leafHash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { leafHash($0) }
    }

    /// Hashes the bytes of a leaf where they lie.
    package static func leafHash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        SHA256.hash(prefix: leafPrefix, bytes)
    }

    /// Hashes two neighbours into their parent.
    package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        SHA256.hash(prefix: nodePrefix, left, right)
    }

    /// Gives the root of the tree with these leaf hashes.
    package static func root(ofLeafHashes leafHashes: [Digest]) -> Digest {
        guard !leafHashes.isEmpty else { return emptyRoot }
        var level = leafHashes
        var count = level.count
        // A last node without a neighbour rises as it is, which gives RFC 6962's split at a power of
        // two.
        while count > 1 {
            let parents = count / 2
            for index in 0..<parents {
                level[index] = nodeHash(level[2 * index], level[2 * index + 1])
            }
            if count % 2 == 1 { level[parents] = level[count - 1] }
            count = parents + count % 2
        }
        return level[0]
    }
}

/// Names a complete subtree: the one over leaves `index << level` up to `(index + 1) << level`.
package struct SubtreePosition: Hashable, Sendable {
    /// The height of the subtree; a leaf hash has level 0.
    package let level: Int
    /// The place among the subtrees of that level, from the left.
    package let index: UInt64

    /// Names a complete subtree.
    package init(level: Int, index: UInt64) {
        self.level = level
        self.index = index
    }

    /// The first leaf of the subtree.
    package var firstLeaf: UInt64 { index << UInt64(level) }

    /// Gives the fewest complete subtrees that together hold the leaves of the range, left to right.
    package static func cover(_ range: Range<UInt64>) -> [SubtreePosition] {
        var positions: [SubtreePosition] = []
        var next = range.lowerBound
        while next < range.upperBound {
            let alignment = next.trailingZeroBitCount
            let largest = UInt64.bitWidth - 1 - (range.upperBound - next).leadingZeroBitCount
            let level = min(alignment, largest)
            positions.append(SubtreePosition(level: level, index: next >> UInt64(level)))
            next += 1 << UInt64(level)
        }
        return positions
    }

    /// Hashes adjacent complete subtrees, given left to right, into the root of the tree that they end.
    static func fold(_ hashes: some BidirectionalCollection<Digest>) -> Digest? {
        guard var hash = hashes.last else { return nil }
        for left in hashes.dropLast().reversed() { hash = MerkleTree.nodeHash(left, hash) }
        return hash
    }
}
