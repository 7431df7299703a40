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
    static let evidenceRowsMax: Int64 = 10_000

    let pool: PostgresPool
    let genesis: Genesis
    /// The validators and submitters of each height, by which what is read back is checked.
    let network: NetworkView
    let validator: ValidatorIndex

    /// Migrates the schema and binds it to the network and validator, or refuses one of another.
    ///
    /// - Throws: `StoreFault` for another network's or validator's schema; `PostgresFault`.
    package static func open(
        pool: PostgresPool, schema: String, genesis: Genesis, validator: ValidatorIndex
    ) async throws -> BlockStore {
        try await Migrator.migrate(pool, schema: schema, component: "ledger", migrations: migrations)
        let store = BlockStore(
            pool: pool, genesis: genesis, network: NetworkView(genesis), validator: validator)
        try await store.bind()
        return store
    }

    /// The migrations in their order.
    package static var migrations: [Migration] {
        [
            Migration(fileName: "V0001__ledger.sql", bytes: PackageResources.V0001__ledger_sql),
            Migration(
                fileName: "V0002__block_first_index.sql",
                bytes: PackageResources.V0002__block_first_index_sql),
            Migration(fileName: "V0003__witness.sql", bytes: PackageResources.V0003__witness_sql),
            Migration(
                fileName: "V0004__key_block_height.sql", bytes: PackageResources.V0004__key_block_height_sql),
        ]
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
            try Self.insert(notes, session)
        }
    }

    /// Stores notes alone.
    ///
    /// - Throws: `PostgresFault`.
    package func keep(_ notes: [BlockHeight: SignedNote]) async throws {
        try await pool.transaction { session in try Self.insert(notes, session) }
    }

    /// Stores proof of a validator's fault.
    ///
    /// - Throws: `PostgresFault`.
    package func keep(_ evidence: DoubleVote) async throws {
        let first = evidence.first
        let row = EvidenceRow(
            key: [
                Int64(first.validator.value), Int64(bitPattern: first.height.value), Int64(first.round),
                Int64(first.step.rawValue),
            ], first: first.encoded, second: evidence.second.encoded)
        try await pool.transaction { session in try Self.insert(row, session) }
    }

    private func insert(_ commit: BlockCommit, _ session: PostgresSession) throws {
        let block = commit.block
        let inserted = try session.execute(
            """
            INSERT INTO block
                (height, first_index, tree_size, block_hash, checkpoint, cosignature, final_block)
            SELECT $1, $2, $3, $4, $5, $6, $7
            WHERE (SELECT coalesce(max(height), 0) FROM block) = $1 - 1
            """, Self.values(of: commit, cosignature: commit.cosignature?.encoded))
        guard inserted == 1 else { return try requireStored(block, session) }
        try Self.insertRuns(of: block, session)
        try Self.insert(commit.tiles, session)
    }

    /// The same block, or a store that is not the one this validator has been working on.
    ///
    /// Only a block that a quorum decided, too, ends the validator; a row that somebody edited does not.
    private func requireStored(_ block: BuiltBlock, _ session: PostgresSession) throws {
        let stored = try session.query(
            "SELECT block_hash, final_block FROM block WHERE height = $1",
            [.int(Int64(bitPattern: block.height.value))]
        ).first
        if try stored?.bytes(0) == block.blockHash.bytes { return }
        if let bytes = try stored?.bytes(1), let other = try? FinalBlock(decoding: bytes),
            MessageVerifier(history: network.current).verify(other) != nil, other.blockHash != block.blockHash
        {
            throw StoreFault.contradiction("what is stored at height \(block.height)")
        }
        throw StoreFault.damaged("what is stored at or before height \(block.height)")
    }
}
