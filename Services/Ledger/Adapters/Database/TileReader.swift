import Cryptography
import LedgerCore
import Merkle
import Postgres
import TransparencyLog

/// Finds complete subtrees of the stored tree: in full tiles, and in the partial ones at its edge.
///
/// It belongs to one session; what it has read it keeps, as neighbouring proofs ask for the same tiles.
final class TileReader {
    private struct Place: Hashable {
        let level: Int
        let index: UInt64
    }

    private let session: PostgresSession
    private let partials: TileAccumulator
    private var tiles: [Place: [Digest]] = [:]
    // A tile takes 8 KiB; a proof touches a few on each of at most eight levels.
    private static let tilesMax = 512

    init(_ session: PostgresSession, partials: TileAccumulator) {
        self.session = session
        self.partials = partials
    }

    /// - Throws: `StoreFault`, `.missing` for a subtree that is in no tile.
    func node(level: Int, index: UInt64) throws -> Digest {
        if let hash = partials.node(level: level, index: index) { return hash }
        let tileIndex = index >> UInt64(TilePath.height - level % TilePath.height)
        let hashes = try tile(level: level / TilePath.height, index: tileIndex)
        guard let hash = HashTile.hash(of: SubtreePosition(level: level, index: index), in: hashes) else {
            throw StoreFault.missing("the subtree at level \(level), index \(index)")
        }
        return hash
    }

    /// The frontier of the tree when it had that size.
    ///
    /// - Throws: `StoreFault`.
    func frontier(size: UInt64) throws -> CompactRange {
        let hashes = try SubtreePosition.cover(0..<size).map { try node(level: $0.level, index: $0.index) }
        guard let range = CompactRange(size: size, hashes: hashes) else {
            throw StoreFault.missing("the frontier at size \(size)")
        }
        return range
    }

    func tile(level: Int, index: UInt64) throws -> [Digest] {
        let place = Place(level: level, index: index)
        if let known = tiles[place] { return known }
        let row = try session.query(
            "SELECT hashes FROM tile WHERE level = $1 AND index = $2",
            [.int(Int64(level)), .int(Int64(bitPattern: index))]
        ).first
        guard let row else { throw StoreFault.missing("the tile at level \(level), index \(index)") }
        let hashes = try HashTile.decode(try row.bytes(0), width: TilePath.fullWidth)
        if tiles.count == Self.tilesMax { tiles = [:] }
        tiles[place] = hashes
        return hashes
    }
}
