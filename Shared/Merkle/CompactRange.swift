package import Cryptography

/// Holds the frontier of a tree: the hashes of its largest complete subtrees, left to right.
///
/// It is all that appending needs, at most 64 hashes for any size.
package struct CompactRange: Hashable, Sendable {
    /// The number of leaves.
    package private(set) var size: UInt64
    /// One hash for every bit that is set in the size, the largest subtree first.
    package private(set) var hashes: [Digest]

    /// Starts the empty tree.
    package init() {
        size = 0
        hashes = []
    }

    /// Takes a stored frontier; nil when the number of hashes does not fit the size.
    package init?(size: UInt64, hashes: [Digest]) {
        guard hashes.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.hashes = hashes
    }

    /// Appends one leaf.
    package mutating func append(_ leafHash: Digest) {
        append(leafHash, visit: { _, _, _ in })
    }

    /// Appends one leaf and reports each subtree that it completes, the leaf itself first.
    package mutating func append(
        _ leafHash: Digest, visit: (_ level: Int, _ index: UInt64, _ hash: Digest) -> Void
    ) {
        append(leafHash, level: 0, visit: visit)
    }

    /// Gives the root of the tree of this size.
    package func root() -> Digest { SubtreePosition.fold(hashes) ?? MerkleTree.emptyRoot }

    /// Appends a complete subtree; the size must be a multiple of the subtree's leaf count.
    mutating func append(
        _ subtreeHash: Digest, level: Int, visit: (_ level: Int, _ index: UInt64, _ hash: Digest) -> Void
    ) {
        var level = level
        var index = size >> UInt64(level)
        var hash = subtreeHash
        size += 1 << UInt64(level)
        visit(level, index, hash)
        // An odd place has its left neighbour at the end of the frontier; the two complete their parent.
        while index & 1 == 1 {
            hash = MerkleTree.nodeHash(hashes.removeLast(), hash)
            level += 1
            index >>= 1
            visit(level, index, hash)
        }
        hashes.append(hash)
    }
}
