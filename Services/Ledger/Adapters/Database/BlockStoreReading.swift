package import Cryptography
package import LedgerCore
package import LedgerProtocol
import Merkle
package import Model
import Postgres
package import TransparencyLog

/// Reading blocks back for others; what is read is checked before it leaves.
extension BlockStore {
    /// What a stored sequence of a key holds.
    package enum Settled: Sendable {
        /// The block is stored and neither its note nor a later one is.
        case awaitingNote
        /// The submission is final: the receipts of its key in its block.
        case final(ReceiptRecord)
        /// The sequence is taken by other bytes.
        case taken
    }

    /// The bytes of the final block at a height; nil when there is none.
    ///
    /// - Throws: `StoreFault` with a halt when the row contradicts itself; `PostgresFault`.
    package func finalBlock(_ height: BlockHeight) async throws -> [UInt8]? {
        try await finalBlocks(from: height, through: height).first
    }

    /// The bytes of final blocks in order, as many as one answer holds.
    ///
    /// - Throws: `StoreFault` with a halt when a row contradicts itself; `PostgresFault`.
    package func finalBlocks(from: BlockHeight, through: BlockHeight) async throws -> [[UInt8]] {
        let history = network.current
        return try await pool.query { session in
            var blocks: [[UInt8]] = []
            var byteCount = 0
            var height = from.value
            while height <= through.value, blocks.count < Self.answerBlocksMax {
                let row = try session.query(
                    "SELECT \(StoredBlock.columns) FROM block WHERE height = $1",
                    [.int(Int64(bitPattern: height))]
                ).first
                guard let row else { break }
                let bytes = try StoredBlock(row, history: history).finalBlock.encoded
                byteCount += bytes.count
                guard blocks.isEmpty || byteCount <= Self.answerBytesMax else { break }
                blocks.append(bytes)
                height += 1
            }
            return blocks
        }
    }

    /// The cosignatures of a height: those of its note, or the own one while there is no note.
    ///
    /// - Throws: `StoreFault` with a halt when a row contradicts itself; `PostgresFault`.
    package func cosignatures(_ height: BlockHeight) async throws -> [CosignatureMessage] {
        try await pool.query { session in
            if let note = try note(height, session) {
                return note.cosignatures(height: height, network: network.current.state(at: height))
            }
            let row = try session.query(
                "SELECT cosignature, checkpoint FROM block WHERE height = $1",
                [.int(Int64(bitPattern: height.value))]
            ).first
            guard let row, let bytes = try row.bytesOrNull(0) else { return [] }
            let (message, text) = (try? CosignatureMessage(decoding: bytes), try row.text(1))
            guard let message, message.height == height, message.validator == validator,
                (try? message.verify(network.current.state(at: height), checkpointText: text)) != nil
            else { throw StoreFault.contradiction("the cosignature of height \(height)") }
            return [message]
        }
    }

    /// Says what became of a submission; nil when its sequence is not stored yet.
    ///
    /// - Parameter partials: the tiles at the edge of the tree.
    /// - Throws: `StoreFault`; `PostgresFault`.
    package func settled(
        keyID: KeyID, sequence: UInt64, hash: Digest, partials: TileAccumulator
    ) async throws -> Settled? {
        try await pool.query { session in
            let row = try session.query(
                """
                SELECT height FROM key_block WHERE key_id = $1 AND first_sequence <= $2 AND next_sequence > $2
                ORDER BY height DESC LIMIT 1
                """, [.bytes(keyID.bytes), .int(Int64(bitPattern: sequence))]
            ).first
            guard let height = try row?.int(0) else { return nil }
            let reader = TileReader(session, partials: partials)
            let blockHeight = BlockHeight(UInt64(bitPattern: height))
            guard let block = try verifiedBlock(blockHeight, reader, session) else { return nil }
            guard block.finalBlock.submissions.contains(where: { $0.hash == hash }) else { return .taken }
            guard let records = try records(block, reader, session, isWanted: { $0 == keyID }) else {
                return .awaitingNote
            }
            return records.first.map { .final($0) }
        }
    }

    /// The receipts of a height for the wanted keys; empty while its note is not stored.
    ///
    /// - Throws: `StoreFault`; `PostgresFault`.
    package func receipts(
        _ height: BlockHeight, partials: TileAccumulator, isWanted: @escaping @Sendable (KeyID) -> Bool
    ) async throws -> [ReceiptRecord] {
        try await pool.query { session in
            let reader = TileReader(session, partials: partials)
            guard let block = try verifiedBlock(height, reader, session) else { return [] }
            return try records(block, reader, session, isWanted: isWanted) ?? []
        }
    }

    /// Makes records at the first note from the block's height on; nil while there is none.
    ///
    /// A height can stay without a note when databases lost their cosignatures; a later checkpoint
    /// proves as much.
    private func records(
        _ block: StoredBlock, _ reader: TileReader, _ session: PostgresSession, isWanted: (KeyID) -> Bool
    ) throws -> [ReceiptRecord]? {
        let row = try session.query(
            "SELECT height FROM note WHERE height >= $1 ORDER BY height LIMIT 1",
            [.int(Int64(bitPattern: block.finalBlock.height.value))]
        ).first
        let height = try row.map { BlockHeight(UInt64(bitPattern: try $0.int(0))) }
        guard let height, let note = try note(height, session) else { return nil }
        let checkpoint = try Checkpoint(parsing: note.text)
        let records = try ReceiptBuilder.records(
            of: block.receiptBlock(treeSize: checkpoint.size), note: note, networkID: genesis.networkID,
            isWanted: isWanted, node: reader.node)
        for record in records { try requireProven(record, block, checkpoint) }
        return records
    }

    /// Checks a receipt as its reader will, since the tiles that it is made of may have been edited.
    private func requireProven(
        _ record: ReceiptRecord, _ block: StoredBlock, _ checkpoint: Checkpoint
    ) throws {
        let leafHashes = block.finalBlock.submissions.filter { $0.keyID == record.keyID }
            .flatMap(\.leafHashes)
        let proof = RangeProof(
            first: record.firstIndex, count: UInt64(leafHashes.count), treeSize: checkpoint.size,
            left: record.left, right: record.right)
        do {
            _ = try proof.verify(leafHashes: leafHashes, checkpoint: checkpoint)
        } catch {
            throw StoreFault.contradiction("the tiles around block \(record.height)")
        }
    }

    /// Reads a block whose entries give the root that a quorum signed; nil when there is none.
    func verifiedBlock(
        _ height: BlockHeight, _ reader: TileReader, _ session: PostgresSession
    ) throws -> StoredBlock? {
        let row = try session.query(
            "SELECT \(StoredBlock.columns) FROM block WHERE height = $1",
            [.int(Int64(bitPattern: height.value))]
        ).first
        guard let row else { return nil }
        let block = try StoredBlock(row, history: network.current)
        try block.verify(on: reader, origin: genesis.origin)
        return block
    }

    /// The note of a height; nil while there is none.
    ///
    /// - Throws: `StoreFault` with a halt when the row contradicts itself; `PostgresFault`.
    package func note(_ height: BlockHeight) async throws -> SignedNote? {
        try await pool.query { session in try note(height, session) }
    }

    /// The newest height whose row holds a block that a quorum decided; what lies above it is none.
    ///
    /// - Throws: `PostgresFault`.
    package func certifiedHeight() async throws -> BlockHeight {
        let verifier = MessageVerifier(history: network.current)
        return try await pool.query { session in
            var below = Int64.max
            while let row = try session.query(
                "SELECT height, final_block FROM block WHERE height < $1 ORDER BY height DESC LIMIT 1",
                [.int(below)]
            ).first {
                below = try row.int(0)
                if let block = try? FinalBlock(decoding: try row.bytes(1)), verifier.verify(block) != nil {
                    // The row may have been moved, so its block says where it belongs.
                    return block.height
                }
            }
            return BlockHeight(0)
        }
    }

    /// The newest note.
    func newestNote(_ session: PostgresSession) throws -> HeightNote? {
        let row = try session.query("SELECT height FROM note ORDER BY height DESC LIMIT 1").first
        guard let height = try row.map({ BlockHeight(UInt64(bitPattern: try $0.int(0))) }) else { return nil }
        return try note(height, session).map { HeightNote(height: height, note: $0) }
    }

    /// The note of a height, which a quorum cosigned; nil while it is not stored.
    func note(_ height: BlockHeight, _ session: PostgresSession) throws -> SignedNote? {
        let row = try session.query(
            "SELECT note FROM note WHERE height = $1", [.int(Int64(bitPattern: height.value))]
        ).first
        guard let text = try row?.text(0) else { return nil }
        do {
            let note = try SignedNote(parsing: text)
            _ = try network.current.state(at: height).verify(note)
            return note
        } catch {
            throw StoreFault.contradiction("the note of height \(height)")
        }
    }
}
