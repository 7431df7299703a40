package import Cryptography
package import Merkle

/// The complete subtrees that a block adds to the tree, and those at the edge of the tree before it.
///
/// That is all that proofs of a block's own entries need, so that receipts are made without reading the
/// store.
package struct BlockNodes: Hashable, Sendable {
    /// The frontier before the block.
    package let before: CompactRange
    // For each level the index of the first new subtree and the new ones in their order.
    private var firstIndices: [UInt64] = []
    private var hashes: [[Digest]] = []

    /// Starts a block on a tree.
    package init(before: CompactRange) { self.before = before }

    /// Takes a subtree that the block completes, as `CompactRange.append` reports them.
    mutating func add(level: Int, index: UInt64, hash: Digest) {
        if level == hashes.count {
            firstIndices.append(index)
            hashes.append([])
        }
        hashes[level].append(hash)
    }

    /// The new subtrees of a level and the index of the first of them; nil when there are none.
    package func added(level: Int) -> (firstIndex: UInt64, hashes: [Digest])? {
        hashes.indices.contains(level) ? (firstIndices[level], hashes[level]) : nil
    }

    /// Finds a complete subtree; nil when it is neither new nor at the edge.
    package func node(level: Int, index: UInt64) -> Digest? {
        if let (firstIndex, hashes) = added(level: level), index >= firstIndex {
            let offset = index - firstIndex
            return offset < UInt64(hashes.count) ? hashes[Int(offset)] : nil
        }
        // The frontier has one subtree for each bit of the size, the largest first.
        let size = before.size
        guard level < UInt64.bitWidth, size >> UInt64(level) & 1 == 1, index == size >> UInt64(level) - 1
        else {
            return nil
        }
        let larger = level + 1 < UInt64.bitWidth ? (size >> UInt64(level + 1)).nonzeroBitCount : 0
        return before.hashes[larger]
    }
}
