import Cryptography
package import LedgerCore
import LedgerProtocol
import Merkle
import Model
import Postgres
import TransparencyLog

/// Reading the store at start: nothing is signed before what it holds gives the root that was signed.
extension BlockStore {
    /// How far back stored checkpoints are looked through for notes that are not complete.
    private static let openHeightsMax: Int64 = 1_024

    /// Rebuilds the tree from tiles and the last blocks and checks it against the newest checkpoint.
    ///
    /// - Throws: `StoreFault` with a halt when the store contradicts itself; `PostgresFault`.
    package func load(signState: SignState) async throws -> ValidatorCore.Origin {
        let genesis = genesis
        return try await pool.transaction { session in
            try session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            let newest = try session.query(
                "SELECT \(StoredBlock.columns) FROM block ORDER BY height DESC LIMIT 1"
            ).first
            guard let newest else {
                return ValidatorCore.Origin(genesis: genesis, signState: signState)
            }
            do {
                try loadChanges(session)
                return try origin(StoredBlock(newest, history: network.current), signState, session)
            } catch let fault as StoreFault where fault.halt == nil {
                // At start nothing is being written, so what is missing is lost.
                throw StoreFault.contradiction(fault.description)
            }
        }
    }

    private func origin(
        _ newest: StoredBlock, _ signState: SignState, _ session: PostgresSession
    ) throws -> ValidatorCore.Origin {
        let tiles = try partialTiles(newest, session)
        let reader = TileReader(session, partials: tiles)
        let tree = try reader.frontier(size: newest.treeSize)
        let text = FinalBlock.checkpointText(origin: genesis.origin, tree: tree)
        guard text == newest.finalBlock.checkpointText else {
            throw StoreFault.contradiction("the tree of \(newest.treeSize) leaves")
        }
        let history = network.current
        guard newest.finalBlock.blockEntry.nextValidatorSet == history.newest.validatorSetHash else {
            throw StoreFault.contradiction("the record of changes to the network")
        }
        for period in history.periods.dropFirst() {
            // Its certificate was checked before the tree was there to hold its entries against.
            let height = BlockHeight(period.first.value - 1)
            guard try verifiedBlock(height, reader, session) != nil else {
                throw StoreFault.missing("block \(height)")
            }
        }
        let chain = ChainHead(
            height: newest.finalBlock.height, hash: newest.finalBlock.blockHash,
            time: newest.finalBlock.blockEntry.time, tree: tree, network: history.newest)
        let sequences = try nextSequences(reader, session)
        for run in ReceiptBuilder.runs(of: newest.finalBlock.submissions, firstIndex: newest.firstIndex) {
            guard sequences[run.keyID] == run.nextSequence else {
                throw StoreFault.contradiction("a key's place in block \(chain.height)")
            }
        }
        return ValidatorCore.Origin(
            chain: chain, history: history, tiles: tiles, nextSequences: sequences,
            open: try openCheckpoints(chain.height, session), note: try newestNote(session),
            signState: signState)
    }

    /// Puts the tiles at the edge together: leaf hashes from the last blocks, higher levels from full tiles.
    private func partialTiles(_ newest: StoredBlock, _ session: PostgresSession) throws -> TileAccumulator {
        let size = newest.treeSize
        let reader = TileReader(session, partials: TileAccumulator())
        var partials: [[Digest]] = []
        for level in 0..<TileAccumulator.levelCount(treeSize: size) {
            let count = TileAccumulator.hashCount(level: level, treeSize: size)
            let first = count - UInt64(TileAccumulator.partialWidth(level: level, treeSize: size))
            if level == 0 {
                partials.append(try leafHashes(from: first, newest, session))
            } else {
                partials.append(
                    try (first..<count).map { index in
                        MerkleTree.root(ofLeafHashes: try reader.tile(level: level - 1, index: index))
                    })
            }
        }
        guard let tiles = TileAccumulator(treeSize: size, partials: partials) else {
            throw StoreFault.contradiction("the edge of the tree")
        }
        return tiles
    }

    /// The leaf hashes from an index to the end, from as many blocks as that takes.
    private func leafHashes(
        from first: UInt64, _ newest: StoredBlock, _ session: PostgresSession
    ) throws -> [Digest] {
        var block = newest
        var hashes = block.leafHashes
        while block.firstIndex > first {
            let height = block.finalBlock.height.value - 1
            let row = try session.query(
                "SELECT \(StoredBlock.columns) FROM block WHERE height = $1",
                [.int(Int64(bitPattern: height))]
            ).first
            guard let row else { throw StoreFault.missing("block \(height)") }
            let before = try StoredBlock(row, history: network.current)
            guard before.treeSize == block.firstIndex,
                block.finalBlock.blockEntry.previous == before.finalBlock.blockHash
            else { throw StoreFault.contradiction("block \(height)") }
            block = before
            hashes = before.leafHashes + hashes
        }
        return Array(hashes.dropFirst(Int(first - block.firstIndex)))
    }

    /// Each key's next sequence, from the block that holds its last submission, whose entries are checked.
    private func nextSequences(_ reader: TileReader, _ session: PostgresSession) throws -> [KeyID: UInt64] {
        var sequences: [KeyID: UInt64] = [:]
        for submitter in network.current.newest.submitters {
            let keyID = submitter.key.keyID
            let row = try session.query(
                """
                SELECT height, next_sequence FROM key_block WHERE key_id = $1 ORDER BY height DESC LIMIT 1
                """, [.bytes(keyID.bytes)]
            ).first
            guard let row else { continue }
            let height = BlockHeight(UInt64(bitPattern: try row.int(0)))
            let next = UInt64(bitPattern: try row.int(1))
            let block = try verifiedBlock(height, reader, session)
            let last = block?.finalBlock.submissions.last { $0.keyID == keyID }
            guard let last, last.sequence + 1 == next, isSigned(last, by: submitter) else {
                throw StoreFault.contradiction("the last submission of \(submitter.name)")
            }
            sequences[keyID] = next
        }
        return sequences
    }

    private func isSigned(_ submission: Submission, by submitter: NetworkSubmitter) -> Bool {
        do throws(RefusalCode) {
            try submission.verify(key: submitter.key, networkID: genesis.networkID)
            return true
        } catch {
            return false
        }
    }

    private func openCheckpoints(
        _ newest: BlockHeight, _ session: PostgresSession
    ) throws -> [(height: BlockHeight, checkpointText: String, cosignature: CosignatureMessage?)] {
        let rows = try session.query(
            """
            SELECT block.height, block.checkpoint, block.cosignature FROM block
            LEFT JOIN note ON note.height = block.height
            WHERE note.height IS NULL AND block.height > $1 ORDER BY block.height
            """, [.int(Int64(bitPattern: newest.value) - Self.openHeightsMax)])
        return try rows.map { row in
            let cosignature = try row.bytesOrNull(2).map { try CosignatureMessage(decoding: $0) }
            return (BlockHeight(UInt64(bitPattern: try row.int(0))), try row.text(1), cosignature)
        }
    }
}
