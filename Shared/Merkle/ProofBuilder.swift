package import Cryptography

/// Builds proofs from the complete subtrees of a stored tree.
///
/// `node` gives the hash of the complete subtree at a level and index; it is asked only for subtrees
/// that lie wholly in the tree. A caller whose store answers asynchronously takes the `…Positions`
/// first, loads those and then builds.
package enum ProofBuilder {
    /// Builds the proof that a leaf is in the tree of that size.
    ///
    /// - Throws: `MerkleError.outsideTree`, or what `node` throws.
    package static func inclusion(
        index: UInt64, treeSize: UInt64, node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> InclusionProof {
        guard index < treeSize else { throw MerkleError.outsideTree(index: index, treeSize: treeSize) }
        let start = SubtreePosition(level: 0, index: index)
        let hashes = try neighbours(above: start, treeSize: treeSize, node: node)
        return InclusionProof(leafIndex: index, treeSize: treeSize, hashes: hashes)
    }

    /// Builds the proof that the tree of the old size is a prefix of the tree of the new size.
    ///
    /// It is empty when the old tree is empty or both are the same.
    /// - Throws: `MerkleError.sizesNotProvable` when the old size is larger, or what `node` throws.
    package static func consistency(
        oldSize: UInt64, newSize: UInt64, node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> ConsistencyProof {
        guard oldSize <= newSize else {
            throw MerkleError.sizesNotProvable(oldSize: oldSize, newSize: newSize)
        }
        guard oldSize > 0, oldSize < newSize else {
            return ConsistencyProof(oldSize: oldSize, newSize: newSize, hashes: [])
        }
        let level = oldSize.trailingZeroBitCount
        let start = SubtreePosition(level: level, index: (oldSize - 1) >> UInt64(level))
        var hashes: [Digest] = []
        if oldSize.nonzeroBitCount > 1 { hashes.append(try node(start.level, start.index)) }
        hashes += try neighbours(above: start, treeSize: newSize, node: node)
        return ConsistencyProof(oldSize: oldSize, newSize: newSize, hashes: hashes)
    }

    /// Names the subtrees that `inclusion` asks for.
    ///
    /// - Throws: `MerkleError.outsideTree`.
    package static func inclusionPositions(index: UInt64, treeSize: UInt64) throws -> [SubtreePosition] {
        try positions { _ = try inclusion(index: index, treeSize: treeSize, node: $0) }
    }

    /// Names the subtrees that `consistency` asks for.
    ///
    /// - Throws: `MerkleError.sizesNotProvable`.
    package static func consistencyPositions(oldSize: UInt64, newSize: UInt64) throws -> [SubtreePosition] {
        try positions { _ = try consistency(oldSize: oldSize, newSize: newSize, node: $0) }
    }

    /// Names the subtrees that `RangeProof.make` asks for.
    ///
    /// - Throws: `MerkleError.outsideTree`.
    package static func rangePositions(
        first: UInt64, count: UInt64, treeSize: UInt64
    ) throws -> [SubtreePosition] {
        try positions { _ = try RangeProof.make(first: first, count: count, treeSize: treeSize, node: $0) }
    }

    private static func positions(
        _ build: ((_ level: Int, _ index: UInt64) throws -> Digest) throws -> Void
    ) throws -> [SubtreePosition] {
        var positions: [SubtreePosition] = []
        try build { level, index in
            positions.append(SubtreePosition(level: level, index: index))
            return .zero
        }
        return positions
    }

    /// Gives the hashes beside the way from a complete subtree up to the root.
    private static func neighbours(
        above start: SubtreePosition, treeSize: UInt64,
        node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> [Digest] {
        let lastIndex = (treeSize - 1) >> UInt64(start.level)
        var index = start.index
        var level = start.level
        var hashes: [Digest] = []
        var last = lastIndex
        while last > 0 {
            let neighbour = index ^ 1
            if neighbour < last {
                hashes.append(try node(level, neighbour))
            } else if neighbour == last {
                hashes.append(try rightBorder(level: level, index: neighbour, treeSize: treeSize, node: node))
            }
            index >>= 1
            last >>= 1
            level += 1
        }
        return hashes
    }

    /// Gives the hash of the last subtree of a level, which need not be complete.
    private static func rightBorder(
        level: Int, index: UInt64, treeSize: UInt64,
        node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> Digest {
        let cover = SubtreePosition.cover(index << UInt64(level)..<treeSize)
        let hashes = try cover.map { try node($0.level, $0.index) }
        // INVARIANT: the last subtree of a level holds the last leaf, so its cover is not empty.
        guard let hash = SubtreePosition.fold(hashes) else { preconditionFailure("a border without leaves") }
        return hash
    }
}
