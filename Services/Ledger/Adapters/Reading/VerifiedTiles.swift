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
        var young: [Place: TileNodes] = [:]
        var old: [Place: TileNodes] = [:]
        // The tile at the edge of each level, as it was when it was last asked for.
        var edge: [Place: TileNodes] = [:]
    }

    // A tile and what lies above it take 16 KiB, so both generations together take at most 16 MiB; the tiles
    // above the leaves of ten million entries are 154.
    private static let generationTilesMax = 512

    private let cache = Mutex(Cache())

    /// The hash of a complete subtree within the stored tree.
    ///
    /// - Throws: `StoreFault` with a halt when what is stored does not lead to the edge; `PostgresFault`.
    func node(
        level: Int, index: UInt64, in view: PublishedLog.View, _ session: PostgresSession
    ) throws -> Digest {
        let place = Place(
            level: level / TilePath.height,
            index: index >> UInt64(TilePath.height - level % TilePath.height))
        let nodes = try atEdge(place, in: view) ?? tile(place, in: view, session)
        guard let hash = nodes.hash(of: SubtreePosition(level: level, index: index)) else {
            preconditionFailure("a complete subtree of the stored tree is in none of its tiles")
        }
        return hash
    }

    /// The first hashes of a tile, which the caller knows to be within the stored tree.
    ///
    /// - Throws: as `node` does.
    func hashes(
        level: Int, index: UInt64, width: Int, in view: PublishedLog.View, _ session: PostgresSession
    ) throws -> [Digest] {
        let place = Place(level: level, index: index)
        return Array(try (atEdge(place, in: view) ?? tile(place, in: view, session)).hashes.prefix(width))
    }

    /// The tile of a level that is not full yet; nil when the place is of another one.
    private func atEdge(_ place: Place, in view: PublishedLog.View) -> TileNodes? {
        let count = TileAccumulator.hashCount(level: place.level, treeSize: view.storedSize)
        let partials = view.edge.partials
        guard place.index == count >> UInt64(TilePath.height), partials.indices.contains(place.level),
            !partials[place.level].isEmpty
        else { return nil }
        let hashes = partials[place.level]
        return cache.withLock { cache in
            if let known = cache.edge[place], known.hashes.count == hashes.count { return known }
            let nodes = TileNodes(hashes)
            cache.edge = cache.edge.filter { $0.key.level != place.level }
            cache.edge[place] = nodes
            return nodes
        }
    }

    /// A full tile within the stored tree.
    private func tile(
        _ place: Place, in view: PublishedLog.View, _ session: PostgresSession
    ) throws -> TileNodes {
        let (level, index) = (place.level, place.index)
        if let known = known(place) { return known }
        let row = try session.query(
            "SELECT hashes FROM tile WHERE level = $1 AND index = $2",
            [.int(Int64(level)), .int(Int64(bitPattern: index))]
        ).first
        let name = "the tile at level \(level), index \(index)"
        guard let bytes = try row?.bytes(0), bytes.count == TilePath.fullWidth * Digest.byteCount else {
            throw StoreFault.contradiction(name)
        }
        let nodes = TileNodes(try HashTile.decode(bytes, width: TilePath.fullWidth))
        let above = try node(level: (level + 1) * TilePath.height, index: index, in: view, session)
        guard nodes.root == above else { throw StoreFault.contradiction(name) }
        keep(nodes, place)
        return nodes
    }

    private func known(_ place: Place) -> TileNodes? {
        cache.withLock { cache in
            if let nodes = cache.young[place] { return nodes }
            guard let nodes = cache.old[place] else { return nil }
            Self.insert(nodes, place, &cache)
            return nodes
        }
    }

    private func keep(_ nodes: TileNodes, _ place: Place) {
        cache.withLock { Self.insert(nodes, place, &$0) }
    }

    private static func insert(_ nodes: TileNodes, _ place: Place, _ cache: inout Cache) {
        if cache.young.count == generationTilesMax {
            cache.old = cache.young
            cache.young = [:]
        }
        cache.young[place] = nodes
    }
}
