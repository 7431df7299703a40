package import Cryptography

/// Proves that a leaf is in a tree (RFC 6962, section 2.1.1).
package struct InclusionProof: Hashable, Sendable {
    /// The place of the leaf, from 0.
    package let leafIndex: UInt64
    /// The number of leaves of the tree.
    package let treeSize: UInt64
    /// The hashes from the leaf's neighbour up to a child of the root.
    package let hashes: [Digest]

    /// Takes a proof, not yet verified.
    package init(leafIndex: UInt64, treeSize: UInt64, hashes: [Digest]) {
        self.leafIndex = leafIndex
        self.treeSize = treeSize
        self.hashes = hashes
    }

    /// Checks that the proof leads from the leaf to the root.
    ///
    /// - Throws: `MerkleError` that says what does not fit.
    package func verify(leafHash: Digest, root: Digest) throws(MerkleError) {
        guard try self.root(leafHash: leafHash) == root else { throw .rootMismatch }
    }

    /// Gives the root to which the proof leads from the leaf.
    ///
    /// - Throws: `MerkleError` when the leaf is outside the tree or the number of hashes is wrong.
    package func root(leafHash: Digest) throws(MerkleError) -> Digest {
        guard leafIndex < treeSize else { throw .outsideTree(index: leafIndex, treeSize: treeSize) }
        let path = Path(of: leafIndex, treeSize: treeSize)
        guard hashes.count == path.hashCount else {
            throw .wrongHashCount(expected: path.hashCount, found: hashes.count)
        }
        return path.climb(from: leafHash, through: hashes[...], bits: leafIndex)
    }
}

/// Describes the way from one leaf up to the root.
///
/// Up to `innerCount` levels the way is within the subtrees left and right of which there are leaves;
/// above, it runs along the tree's right border, where only left neighbours exist.
struct Path {
    let innerCount: Int
    let borderCount: Int

    var hashCount: Int { innerCount + borderCount }

    /// The leaf must lie in the tree.
    init(of leafIndex: UInt64, treeSize: UInt64) {
        innerCount = UInt64.bitWidth - (leafIndex ^ (treeSize - 1)).leadingZeroBitCount
        borderCount = (leafIndex >> UInt64(innerCount)).nonzeroBitCount
    }

    /// Hashes up to the root; a set bit says that the neighbour of that level is on the left.
    func climb(from seed: Digest, through hashes: ArraySlice<Digest>, bits: UInt64) -> Digest {
        var hash = seed
        for (level, neighbour) in hashes.prefix(innerCount).enumerated() {
            let neighbourIsLeft = (bits >> UInt64(level)) & 1 == 1
            hash =
                neighbourIsLeft ? MerkleTree.nodeHash(neighbour, hash) : MerkleTree.nodeHash(hash, neighbour)
        }
        for neighbour in hashes.dropFirst(innerCount) { hash = MerkleTree.nodeHash(neighbour, hash) }
        return hash
    }

    /// Hashes up with left neighbours only, which gives the root of the tree that ends at the seed.
    func climbLeft(from seed: Digest, through hashes: ArraySlice<Digest>, bits: UInt64) -> Digest {
        var hash = seed
        for (level, neighbour) in hashes.prefix(innerCount).enumerated()
        where (bits >> UInt64(level)) & 1 == 1 {
            hash = MerkleTree.nodeHash(neighbour, hash)
        }
        for neighbour in hashes.dropFirst(innerCount) { hash = MerkleTree.nodeHash(neighbour, hash) }
        return hash
    }

    init(innerCount: Int, borderCount: Int) {
        self.innerCount = innerCount
        self.borderCount = borderCount
    }
}
