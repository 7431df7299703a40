package import Cryptography
package import Merkle
package import Model

/// What must be known of a chain to judge its next block.
package struct ChainHead: Hashable, Sendable {
    /// The height of the last final block; 0 before the first.
    package let height: BlockHeight
    /// The SHA-256 of its checkpoint text; before the first block the network id.
    package let hash: Digest
    /// Its time; before the first block when the genesis file was made.
    package let time: Timestamp
    /// The tree after it.
    package let tree: CompactRange
    /// The network as the next block is judged by it.
    package let network: NetworkState

    /// Takes the fields as they are.
    package init(
        height: BlockHeight, hash: Digest, time: Timestamp, tree: CompactRange, network: NetworkState
    ) {
        self.height = height
        self.hash = hash
        self.time = time
        self.tree = tree
        self.network = network
    }

    /// Gives the head of a network without blocks.
    package init(_ genesis: Genesis) {
        self.init(
            height: BlockHeight(0), hash: genesis.networkID, time: genesis.createdAt,
            tree: CompactRange(), network: genesis.initial)
    }
}
