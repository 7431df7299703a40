import Cryptography
import LedgerFixtures
import LedgerProtocol
import Merkle
import Model
import Testing
import TransparencyLog

/// Two histories of one network, signed by quorums that share validators 0 and 1 of four.
@Suite struct ForkEvidenceTests {
    let network: TestNetwork
    let left: TestChain
    let right: TestChain

    init() throws {
        network = try TestNetwork()
        (left, right) = (try Self.chain(network, salts: [1, 3]), try Self.chain(network, salts: [2, 4]))
    }

    private static func chain(_ network: TestNetwork, salts: [Int]) throws -> TestChain {
        var chain = TestChain(network)
        for (sequence, salt) in salts.enumerated() {
            let event = try network.disclosure(salt)
            try chain.append([
                try network.submission(by: .consent, sequence: UInt64(sequence), events: [event])
            ])
        }
        return chain
    }

    private var state: NetworkState { network.genesis.initial }
    private var history: NetworkHistory { NetworkHistory(network.genesis) }

    private func note(_ text: String, by cosigners: [Int]) throws -> SignedNote {
        let cosignatures = Dictionary(
            uniqueKeysWithValues: cosigners.map { index in
                (
                    ValidatorIndex(UInt16(index)),
                    Cosignature(signing: text, time: 1_795_374_001, with: network.cosignature[index])
                )
            })
        return try #require(
            CheckpointNote.make(
                checkpointText: text, cosignatures: cosignatures, logSigner: network.log[0],
                network: state))
    }

    private func certificate(_ block: FinalBlock, round: UInt32, by members: [Int]) throws -> Certificate {
        let votes = left.votes(.precommit, height: block.height, round: round, blockHash: block.blockHash)
        return try #require(
            Certificate.make(of: members.map { votes[$0] }, quorum: state.quorum))
    }

    /// Leads from the root of the first block to the second's.
    private func prefix(of chain: TestChain) throws -> ForkEvidence.Prefix {
        let leaves = chain.leaves
        let old = leaves.count / 2
        // Each block has one entry and its block entry, so the first is a complete subtree of the second.
        let proof = ConsistencyProof(
            oldSize: UInt64(old), newSize: UInt64(leaves.count),
            hashes: [MerkleTree.root(ofLeafHashes: Array(leaves[old...]))])
        return ForkEvidence.Prefix(
            root: MerkleTree.root(ofLeafHashes: Array(leaves[..<old])), proof: proof)
    }

    @Test func whoCosignedTwoRootsOfOneSizeIsNamed() throws {
        let (first, second) = (
            try note(left.blocks[0].checkpointText, by: [0, 1, 2]),
            try note(right.blocks[0].checkpointText, by: [0, 1, 3])
        )
        let evidence = try ForkEvidence(first, second, history: history)
        #expect(evidence.guilty == [ValidatorIndex(0), ValidatorIndex(1)])
        #expect(evidence.contradiction == .sameSize(2))
        #expect(evidence.guilty.count >= 2 * state.quorum - state.validators.count)
    }

    @Test func whoCosignedATreeAndAnotherPrefixOfItIsNamed() throws {
        let smaller = try note(left.blocks[0].checkpointText, by: [0, 1, 2])
        let later = try note(right.blocks[1].checkpointText, by: [0, 1, 3])
        let evidence = try ForkEvidence(
            smaller: smaller, later: later, prefix: prefix(of: right), history: history)
        #expect(evidence.guilty == [ValidatorIndex(0), ValidatorIndex(1)])
        #expect(evidence.contradiction == .otherPrefix(size: 2, of: 4))
    }

    @Test func aTrueContinuationIsNoFork() throws {
        let smaller = try note(left.blocks[0].checkpointText, by: [0, 1, 2])
        let later = try note(left.blocks[1].checkpointText, by: [0, 1, 3])
        let own = try prefix(of: left)
        #expect(throws: ProtocolFault.self) {
            try ForkEvidence(smaller: smaller, later: later, prefix: own, history: history)
        }
        // Nor can anybody be accused by a root that the proof does not lead from.
        let forged = ForkEvidence.Prefix(root: SHA256.hash([1]), proof: own.proof)
        #expect(throws: ProtocolFault.self) {
            try ForkEvidence(smaller: smaller, later: later, prefix: forged, history: history)
        }
        #expect(throws: ProtocolFault.self) { try ForkEvidence(smaller, smaller, history: history) }
    }

    @Test func aNoteWithoutItsQuorumProvesNothing() throws {
        let first = try note(left.blocks[0].checkpointText, by: [0, 1, 2])
        var second = try note(right.blocks[0].checkpointText, by: [0, 1, 3])
        second.signatures.removeLast()
        #expect(throws: ProtocolFault.self) { try ForkEvidence(first, second, history: history) }
    }

    @Test func whoPrecommittedTwoBlocksInOneRoundIsNamed() throws {
        let first = try certificate(left.blocks[0], round: 2, by: [0, 1, 2])
        let second = try certificate(right.blocks[0], round: 2, by: [0, 1, 3])
        let evidence = try ForkEvidence(first, second, history: history)
        #expect(evidence.guilty == [ValidatorIndex(0), ValidatorIndex(1)])
        #expect(evidence.contradiction == .sameRound(height: BlockHeight(1), round: 2))
        let later = try certificate(right.blocks[0], round: 3, by: [0, 1, 3])
        #expect(throws: ProtocolFault.self) { try ForkEvidence(first, later, history: history) }
        #expect(throws: ProtocolFault.self) { try ForkEvidence(first, first, history: history) }
    }
}
