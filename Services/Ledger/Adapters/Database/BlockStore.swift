import Cryptography
package import LedgerCore
package import LedgerProtocol
package import Model
package import Postgres
package import TransparencyLog

/// One validator's ledger in its own Postgres schema.
package struct BlockStore: Sendable {
    /// One answer with final blocks: at most so many and so many bytes, then the asker asks again.
    static let answerBlocksMax = 64
    static let answerBytesMax = 1_500_000
    // A faulty validator must not fill the disk with its own faults.
    private static let evidenceRowsMax: Int64 = 10_000

    let pool: PostgresPool
    let genesis: Genesis
    let validator: ValidatorIndex

    /// Migrates the schema and binds it to the network and validator, or refuses one of another.
    ///
    /// - Throws: `StoreFault` for another network's or validator's schema; `PostgresFault`.
    package static func open(
        pool: PostgresPool, schema: String, genesis: Genesis, validator: ValidatorIndex
    ) async throws -> BlockStore {
        try await Migrator.migrate(pool, schema: schema, component: "ledger", migrations: migrations)
        let store = BlockStore(pool: pool, genesis: genesis, validator: validator)
        try await store.bind()
        return store
    }

    /// The migrations in their order.
    package static var migrations: [Migration] {
        [Migration(fileName: "V0001__ledger.sql", bytes: PackageResources.V0001__ledger_sql)]
    }

    private func bind() async throws {
        let values: [PostgresValue] = [.bytes(genesis.networkID.bytes), .int(Int64(validator.value))]
        try await pool.transaction { session in
            try session.execute(
                "INSERT INTO ledger (network_id, validator) VALUES ($1, $2) ON CONFLICT DO NOTHING", values)
            let fits = try session.query(
                "SELECT 1 FROM ledger WHERE network_id = $1 AND validator = $2", values)
            guard !fits.isEmpty else {
                throw StoreFault(
                    halt: nil,
                    description:
                        "the schema belongs to another network or validator; give each its own schema")
            }
        }
    }

    /// Stores a block with the notes completed since the last one, in one transaction.
    ///
    /// A block that is stored already changes nothing, so that a transaction of unknown outcome is
    /// simply done again.
    /// - Throws: `StoreFault` with a halt when another block is stored at its height, or the one before
    ///   is not;
    ///   `PostgresFault`.
    package func append(_ commit: BlockCommit, notes: [BlockHeight: SignedNote]) async throws {
        try await append([commit], notes: notes)
    }

    /// Stores blocks that follow on each other in one transaction, like one.
    ///
    /// - Throws: what `append` of one throws; then none of them is stored.
    package func append(_ commits: [BlockCommit], notes: [BlockHeight: SignedNote]) async throws {
        try await pool.transaction { session in
            for commit in commits { try insert(commit, session) }
            try insert(notes, session)
        }
    }

    /// Stores notes alone.
    ///
    /// - Throws: `PostgresFault`.
    package func keep(_ notes: [BlockHeight: SignedNote]) async throws {
        try await pool.transaction { session in try insert(notes, session) }
    }

    /// Stores proof of a validator's fault.
    ///
    /// - Throws: `PostgresFault`.
    package func keep(_ evidence: DoubleVote) async throws {
        let first = evidence.first
        try await pool.transaction { session in
            try session.execute(
                """
                INSERT INTO evidence (validator, height, round, step, first_vote, second_vote)
                SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM evidence) < $7
                ON CONFLICT DO NOTHING
                """,
                [
                    .int(Int64(first.validator.value)), .int(Int64(bitPattern: first.height.value)),
                    .int(Int64(first.round)), .int(Int64(first.step.rawValue)), .bytes(first.encoded),
                    .bytes(evidence.second.encoded), .int(Self.evidenceRowsMax),
                ])
        }
    }

    private func insert(_ commit: BlockCommit, _ session: PostgresSession) throws {
        let block = commit.block
        let inserted = try session.execute(
            """
            INSERT INTO block
                (height, first_index, tree_size, block_hash, checkpoint, cosignature, final_block)
            SELECT $1, $2, $3, $4, $5, $6, $7
            WHERE (SELECT coalesce(max(height), 0) FROM block) = $1 - 1
            """,
            [
                .int(Int64(bitPattern: block.height.value)), .int(Int64(bitPattern: block.firstIndex)),
                .int(Int64(bitPattern: block.treeSize)), .bytes(block.blockHash.bytes),
                .text(block.checkpointText), commit.cosignature.map { .bytes($0.encoded) } ?? .null,
                .bytes(commit.finalBlock.encoded),
            ])
        guard inserted == 1 else { return try requireStored(block, session) }
        let runs = ReceiptBuilder.runs(of: block.submissions, firstIndex: block.firstIndex)
        if !runs.isEmpty {
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
        try insert(commit.tiles, session)
    }

    private func insert(_ tiles: [FullTile], _ session: PostgresSession) throws {
        guard !tiles.isEmpty else { return }
        try session.execute(
            """
            INSERT INTO tile (level, index, hashes)
            SELECT level, index, hashes FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
            AS tile (level, index, hashes)
            """,
            [
                .intArray(tiles.map { Int64($0.level) }),
                .intArray(tiles.map { Int64(bitPattern: $0.index) }),
                .bytesArray(tiles.map { HashTile.encode($0.hashes) }),
            ])
    }

    private func insert(_ notes: [BlockHeight: SignedNote], _ session: PostgresSession) throws {
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

    /// The same block, or a store that is not the one this validator has been working on.
    private func requireStored(_ block: BuiltBlock, _ session: PostgresSession) throws {
        let stored = try session.query(
            "SELECT block_hash FROM block WHERE height = $1", [.int(Int64(bitPattern: block.height.value))]
        ).first
        guard try stored?.bytes(0) == block.blockHash.bytes else {
            throw StoreFault.contradiction("what is stored at or before height \(block.height)")
        }
    }
}
