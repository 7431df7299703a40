import Cryptography
import LedgerCore
import Postgres
import TransparencyLog

/// Hashes every column of every row that belongs to a stretch of heights, as the server sends them.
struct StretchReader {
    let session: PostgresSession

    /// Hashes the rows of blocks, notes, keys and full tiles.
    ///
    /// - Throws: `PostgresFault`.
    func digest(of span: SoundStretches.Span) throws -> Digest {
        var hasher = SHA256.Hasher()
        let heights = [
            PostgresValue.int(Int64(bitPattern: span.heights.lowerBound)),
            PostgresValue.int(Int64(bitPattern: span.heights.upperBound)),
        ]
        try add(
            """
            SELECT height, first_index, tree_size, block_hash, checkpoint, cosignature, final_block, note.note
            FROM block LEFT JOIN note USING (height) WHERE height BETWEEN $1 AND $2 ORDER BY height
            """, heights, to: &hasher)
        try add(
            """
            SELECT height, key_id, first_sequence, next_sequence, first_index FROM key_block
            WHERE height BETWEEN $1 AND $2 ORDER BY height, key_id
            """, heights, to: &hasher)
        for level in 0..<TileAccumulator.levelCount(treeSize: span.leaves.upperBound) {
            let tiles = [span.leaves.lowerBound, span.leaves.upperBound].map {
                TileAccumulator.hashCount(level: level, treeSize: $0) / UInt64(TilePath.fullWidth)
            }
            guard tiles[0] < tiles[1] else { continue }
            try add(
                """
                SELECT level, index, hashes FROM tile
                WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index
                """, [.int(Int64(level))] + tiles.map { .int(Int64($0)) }, to: &hasher)
        }
        return hasher.finalize()
    }

    private func add(_ sql: String, _ values: [PostgresValue], to hasher: inout SHA256.Hasher) throws {
        let rows = try session.query(sql, values)
        withUnsafeBytes(of: rows.count) { hasher.update($0) }
        for row in rows {
            for column in 0..<row.columnCount {
                row.withWireBytes(column) { bytes in
                    // NULL differs from an empty value.
                    withUnsafeBytes(of: bytes?.count ?? -1) { hasher.update($0) }
                    if let bytes { hasher.update(bytes) }
                }
            }
        }
    }
}
