import Cryptography
import Merkle

/// The recursive definitions of RFC 6962, section 2.1, written as they stand there.
struct NaiveTree {
    let leaves: [Digest]

    init(size: Int) {
        leaves = (0..<size).map { MerkleTree.leafHash([UInt8]("leaf \($0)".utf8)) }
    }

    static func split(_ count: Int) -> Int {
        var half = 1
        while half * 2 < count { half *= 2 }
        return half
    }

    func root(_ range: Range<Int>) -> Digest {
        if range.isEmpty { return SHA256.hash([]) }
        if range.count == 1 { return leaves[range.lowerBound] }
        let middle = range.lowerBound + NaiveTree.split(range.count)
        let (left, right) = (root(range.lowerBound..<middle), root(middle..<range.upperBound))
        return SHA256.hash([1] + left.bytes + right.bytes)
    }

    /// PATH(m, D[n]).
    func path(_ leaf: Int, in range: Range<Int>) -> [Digest] {
        if range.count == 1 { return [] }
        let middle = range.lowerBound + NaiveTree.split(range.count)
        if leaf < middle {
            return path(leaf, in: range.lowerBound..<middle) + [root(middle..<range.upperBound)]
        }
        return path(leaf, in: middle..<range.upperBound) + [root(range.lowerBound..<middle)]
    }

    /// PROOF(m, D[n]).
    func consistency(_ old: Int, _ new: Int) -> [Digest] { subproof(old, 0..<new, true) }

    private func subproof(_ old: Int, _ range: Range<Int>, _ known: Bool) -> [Digest] {
        if old == range.count { return known ? [] : [root(range)] }
        let half = NaiveTree.split(range.count)
        let middle = range.lowerBound + half
        if old <= half {
            return subproof(old, range.lowerBound..<middle, known) + [root(middle..<range.upperBound)]
        }
        return subproof(old - half, middle..<range.upperBound, false) + [root(range.lowerBound..<middle)]
    }

    /// The complete subtree at a level and index; fails the builder when it does not lie in the tree.
    func node(_ level: Int, _ index: UInt64) throws -> Digest {
        let first = Int(index) << level
        let end = first + (1 << level)
        guard end <= leaves.count else {
            throw MerkleError.outsideTree(index: index, treeSize: UInt64(leaves.count))
        }
        return root(first..<end)
    }
}
