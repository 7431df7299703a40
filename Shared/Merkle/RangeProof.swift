package import Cryptography

/// Proves that a run of leaves is in a tree, with the complete subtrees to its left and to its right.
///
/// Whoever holds the leaves derives the root, and the inclusion proof of every one of them, from this
/// alone.
package struct RangeProof: Hashable, Sendable {
    /// The place of the first leaf, from 0.
    package let first: UInt64
    /// The number of leaves, at least 1.
    package let count: UInt64
    /// The number of leaves of the tree.
    package let treeSize: UInt64
    /// The hashes of the largest complete subtrees before the range, left to right.
    package let left: [Digest]
    /// The hashes of the largest complete subtrees after the range, left to right.
    package let right: [Digest]

    /// Takes a proof, not yet verified.
    package init(first: UInt64, count: UInt64, treeSize: UInt64, left: [Digest], right: [Digest]) {
        self.first = first
        self.count = count
        self.treeSize = treeSize
        self.left = left
        self.right = right
    }

    /// Builds the proof from the complete subtrees of a stored tree.
    ///
    /// - Throws: `MerkleError.outsideTree`, or what `node` throws.
    package static func make(
        first: UInt64, count: UInt64, treeSize: UInt64,
        node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> RangeProof {
        let end = try end(first: first, count: count, treeSize: treeSize)
        let left = try SubtreePosition.cover(0..<first).map { try node($0.level, $0.index) }
        let right = try SubtreePosition.cover(end..<treeSize).map { try node($0.level, $0.index) }
        return RangeProof(first: first, count: count, treeSize: treeSize, left: left, right: right)
    }

    /// Gives the root to which the proof leads from the leaves of the range.
    ///
    /// - Throws: `MerkleError` when the range, the leaves or the hashes do not fit each other.
    package func root(leafHashes: [Digest]) throws(MerkleError) -> Digest {
        try rebuild(leafHashes, visit: { _, _, _ in })
    }

    /// Checks that the proof leads from the leaves to the root, and gives the range as proven.
    ///
    /// A root does not tell its tree's size: compare `treeSize` with the size that was signed together
    /// with the root.
    /// - Throws: `MerkleError` that says what does not fit.
    package func verify(leafHashes: [Digest], root: Digest) throws(MerkleError) -> ProvenRange {
        var nodes: [SubtreePosition: Digest] = [:]
        nodes.reserveCapacity(leafHashes.count * 2 + left.count + right.count)
        for (position, hash) in zip(SubtreePosition.cover(0..<first), left) { nodes[position] = hash }
        let found = try rebuild(leafHashes) { level, index, hash in
            nodes[SubtreePosition(level: level, index: index)] = hash
        }
        guard found == root else { throw .rootMismatch }
        return ProvenRange(proof: self, nodes: nodes)
    }

    /// Derives the inclusion proof of one leaf, counted from the first of the range.
    ///
    /// It leads to `root(leafHashes:)`, which the caller compares with a root that it trusts. For many
    /// leaves of a range `verify` and `ProvenRange` hash only once.
    /// - Throws: `MerkleError` when the range, the leaves or the hashes do not fit each other.
    package func inclusionProof(
        at offset: Int, leafHashes: [Digest]
    ) throws(MerkleError) -> InclusionProof {
        try verify(leafHashes: leafHashes, root: root(leafHashes: leafHashes)).inclusionProof(at: offset)
    }

    private static func end(first: UInt64, count: UInt64, treeSize: UInt64) throws(MerkleError) -> UInt64 {
        let (end, overflow) = first.addingReportingOverflow(count)
        guard !overflow, count > 0, end <= treeSize else {
            throw .outsideTree(index: first, treeSize: treeSize)
        }
        return end
    }

    /// Appends the range and what is to its right to the frontier on its left.
    private func rebuild(
        _ leafHashes: [Digest], visit: (_ level: Int, _ index: UInt64, _ hash: Digest) -> Void
    ) throws(MerkleError) -> Digest {
        let end = try RangeProof.end(first: first, count: count, treeSize: treeSize)
        guard UInt64(leafHashes.count) == count else {
            throw .wrongLeafCount(expected: count, found: leafHashes.count)
        }
        let rightCover = SubtreePosition.cover(end..<treeSize)
        guard var frontier = CompactRange(size: first, hashes: left), right.count == rightCover.count else {
            throw .wrongHashCount(
                expected: first.nonzeroBitCount + rightCover.count, found: left.count + right.count)
        }
        for leafHash in leafHashes { frontier.append(leafHash, visit: visit) }
        for (position, hash) in zip(rightCover, right) {
            frontier.append(hash, level: position.level, visit: visit)
        }
        return frontier.root()
    }
}

/// Holds a range of leaves that was proven to be in a tree, and gives the inclusion proof of each.
package struct ProvenRange: Sendable {
    private let proof: RangeProof
    // Every complete subtree beside the way from a leaf of the range to the root: those the proof
    // carries and those that appending the range completed.
    private let nodes: [SubtreePosition: Digest]

    init(proof: RangeProof, nodes: [SubtreePosition: Digest]) {
        self.proof = proof
        self.nodes = nodes
    }

    /// Gives the inclusion proof of one leaf, counted from the first of the range.
    ///
    /// - Throws: `MerkleError.outsideTree` when the range has no such leaf.
    package func inclusionProof(at offset: Int) throws(MerkleError) -> InclusionProof {
        guard let offset = UInt64(exactly: offset), offset < proof.count else {
            throw .outsideTree(index: proof.first, treeSize: proof.treeSize)
        }
        do {
            return try ProofBuilder.inclusion(index: proof.first + offset, treeSize: proof.treeSize) {
                // INVARIANT: a complete subtree beside the way overlaps the range or is one that the
                // proof carries.
                guard let node = nodes[SubtreePosition(level: $0, index: $1)] else {
                    preconditionFailure("a subtree beside a proven range is missing")
                }
                return node
            }
        } catch {
            throw .outsideTree(index: proof.first + offset, treeSize: proof.treeSize)
        }
    }
}
