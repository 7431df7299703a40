import Cryptography
import Merkle
import Testing

struct TreeTests {
    static let sizes = Array(0...70)

    @Test func theEmptyRootIsTheHashOfNothing() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(MerkleTree.emptyRoot.hex == expected)
        #expect(CompactRange().root().hex == expected)
        #expect(MerkleTree.root(ofLeafHashes: []).hex == expected)
    }

    @Test(arguments: sizes)
    func rootsAgreeWithTheDefinition(size: Int) {
        let tree = NaiveTree(size: size)
        let expected = tree.root(0..<size)
        var range = CompactRange()
        for leaf in tree.leaves { range.append(leaf) }
        #expect(MerkleTree.root(ofLeafHashes: tree.leaves) == expected)
        #expect(range.root() == expected)
        #expect(range.hashes.count == UInt64(size).nonzeroBitCount)
        #expect(CompactRange(size: range.size, hashes: range.hashes) == range)
        #expect(CompactRange(size: range.size, hashes: range.hashes + [.zero]) == nil)
    }

    @Test func appendingReportsEachCompletedSubtreeOnce() {
        let tree = NaiveTree(size: 70)
        var range = CompactRange()
        var reported: [SubtreePosition: Digest] = [:]
        var wrong: [SubtreePosition] = []
        for leaf in tree.leaves {
            range.append(leaf) { level, index, hash in
                let position = SubtreePosition(level: level, index: index)
                let expected = try? tree.node(level, index)
                if hash != expected || reported.updateValue(hash, forKey: position) != nil {
                    wrong.append(position)
                }
            }
        }
        let expectedCount = (0...6).map { 70 >> $0 }.reduce(0, +)
        #expect(wrong.isEmpty)
        #expect(reported.count == expectedCount)
    }

    @Test(arguments: sizes)
    func inclusionProofsAgreeWithTheDefinition(size: Int) throws {
        let tree = NaiveTree(size: size)
        let root = tree.root(0..<size)
        var wrong: [Int] = []
        for leaf in 0..<size {
            let proof = try ProofBuilder.inclusion(
                index: UInt64(leaf), treeSize: UInt64(size), node: tree.node)
            try proof.verify(leafHash: tree.leaves[leaf], root: root)
            if proof.hashes != tree.path(leaf, in: 0..<size) { wrong.append(leaf) }
        }
        #expect(wrong.isEmpty)
        #expect(throws: MerkleError.self) {
            try ProofBuilder.inclusion(index: UInt64(size), treeSize: UInt64(size), node: tree.node)
        }
    }

    @Test(arguments: sizes)
    func consistencyProofsAgreeWithTheDefinition(size: Int) throws {
        let tree = NaiveTree(size: size)
        let root = tree.root(0..<size)
        var wrong: [Int] = []
        for old in 0...size {
            let proof = try ProofBuilder.consistency(
                oldSize: UInt64(old), newSize: UInt64(size), node: tree.node)
            let expected = old == 0 ? [] : tree.consistency(old, size)
            if proof.hashes != expected { wrong.append(old) }
            if old > 0 { try proof.verify(oldRoot: tree.root(0..<old), newRoot: root) }
        }
        #expect(wrong.isEmpty)
        #expect(throws: MerkleError.self) {
            try ProofBuilder.consistency(oldSize: UInt64(size) + 1, newSize: UInt64(size), node: tree.node)
        }
    }

    /// The largest sizes must be refused or computed, never trap.
    @Test(arguments: [.max, .max - 1, 0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF] as [UInt64])
    func hugeSizesAreRefusedWithoutTrapping(size: UInt64) {
        let inclusion = InclusionProof(leafIndex: size - 1, treeSize: size, hashes: [])
        let consistency = ConsistencyProof(oldSize: size - 1, newSize: size, hashes: [])
        let range = RangeProof(first: size - 1, count: 1, treeSize: size, left: [], right: [])
        let beyond = RangeProof(first: size, count: size, treeSize: size, left: [], right: [])
        #expect(throws: MerkleError.self) { try inclusion.root(leafHash: .zero) }
        #expect(throws: MerkleError.self) { try consistency.verify(oldRoot: .zero, newRoot: .zero) }
        #expect(throws: MerkleError.self) { try range.root(leafHashes: [.zero]) }
        #expect(throws: MerkleError.self) { try beyond.root(leafHashes: []) }
    }

    @Test(arguments: [1, 2, 3, 6, 7, 8, 11])
    func changedInclusionProofsAreRefused(size: Int) throws {
        let tree = NaiveTree(size: size)
        let root = tree.root(0..<size)
        var accepted: [InclusionProof] = []
        for leaf in 0..<size {
            let good = tree.path(leaf, in: 0..<size)
            let changed = changes(of: good)
            for hashes in changed {
                let proof = InclusionProof(leafIndex: UInt64(leaf), treeSize: UInt64(size), hashes: hashes)
                if (try? proof.verify(leafHash: tree.leaves[leaf], root: root)) != nil {
                    accepted.append(proof)
                }
            }
            for other in 0..<UInt64(size) where other != UInt64(leaf) {
                let proof = InclusionProof(leafIndex: other, treeSize: UInt64(size), hashes: good)
                if (try? proof.verify(leafHash: tree.leaves[leaf], root: root)) != nil {
                    accepted.append(proof)
                }
            }
        }
        #expect(accepted.isEmpty)
    }

    @Test(arguments: [2, 3, 6, 7, 8, 11])
    func changedConsistencyProofsAreRefused(size: Int) {
        let tree = NaiveTree(size: size)
        let root = tree.root(0..<size)
        var accepted: [ConsistencyProof] = []
        for old in 1..<size {
            let oldRoot = tree.root(0..<old)
            for hashes in changes(of: tree.consistency(old, size)) {
                let proof = ConsistencyProof(oldSize: UInt64(old), newSize: UInt64(size), hashes: hashes)
                if (try? proof.verify(oldRoot: oldRoot, newRoot: root)) != nil { accepted.append(proof) }
            }
        }
        #expect(accepted.isEmpty)
    }
}

/// Gives proofs that differ from the good one by a hash changed, taken out, put in or exchanged.
func changes(of hashes: [Digest]) -> [[Digest]] {
    var changed = [hashes + [.zero], [.zero] + hashes]
    for index in hashes.indices {
        var bytes = hashes[index].bytes
        bytes[index % 32] ^= 1
        changed.append(hashes.enumerated().map { $0 == index ? Digest(bytes) ?? .zero : $1 })
        changed.append(Array(hashes[..<index] + hashes[(index + 1)...]))
        if index > 0 {
            var exchanged = hashes
            exchanged.swapAt(index - 1, index)
            changed.append(exchanged)
        }
    }
    return changed
}
