package import Cryptography
package import Merkle

/// The hashes of a tile with those of every complete subtree in it, so that a proof costs look-ups only.
package struct TileNodes: Sendable {
    // The hashes of the tile, then those of the pairs of them, and so on.
    private let nodes: [Digest]
    private let width: Int

    /// Computes what lies above the hashes; there must be 1 to 256.
    package init(_ hashes: [Digest]) {
        precondition((1...TilePath.fullWidth).contains(hashes.count), "a tile holds 1 to 256 hashes")
        width = hashes.count
        var nodes = hashes
        nodes.reserveCapacity(2 * hashes.count)
        var (start, count) = (0, hashes.count)
        while count > 1 {
            let next = start + count
            for left in stride(from: start, to: next - 1, by: 2) {
                nodes.append(MerkleTree.nodeHash(nodes[left], nodes[left + 1]))
            }
            (start, count) = (next, count >> 1)
        }
        self.nodes = nodes
    }

    /// The hashes of the tile itself.
    package var hashes: ArraySlice<Digest> { nodes[..<width] }

    /// The hash of a full tile as the level above holds it; nil when the tile is not full.
    package var root: Digest? { width == TilePath.fullWidth ? nodes.last : nil }

    /// Finds a complete subtree of this tile; nil when the tile is too narrow.
    ///
    /// Which tile holds a position is `TilePath.holding`'s to say.
    package func hash(of position: SubtreePosition) -> Digest? {
        let height = position.level % TilePath.height
        let offset = Int(position.index % UInt64(TilePath.fullWidth >> height))
        guard offset < width >> height else { return nil }
        let start = (0..<height).reduce(0) { $0 + width >> $1 }
        return nodes[start + offset]
    }
}
