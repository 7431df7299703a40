import Cryptography
import LedgerCore
import Merkle
import Model
import Postgres
import Synchronization
import TransparencyLog

/// Finds complete subtrees of the stored tree and believes no tile that does not lead to its edge.
///
/// The edge is in memory and was held against a cosigned root, so a tile is verified by the one above it, up
/// to the edge: at most eight tiles. What was verified is kept, within bounds.
final class VerifiedTiles: Sendable {
    private struct Place: Hashable {
        let level: Int
        let index: UInt64
    }

    /// Two generations: when the younger is full the older is forgotten, and what is used moves over.
    private struct Cache {
        var young: [Place: [Digest]] = [:]
        var old: [Place: [Digest]] = [:]
    }

    // A tile takes 8 KiB, so both generations together take at most 16 MiB; the tiles above the leaves of
    // ten million entries are 154.
    private static let generationTilesMax = 1_024

    private let cache = Mutex(Cache())

    /// The hash of a complete subtree within the stored tree.
    ///
    /// - Throws: `StoreFault` with a halt when what is stored does not lead to the edge; `PostgresFault`.
    func node(
        level: Int, index: UInt64, in view: PublishedLog.View, _ session: PostgresSession
    ) throws -> Digest {
        if let hash = view.edge.node(level: level, index: index) { return hash }
        let tileIndex = index >> UInt64(TilePath.height - level % TilePath.height)
        let hashes = try tile(level: level / TilePath.height, index: tileIndex, in: view, session)
        guard let hash = HashTile.hash(of: SubtreePosition(level: level, index: index), in: hashes) else {
            preconditionFailure("a full tile lacks one of its subtrees")
        }
        return hash
    }

    /// The first hashes of a tile, which the caller knows to be within the stored tree.
    ///
    /// - Throws: as `node` does.
    func hashes(
        level: Int, index: UInt64, width: Int, in view: PublishedLog.View, _ session: PostgresSession
    ) throws -> [Digest] {
        let count = TileAccumulator.hashCount(level: level, treeSize: view.storedSize)
        if index == count >> UInt64(TilePath.height) {
            return Array(view.edge.partials[level].prefix(width))
        }
        return Array(try tile(level: level, index: index, in: view, session).prefix(width))
    }

    /// A full tile within the stored tree.
    private func tile(
        level: Int, index: UInt64, in view: PublishedLog.View, _ session: PostgresSession
    ) throws -> [Digest] {
        let place = Place(level: level, index: index)
        if let known = known(place) { return known }
        let row = try session.query(
            "SELECT hashes FROM tile WHERE level = $1 AND index = $2",
            [.int(Int64(level)), .int(Int64(bitPattern: index))]
        ).first
        let name = "the tile at level \(level), index \(index)"
        guard let bytes = try row?.bytes(0), bytes.count == TilePath.fullWidth * Digest.byteCount else {
            throw StoreFault.contradiction(name)
        }
        let hashes = try HashTile.decode(bytes, width: TilePath.fullWidth)
        let above = try node(level: (level + 1) * TilePath.height, index: index, in: view, session)
        guard MerkleTree.root(ofLeafHashes: hashes) == above else { throw StoreFault.contradiction(name) }
        keep(hashes, place)
        return hashes
    }

    private func known(_ place: Place) -> [Digest]? {
        cache.withLock { cache in
            if let hashes = cache.young[place] { return hashes }
            guard let hashes = cache.old[place] else { return nil }
            Self.insert(hashes, place, &cache)
            return hashes
        }
    }

    private func keep(_ hashes: [Digest], _ place: Place) {
        cache.withLock { Self.insert(hashes, place, &$0) }
    }

    private static func insert(_ hashes: [Digest], _ place: Place, _ cache: inout Cache) {
        if cache.young.count == generationTilesMax {
            cache.old = cache.young
            cache.young = [:]
        }
        cache.young[place] = hashes
    }
}
