import Cryptography
import Merkle
import Testing

struct RangeProofTests {
    private static func ranges(in size: Int) -> [Range<Int>] {
        // All ranges of small trees; of larger ones those that touch the places where subtrees end.
        let step = size <= 24 ? 1 : 5
        return stride(from: 0, to: size, by: step).flatMap { first in
            stride(from: first + 1, through: size, by: step).map { first..<$0 }
        }
    }

    @Test(arguments: Array(1...70))
    func everyRangeLeadsToTheRoot(size: Int) throws {
        let tree = NaiveTree(size: size)
        let root = tree.root(0..<size)
        var wrong: [Range<Int>] = []
        for range in RangeProofTests.ranges(in: size) {
            let proof = try RangeProof.make(
                first: UInt64(range.lowerBound), count: UInt64(range.count), treeSize: UInt64(size),
                node: tree.node)
            let leaves = Array(tree.leaves[range])
            let proven = try proof.verify(leafHashes: leaves, root: root)
            for offset in 0..<range.count {
                let inclusion = try proven.inclusionProof(at: offset)
                let expected = tree.path(range.lowerBound + offset, in: 0..<size)
                if inclusion.hashes != expected { wrong.append(range) }
            }
            if try proof.root(leafHashes: leaves) != root { wrong.append(range) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func oneLeafOfARangeIsProvenFromTheLeavesAlone() throws {
        let tree = NaiveTree(size: 45)
        let proof = try RangeProof.make(first: 13, count: 20, treeSize: 45, node: tree.node)
        let inclusion = try proof.inclusionProof(at: 7, leafHashes: Array(tree.leaves[13..<33]))
        #expect(inclusion.leafIndex == 20)
        #expect(inclusion.hashes == tree.path(20, in: 0..<45))
        try inclusion.verify(leafHash: tree.leaves[20], root: tree.root(0..<45))
        #expect(throws: MerkleError.self) {
            try proof.inclusionProof(at: 20, leafHashes: Array(tree.leaves[13..<33]))
        }
        #expect(throws: MerkleError.self) {
            try proof.inclusionProof(at: -1, leafHashes: Array(tree.leaves[13..<33]))
        }
    }

    @Test func changedRangeProofsAreRefused() throws {
        let tree = NaiveTree(size: 45)
        let root = tree.root(0..<45)
        let leaves = Array(tree.leaves[13..<33])
        let good = try RangeProof.make(first: 13, count: 20, treeSize: 45, node: tree.node)
        let left = changes(of: good.left).map {
            RangeProof(first: 13, count: 20, treeSize: 45, left: $0, right: good.right)
        }
        let right = changes(of: good.right).map {
            RangeProof(first: 13, count: 20, treeSize: 45, left: good.left, right: $0)
        }
        let moved = [(12, 20, 45), (14, 20, 45), (13, 19, 45), (13, 21, 45), (13, 20, 44), (13, 20, 47)].map {
            RangeProof(first: $0, count: $1, treeSize: $2, left: good.left, right: good.right)
        }
        let accepted = (left + right + moved).filter {
            (try? $0.verify(leafHashes: leaves, root: root)) != nil
        }
        let changedLeaves = changes(of: leaves).filter {
            (try? good.verify(leafHashes: $0, root: root)) != nil
        }
        #expect(accepted.isEmpty)
        #expect(changedLeaves.isEmpty)
    }

    @Test(arguments: [(0, 0, 5), (5, 1, 5), (4, 2, 5), (0, 6, 5), (6, 1, 5)] as [(UInt64, UInt64, UInt64)])
    func rangesOutsideTheTreeAreRefused(first: UInt64, count: UInt64, treeSize: UInt64) {
        let tree = NaiveTree(size: 5)
        #expect(throws: MerkleError.self) {
            try RangeProof.make(first: first, count: count, treeSize: treeSize, node: tree.node)
        }
    }

    @Test func positionsAreThoseThatTheBuildersAskFor() throws {
        let tree = NaiveTree(size: 45)
        let inclusion = try ProofBuilder.inclusionPositions(index: 20, treeSize: 45)
        let consistency = try ProofBuilder.consistencyPositions(oldSize: 13, newSize: 45)
        let range = try ProofBuilder.rangePositions(first: 13, count: 20, treeSize: 45)
        let known = Dictionary(
            uniqueKeysWithValues: try Set(inclusion + consistency + range).map {
                ($0, try tree.node($0.level, $0.index))
            })
        func node(_ level: Int, _ index: UInt64) throws -> Digest {
            try #require(known[SubtreePosition(level: level, index: index)])
        }
        let built = try ProofBuilder.inclusion(index: 20, treeSize: 45, node: node)
        let link = try ProofBuilder.consistency(oldSize: 13, newSize: 45, node: node)
        let around = try RangeProof.make(first: 13, count: 20, treeSize: 45, node: node)
        #expect(built.hashes == tree.path(20, in: 0..<45))
        #expect(link.hashes == tree.consistency(13, 45))
        #expect(around.left.count + around.right.count == range.count)
    }

    @Test func coversAreAlignedAndAdjacent() {
        var wrong: [Range<UInt64>] = []
        for end in UInt64(0)...64 {
            for begin in 0...end {
                var next = begin
                for position in SubtreePosition.cover(begin..<end) where position.firstLeaf == next {
                    next += 1 << UInt64(position.level)
                }
                if next != end { wrong.append(begin..<end) }
            }
        }
        let whole = SubtreePosition.cover(0..<UInt64.max)
        #expect(wrong.isEmpty)
        #expect(whole.count == 64)
    }
}
