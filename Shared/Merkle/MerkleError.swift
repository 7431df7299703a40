/// Says why a Merkle proof was refused.
package enum MerkleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The leaf, or the range of leaves, does not lie within the tree.
    case outsideTree(index: UInt64, treeSize: UInt64)
    /// The newer tree is the smaller one, or the older tree is empty, which proves nothing.
    case sizesNotProvable(oldSize: UInt64, newSize: UInt64)
    /// The proof has not the number of hashes that the sizes demand.
    case wrongHashCount(expected: Int, found: Int)
    /// The range has not the number of leaves that it states.
    case wrongLeafCount(expected: UInt64, found: Int)
    /// The proof is for a tree of another size than the one that was signed.
    case treeSizeMismatch(expected: UInt64, found: UInt64)
    /// The proof leads to another root.
    case rootMismatch

    /// What does not fit and what to do next.
    package var description: String {
        switch self {
        case .outsideTree(let index, let treeSize):
            "leaf `\(index)` does not lie in a tree of size `\(treeSize)`; ask for a proof at a larger size"
        case .sizesNotProvable(let oldSize, let newSize):
            "no proof leads from size `\(oldSize)` to size `\(newSize)`; start from a smaller tree"
        case .wrongHashCount(let expected, let found):
            "the proof needs `\(expected)` hashes and has `\(found)`; ask for it again"
        case .wrongLeafCount(let expected, let found):
            "the range states `\(expected)` leaves and `\(found)` were given; take the leaves of that range"
        case .treeSizeMismatch(let expected, let found):
            "the proof is for size `\(found)` and the checkpoint states `\(expected)`; ask for that size"
        case .rootMismatch:
            "the proof does not lead to the expected root; do not trust what it was to prove"
        }
    }
}
