package import Cryptography
import Merkle
import TransparencyLog

/// A full C2SP tile: 256 hashes of one level.
package struct FullTile: Hashable, Sendable {
    /// The level of tiles, 0 for leaf hashes.
    package let level: Int
    /// The place among the tiles of that level.
    package let index: UInt64
    /// The 256 hashes.
    package let hashes: [Digest]

    /// Joins the parts.
    package init(level: Int, index: UInt64, hashes: [Digest]) {
        self.level = level
        self.index = index
        self.hashes = hashes
    }
}

/// The tiles at the right edge of the tree that are not full yet, one a level.
package struct TileAccumulator: Hashable, Sendable {
    /// The hashes of each level's partial tile, fewer than 256.
    package private(set) var partials: [[Digest]]
    private var fullCounts: [UInt64]

    /// Starts with an empty tree.
    package init() {
        partials = []
        fullCounts = []
    }

    /// Takes the partial tiles of a tree of that size; nil when their widths do not fit it.
    package init?(treeSize: UInt64, partials: [[Digest]]) {
        let levels = TileAccumulator.levelCount(treeSize: treeSize)
        guard partials.count == levels else { return nil }
        for (level, partial) in partials.enumerated() {
            let width = TileAccumulator.partialWidth(level: level, treeSize: treeSize)
            guard partial.count == width else { return nil }
        }
        self.partials = partials
        fullCounts = (0..<levels).map {
            TileAccumulator.hashCount(level: $0, treeSize: treeSize) / UInt64(TilePath.fullWidth)
        }
    }

    /// How many hashes a level of tiles has in a tree of that size.
    package static func hashCount(level: Int, treeSize: UInt64) -> UInt64 {
        let shift = level * TilePath.height
        return shift < UInt64.bitWidth ? treeSize >> UInt64(shift) : 0
    }

    /// How many levels of tiles a tree of that size has.
    package static func levelCount(treeSize: UInt64) -> Int {
        (0...UInt64.bitWidth / TilePath.height).first { hashCount(level: $0, treeSize: treeSize) == 0 } ?? 0
    }

    /// How many hashes the partial tile of a level has.
    package static func partialWidth(level: Int, treeSize: UInt64) -> Int {
        Int(hashCount(level: level, treeSize: treeSize) % UInt64(TilePath.fullWidth))
    }

    /// Finds a complete subtree in the partial tiles; nil when it lies in a full one.
    package func node(level: Int, index: UInt64) -> Digest? {
        let tileLevel = level / TilePath.height
        guard partials.indices.contains(tileLevel) else { return nil }
        let tile = index >> UInt64(TilePath.height - level % TilePath.height)
        guard tile == fullCounts[tileLevel] else { return nil }
        return HashTile.hash(of: SubtreePosition(level: level, index: index), in: partials[tileLevel])
    }

    /// Adds what a block completes and gives the tiles that became full.
    package mutating func append(_ nodes: BlockNodes) -> [FullTile] {
        var full: [FullTile] = []
        var level = 0
        while let added = nodes.added(level: level * TilePath.height) {
            if level == partials.count {
                partials.append([])
                fullCounts.append(0)
            }
            for hash in added.hashes {
                partials[level].append(hash)
                guard partials[level].count == TilePath.fullWidth else { continue }
                full.append(FullTile(level: level, index: fullCounts[level], hashes: partials[level]))
                partials[level].removeAll(keepingCapacity: true)
                fullCounts[level] += 1
            }
            level += 1
        }
        return full
    }
}
