import Cryptography
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import Postgres
import TransparencyLog

/// Reads the published log for others: tiles, entries and proofs, each verified before it leaves.
package struct LogReader: Sendable {
    let store: BlockStore
    let published: PublishedLog
    private let tiles = VerifiedTiles()
    private let blocks = BlockReader()

    /// Reads a store of which this much is published.
    package init(store: BlockStore, published: PublishedLog) {
        self.store = store
        self.published = published
    }

    /// The bytes of a tile or an entry bundle; nil when the published checkpoint does not call for it.
    ///
    /// - Throws: `StoreFault` with a halt when what is stored is not what was signed; `PostgresFault`.
    func resource(_ path: TilePath) async throws -> [UInt8]? {
        let view = published.view
        guard let size = view.newest?.checkpoint.size, Self.isWithin(path, treeSize: size) else { return nil }
        let (tiles, blocks) = (tiles, blocks)
        return try await store.pool.query { session in
            switch path {
            case .hashes(let level, let index, let width):
                let hashes = try tiles.hashes(
                    level: level, index: index, width: width, in: view, session)
                return HashTile.encode(hashes)
            case .entries(let index, let width):
                let hashes = try tiles.hashes(level: 0, index: index, width: width, in: view, session)
                let first = index << UInt64(TilePath.height)
                let entries = try Self.leaves(from: first, hashes, blocks, session)
                return try EntryBundle.encode(entries)
            }
        }
    }

    /// What a receipt was asked for.
    enum ReceiptAnswer: Sendable {
        case receipt(TlogProof)
        /// The tree of the checkpoint does not reach the index.
        case notCovered
        /// No note is stored for the height.
        case noNote
    }

    /// The receipt of a leaf at the newest checkpoint, or at that of a height.
    ///
    /// - Throws: as `resource` does.
    func receipt(index: UInt64, at height: BlockHeight?) async throws -> ReceiptAnswer {
        let view = published.view
        guard let newest = view.newest else { return .noNote }
        let (store, tiles) = (store, tiles)
        return try await store.pool.query { session in
            var (note, checkpoint) = (newest.note, newest.checkpoint)
            if let height, height != newest.height {
                guard let found = try store.noteOfBlock(height, session) else { return .noNote }
                (note, checkpoint) = found
            }
            guard checkpoint.size <= view.storedSize else { return .noNote }
            guard index < checkpoint.size else { return .notCovered }
            let proof = try ProofBuilder.inclusion(index: index, treeSize: checkpoint.size) {
                try tiles.node(level: $0, index: $1, in: view, session)
            }
            let leafHash = try tiles.node(level: 0, index: index, in: view, session)
            guard (try? proof.verify(leafHash: leafHash, root: checkpoint.root)) != nil else {
                throw StoreFault.contradiction("the note of \(checkpoint.size) leaves")
            }
            return .receipt(TlogProof(index: index, hashes: proof.hashes, checkpoint: note))
        }
    }

    /// The proof that one size of the log is a prefix of another; nil when the checkpoint is smaller.
    ///
    /// - Throws: `MerkleError` when the old size is larger than the new one; else as `resource` does.
    func consistency(oldSize: UInt64, newSize: UInt64) async throws -> ConsistencyProof? {
        let view = published.view
        guard let size = view.newest?.checkpoint.size, max(oldSize, newSize) <= size else { return nil }
        let tiles = tiles
        return try await store.pool.query { session in
            let node = { try tiles.node(level: $0, index: $1, in: view, session) }
            let proof = try ProofBuilder.consistency(oldSize: oldSize, newSize: newSize, node: node)
            guard oldSize > 0 else { return proof }
            let roots = try [oldSize, newSize].map { size in
                let cover = SubtreePosition.cover(0..<size)
                return CompactRange(size: size, hashes: try cover.map { try node($0.level, $0.index) })?
                    .root()
            }
            guard let old = roots[0], let new = roots[1] else { return nil }
            try proof.verify(oldRoot: old, newRoot: new)
            return proof
        }
    }

    /// What a payload was asked for.
    enum PayloadAnswer: Sendable {
        case payload([UInt8])
        /// The entry is private, or it is a block entry: the ledger never had its payload.
        case isPrivate
        /// The published checkpoint does not reach the index.
        case notCovered
    }

    /// The payload of a public entry, which its commitment is checked against.
    ///
    /// - Throws: as `resource` does.
    func payload(index: UInt64) async throws -> PayloadAnswer {
        let view = published.view
        guard let size = view.newest?.checkpoint.size, index < size else { return .notCovered }
        let (tiles, blocks, networkID) = (tiles, blocks, store.genesis.networkID)
        return try await store.pool.query { session in
            guard let block = try blocks.blocks(index..<index + 1, session).first else { return .notCovered }
            let leafHash = try tiles.node(level: 0, index: index, in: view, session)
            let place = Int(index - block.firstIndex)
            guard block.leafHashes[place] == leafHash else {
                throw StoreFault.contradiction("entry \(index)")
            }
            guard let (entry, payload) = block.publicEntry(at: place) else { return .isPrivate }
            guard entry.verify(opening: .zero, payload: payload, networkID: networkID) else {
                throw StoreFault.contradiction("the payload of entry \(index)")
            }
            return .payload(payload)
        }
    }

    /// The bytes of the leaves with these hashes, from the first index on.
    private static func leaves(
        from first: UInt64, _ hashes: [Digest], _ blocks: BlockReader, _ session: PostgresSession
    ) throws -> [[UInt8]] {
        let wanted = first..<first + UInt64(hashes.count)
        var leaves: [[UInt8]] = []
        for block in try blocks.blocks(wanted, session) {
            let own = block.indices.clamped(to: wanted)
            let places = Int(own.lowerBound - block.firstIndex)..<Int(own.upperBound - block.firstIndex)
            let expected = hashes[Int(own.lowerBound - first)..<Int(own.upperBound - first)]
            guard block.leafHashes[places] == expected else {
                throw StoreFault.contradiction("the entries of block \(block.block.height)")
            }
            leaves += block.leaves(places)
        }
        return leaves
    }

    private static func isWithin(_ path: TilePath, treeSize: UInt64) -> Bool {
        let (level, index, width) =
            switch path {
            case .hashes(let level, let index, let width): (level, index, width)
            case .entries(let index, let width): (0, index, width)
            }
        let count = TileAccumulator.hashCount(level: level, treeSize: treeSize)
        let (whole, part) = count.quotientAndRemainder(dividingBy: UInt64(TilePath.fullWidth))
        return index < whole || (index == whole && width <= part)
    }
}

extension ReadBlock {
    /// The entry at a place of the block with its payload; nil for a private entry and the block entry.
    func publicEntry(at place: Int) -> (entry: Entry, payload: [UInt8])? {
        var start = 0
        for submission in block.submissions {
            guard place >= start + submission.entryCount else {
                let entries = submission.entries
                let entry = entries[place - start]
                guard entry.kind.isPublic else { return nil }
                let before = entries[..<(place - start)].count { $0.kind.isPublic }
                return (entry, submission.publicPayloads[before])
            }
            start += submission.entryCount
        }
        return nil
    }
}

extension BlockStore {
    /// The note of a height, held against the block that it is of; nil while it is not stored.
    fileprivate func noteOfBlock(
        _ height: BlockHeight, _ session: PostgresSession
    ) throws -> (note: SignedNote, checkpoint: Checkpoint)? {
        guard let note = try note(height, session) else { return nil }
        let row = try session.query(
            "SELECT tree_size FROM block WHERE height = $1", [.int(Int64(bitPattern: height.value))]
        ).first
        let checkpoint = try Checkpoint(parsing: note.text)
        guard try row?.int(0) == Int64(bitPattern: checkpoint.size) else {
            throw StoreFault.contradiction("the note of height \(height)")
        }
        return (note, checkpoint)
    }
}
