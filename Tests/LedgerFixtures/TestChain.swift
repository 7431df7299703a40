package import Cryptography
package import LedgerProtocol
import Merkle
package import Model
package import TransparencyLog

/// A chain of final blocks, made as honest validators would make it.
package struct TestChain: Sendable {
    /// The network whose chain it is.
    package let network: TestNetwork
    /// What must be known to judge the next block.
    package private(set) var head: ChainHead
    /// The hash of every leaf.
    package private(set) var leaves: [Digest] = []
    /// All blocks, from height 1.
    package private(set) var blocks: [FinalBlock] = []
    /// The signers of validators that are not of the genesis file.
    package var newcomers: [Signer] = []

    /// Starts without blocks.
    package init(_ network: TestNetwork) {
        self.network = network
        head = ChainHead(network.genesis)
    }

    private var genesis: Genesis { network.genesis }

    /// The block that would be next.
    package func next(
        _ submissions: [Submission], changing change: (BlockEntry) -> BlockEntry = { $0 }
    ) throws -> FinalBlock {
        let ordered = FinalBlock.ordered(submissions)
        let blockEntry = change(
            BlockEntry(
                height: head.height.next, previous: head.hash, time: head.time.advanced(byMilliseconds: 10),
                validatorSet: head.network.validatorSetHash,
                nextValidatorSet: try GovernanceRules.nextState(
                    after: ordered, on: head.network, at: head.height.next
                ).validatorSetHash))
        let tree = FinalBlock.tree(after: head, submissions: ordered, blockEntry: blockEntry)
        let text = FinalBlock.checkpointText(origin: genesis.origin, tree: tree)
        let precommits = votes(
            .precommit, height: blockEntry.height, blockHash: FinalBlock.hash(ofCheckpointText: text))
        guard let certificate = Certificate.make(of: precommits, quorum: head.network.quorum) else {
            fatalError("all validators precommitted the same block")
        }
        return FinalBlock(
            blockEntry: blockEntry, checkpointText: text, certificate: certificate, submissions: ordered)
    }

    /// The votes of all validators for one thing.
    package func votes(
        _ step: VoteStep, height: BlockHeight, round: UInt32 = 0, blockHash: Digest?
    ) -> [Vote] {
        let signers = network.consensus + newcomers
        return head.network.validators.compactMap { validator in
            signers.first { $0.publicKey == validator.member.consensusKey }.map {
                Vote.make(
                    networkID: genesis.networkID, step: step, height: height, round: round,
                    blockHash: blockHash, validator: validator.index, signer: $0)
            }
        }
    }

    /// Makes and appends a block.
    package mutating func append(_ submissions: [Submission]) throws {
        let block = try next(submissions)
        head = try block.verify(after: head)
        leaves += block.submissions.flatMap(\.leafHashes) + [block.blockEntry.leafHash]
        blocks.append(block)
    }

    /// The cosignatures of all validators on the newest checkpoint.
    package func cosignatures() -> [ValidatorIndex: Cosignature] {
        let text = blocks.last?.checkpointText ?? ""
        return Dictionary(
            uniqueKeysWithValues: zip(genesis.initial.validatorIndices, network.cosignature).map {
                index, signer in
                let time = 1_795_374_001 + UInt64(index.value)
                return (index, Cosignature(signing: text, time: time, with: signer))
            })
    }

    /// The newest checkpoint, signed by the log and a quorum.
    package func note() throws -> SignedNote {
        let note = CheckpointNote.make(
            checkpointText: blocks.last?.checkpointText ?? "", cosignatures: cosignatures(),
            logSigner: network.log[0], network: genesis.initial)
        guard let note else { fatalError("all validators cosigned") }
        return note
    }

    /// The receipt record of a key in the newest block.
    package func record(of keyID: KeyID) throws -> ReceiptRecord {
        guard let block = blocks.last else { fatalError("a receipt needs a block") }
        let own = block.submissions.filter { $0.keyID == keyID }
        let before = block.submissions.prefix { $0.keyID != keyID }.reduce(0) { $0 + $1.entryCount }
        let blockLeafCount = block.submissions.reduce(1) { $0 + $1.entryCount }
        let first = leaves.count - blockLeafCount + before
        let range = try RangeProof.make(
            first: UInt64(first), count: UInt64(own.reduce(0) { $0 + $1.entryCount }),
            treeSize: UInt64(leaves.count)
        ) { level, index in
            let start = Int(index) << level
            return MerkleTree.root(ofLeafHashes: Array(leaves[start..<start + 1 << level]))
        }
        return ReceiptRecord(
            networkID: genesis.networkID, keyID: keyID, height: block.height,
            items: own.map { ReceiptRecord.Item($0) }, firstIndex: UInt64(first),
            nextSequence: (own.last?.sequence ?? 0) + 1, left: range.left, right: range.right,
            note: [UInt8](try note().encoded().utf8))
    }
}
