import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import Postgres
import TransparencyLog

/// The rows of a block, as they are written first and, when somebody edited them, again.
extension BlockStore {
    /// The columns of a block's row, in their order.
    static func values(of commit: BlockCommit, cosignature: [UInt8]?) -> [PostgresValue] {
        let block = commit.block
        return [
            .int(Int64(bitPattern: block.height.value)), .int(Int64(bitPattern: block.firstIndex)),
            .int(Int64(bitPattern: block.treeSize)), .bytes(block.blockHash.bytes),
            .text(block.checkpointText), cosignature.map { .bytes($0) } ?? .null,
            .bytes(commit.finalBlock.encoded),
        ]
    }

    static func insertRuns(of block: BuiltBlock, _ session: PostgresSession) throws {
        let runs = ReceiptBuilder.runs(of: block.submissions, firstIndex: block.firstIndex)
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            INSERT INTO key_block (key_id, height, first_sequence, next_sequence, first_index)
            SELECT key_id, $2, first_sequence, next_sequence, first_index
            FROM unnest($1::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS run (key_id, first_sequence, next_sequence, first_index)
            """,
            [
                .bytesArray(runs.map(\.keyID.bytes)), .int(Int64(bitPattern: block.height.value)),
                .intArray(runs.map { Int64(bitPattern: $0.firstSequence) }),
                .intArray(runs.map { Int64(bitPattern: $0.nextSequence) }),
                .intArray(runs.map { Int64(bitPattern: $0.firstIndex) }),
            ])
    }

    static func insert(_ tiles: [FullTile], _ session: PostgresSession) throws {
        try write(tiles, session, onConflict: "")
    }

    static func insert(_ notes: [BlockHeight: SignedNote], _ session: PostgresSession) throws {
        guard !notes.isEmpty else { return }
        let sorted = notes.sorted { $0.key < $1.key }
        try session.execute(
            """
            INSERT INTO note (height, note) SELECT height, note FROM unnest($1::bigint[], $2::text[])
            AS note (height, note) ON CONFLICT DO NOTHING
            """,
            [
                .intArray(sorted.map { Int64(bitPattern: $0.key.value) }),
                .textArray(sorted.map { $0.value.encoded() }),
            ])
    }

    /// Writes the row of a verified block whatever is there.
    static func rewrite(
        _ commit: BlockCommit, cosignature: [UInt8]?, _ session: PostgresSession
    ) throws {
        // A row that was moved may have this one's place; it is found there in its turn.
        try session.execute(
            "UPDATE block SET first_index = -height WHERE first_index = $1 AND height <> $2",
            [
                .int(Int64(bitPattern: commit.block.firstIndex)),
                .int(Int64(bitPattern: commit.block.height.value)),
            ])
        try session.execute(
            """
            INSERT INTO block
                (height, first_index, tree_size, block_hash, checkpoint, cosignature, final_block)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (height) DO UPDATE SET
                (first_index, tree_size, block_hash, checkpoint, cosignature, final_block) =
                (EXCLUDED.first_index, EXCLUDED.tree_size, EXCLUDED.block_hash, EXCLUDED.checkpoint,
                EXCLUDED.cosignature, EXCLUDED.final_block)
            """, values(of: commit, cosignature: cosignature))
    }

    /// Writes tiles whatever is there.
    static func replace(_ tiles: [FullTile], _ session: PostgresSession) throws {
        try write(
            tiles, session, onConflict: "ON CONFLICT (level, index) DO UPDATE SET hashes = EXCLUDED.hashes")
    }

    /// Writes proof of a fault, unless there is more than enough.
    static func insert(_ evidence: EvidenceRow, _ session: PostgresSession) throws {
        try session.execute(
            """
            INSERT INTO evidence (validator, height, round, step, first_vote, second_vote)
            SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM evidence) < $7
            ON CONFLICT DO NOTHING
            """,
            evidence.key.map { .int($0) } + [
                .bytes(evidence.first), .bytes(evidence.second), .int(evidenceRowsMax),
            ])
    }

    private static func write(
        _ tiles: [FullTile], _ session: PostgresSession, onConflict: String
    ) throws {
        guard !tiles.isEmpty else { return }
        try session.execute(
            """
            INSERT INTO tile (level, index, hashes)
            SELECT level, index, hashes FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
            AS tile (level, index, hashes) \(onConflict)
            """,
            [
                .intArray(tiles.map { Int64($0.level) }),
                .intArray(tiles.map { Int64(bitPattern: $0.index) }),
                .bytesArray(tiles.map { HashTile.encode($0.hashes) }),
            ])
    }
}
