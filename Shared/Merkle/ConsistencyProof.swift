package import Cryptography

/// Proves that one tree is a prefix of another (RFC 6962, section 2.1.2).
package struct ConsistencyProof: Hashable, Sendable {
    /// The number of leaves of the older tree.
    package let oldSize: UInt64
    /// The number of leaves of the newer tree.
    package let newSize: UInt64
    /// The hashes that lead to both roots.
    package let hashes: [Digest]

    /// Takes a proof, not yet verified.
    package init(oldSize: UInt64, newSize: UInt64, hashes: [Digest]) {
        self.oldSize = oldSize
        self.newSize = newSize
        self.hashes = hashes
    }

    /// Checks that the proof leads to both roots.
    ///
    /// From an empty tree nothing can be proven, so the old size must be positive unless both are zero.
    /// - Throws: `MerkleError` that says what does not fit.
    package func verify(oldRoot: Digest, newRoot: Digest) throws(MerkleError) {
        if oldSize == newSize {
            guard hashes.isEmpty else { throw .wrongHashCount(expected: 0, found: hashes.count) }
            guard oldRoot == newRoot else { throw .rootMismatch }
            return
        }
        guard oldSize > 0, oldSize < newSize else {
            throw .sizesNotProvable(oldSize: oldSize, newSize: newSize)
        }
        let whole = Path(of: oldSize - 1, treeSize: newSize)
        // The proof starts from the largest complete subtree that ends the old tree. When that is the
        // old tree itself its root is known, so the proof leaves it out.
        let level = oldSize.trailingZeroBitCount
        let path = Path(innerCount: whole.innerCount - level, borderCount: whole.borderCount)
        let startsAtOldRoot = oldSize.nonzeroBitCount == 1
        let expected = path.hashCount + (startsAtOldRoot ? 0 : 1)
        guard hashes.count == expected else {
            throw .wrongHashCount(expected: expected, found: hashes.count)
        }
        let seed = startsAtOldRoot ? oldRoot : hashes[0]
        let rest = startsAtOldRoot ? hashes[...] : hashes.dropFirst()
        let bits = (oldSize - 1) >> UInt64(level)
        guard path.climbLeft(from: seed, through: rest, bits: bits) == oldRoot,
            path.climb(from: seed, through: rest, bits: bits) == newRoot
        else { throw .rootMismatch }
    }
}
