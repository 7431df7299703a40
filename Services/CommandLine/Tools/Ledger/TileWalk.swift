import Cryptography
import Merkle
import TransparencyLog

/// Verifies the entry bundles and tiles of a source against each other, up to the root.
struct TileWalk: Sendable {
    /// So many bundles are fetched together.
    private static let waveTilesMax: UInt64 = 64

    let source: LedgerSource

    /// Rebuilds the root of a size from the entries and compares every tile on the way.
    ///
    /// - Parameter progress: is told how many entries were verified.
    /// - Throws: `AuditFinding` at the first file that is missing or does not hold; `FileFault`.
    func root(size: UInt64, progress: (UInt64) -> Void) async throws -> Digest {
        guard size > 0 else { return MerkleTree.emptyRoot }
        var level = try await leaves(size: size, progress: progress)
        var partials = [level.partial]
        while !level.above.isEmpty {
            level = try await tiles(level: partials.count, level.above)
            partials.append(level.partial)
        }
        let hashes = SubtreePosition.cover(0..<size).map { position in
            guard let hash = HashTile.hash(of: position, in: partials[position.level / TilePath.height])
            else {
                preconditionFailure("a subtree of the cover of a tree lies in a partial tile")
            }
            return hash
        }
        guard let range = CompactRange(size: size, hashes: hashes) else {
            preconditionFailure("the cover of a tree has one subtree for each bit of its size")
        }
        return range.root()
    }

    /// What is kept of a level: the hashes of its partial tile, and those of the level above.
    private struct Level {
        var partial: [Digest] = []
        var above: [Digest] = []
    }

    private func leaves(size: UInt64, progress: (UInt64) -> Void) async throws -> Level {
        var level = Level()
        let width = UInt64(TilePath.fullWidth)
        let tileCount = (size + width - 1) / width
        var first: UInt64 = 0
        while first < tileCount {
            let end = min(first + Self.waveTilesMax, tileCount)
            let wave = try await withThrowingTaskGroup(of: (UInt64, [Digest], Digest?).self) { group in
                for index in first..<end {
                    group.addTask { try await leafTile(index, width: Int(min(width, size - index * width))) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (_, hashes, root) in wave.sorted(by: { $0.0 < $1.0 }) {
                if let root { level.above.append(root) } else { level.partial = hashes }
            }
            first = end
            progress(min(first * width, size))
        }
        return level
    }

    /// One bundle and its tile: the index, the hashes of a partial tile, the root of a full one.
    private func leafTile(_ index: UInt64, width: Int) async throws -> (UInt64, [Digest], Digest?) {
        let path = TilePath.entries(index: index, width: width).text
        guard let bundle = try await source.read(path, bytesMax: SourceLimits.bundleBytesMax) else {
            throw AuditFinding("`\(path)` is missing, although the checkpoint calls for it")
        }
        guard let entries = try? EntryBundle.decode(bundle), entries.count == width else {
            throw AuditFinding("`\(path)` is no bundle of \(width) entries")
        }
        let hashes = entries.map { MerkleTree.leafHash($0) }
        try await compare(hashes, level: 0, index: index)
        guard width == TilePath.fullWidth else { return (index, hashes, nil) }
        return (index, [], MerkleTree.root(ofLeafHashes: hashes))
    }

    private func tiles(level: Int, _ hashes: [Digest]) async throws -> Level {
        var result = Level()
        for start in stride(from: 0, to: hashes.count, by: TilePath.fullWidth) {
            let tile = Array(hashes[start..<min(start + TilePath.fullWidth, hashes.count)])
            try await compare(tile, level: level, index: UInt64(start / TilePath.fullWidth))
            if tile.count == TilePath.fullWidth {
                result.above.append(MerkleTree.root(ofLeafHashes: tile))
            } else {
                result.partial = tile
            }
        }
        return result
    }

    private func compare(_ hashes: [Digest], level: Int, index: UInt64) async throws {
        let path = TilePath.hashes(level: level, index: index, width: hashes.count).text
        let bytesMax = TilePath.fullWidth * Digest.byteCount
        guard let tile = try await source.read(path, bytesMax: bytesMax) else {
            throw AuditFinding("`\(path)` is missing, although the checkpoint calls for it")
        }
        guard tile == HashTile.encode(hashes) else {
            throw AuditFinding("`\(path)` does not hold the hashes of what is below it")
        }
    }
}
