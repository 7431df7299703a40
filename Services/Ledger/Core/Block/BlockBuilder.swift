package import Cryptography
package import LedgerProtocol
package import Merkle
package import Model

/// A block with everything that follows from its submissions and the chain before it.
package struct BuiltBlock: Hashable, Sendable {
    /// The last leaf.
    package let entry: BlockEntry
    /// The submissions by key id and sequence.
    package let submissions: [Submission]
    /// The header: a C2SP checkpoint without signatures.
    package let checkpointText: String
    /// SHA-256 of the header, by which the block is voted on.
    package let blockHash: Digest
    /// The index of the block's first leaf in the log.
    package let firstIndex: UInt64
    /// The frontier after the block.
    package let range: CompactRange
    /// The subtrees that the block completes.
    package let nodes: BlockNodes
    /// The network by which the block is judged.
    package let network: NetworkState
    /// The network after the block, another one when it holds a governance entry.
    package let next: NetworkState

    /// The number of leaves of the log after the block.
    package var treeSize: UInt64 { range.size }
    /// The height of the block.
    package var height: BlockHeight { entry.height }
    /// How many entries the block has, its own not counted.
    package var entryCount: Int { submissions.reduce(0) { $0 + $1.entryCount } }
    /// The head of the chain after the block.
    package var head: ChainHead {
        ChainHead(height: height, hash: blockHash, time: entry.time, tree: range, network: next)
    }
}

/// Builds blocks: the same submissions on the same chain give the same bytes on every validator.
package enum BlockBuilder {
    /// Orders the submissions, appends their entries and the block entry, and writes the header.
    ///
    /// - Parameter next: the network after the block, as the submissions change it.
    package static func build(
        on head: ChainHead, time: Timestamp, submissions: [Submission], next: NetworkState
    ) -> BuiltBlock {
        let ordered = FinalBlock.ordered(submissions)
        let entry = BlockEntry(
            height: head.height.next, previous: head.hash, time: time,
            validatorSet: head.network.validatorSetHash,
            nextValidatorSet: next.validatorSetHash)
        var range = head.tree
        var nodes = BlockNodes(before: head.tree)
        for submission in ordered {
            for leafHash in submission.leafHashes {
                range.append(leafHash) { nodes.add(level: $0, index: $1, hash: $2) }
            }
        }
        range.append(entry.leafHash) { nodes.add(level: $0, index: $1, hash: $2) }
        let text = FinalBlock.checkpointText(origin: head.network.origin, tree: range)
        return BuiltBlock(
            entry: entry, submissions: ordered, checkpointText: text,
            blockHash: FinalBlock.hash(ofCheckpointText: text), firstIndex: head.tree.size, range: range,
            nodes: nodes, network: head.network, next: next)
    }
}
