import Cryptography
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import Postgres
import TransparencyLog

/// Verifies blocks in their order, holds every row that belongs to them against them, and writes again what
/// follows from them and differs; all in one snapshot. Stretches that verified before are only recognised.
struct LedgerScanner {
    // About what is read at once; blocks have up to 900,000 bytes.
    private static let batchBytes = 2_000_000
    private static let batchHeightsMax = 64
    // Notes of so many heights may still be on their way.
    private static let newHeights: UInt64 = 64
    // Notes that perhaps never were are asked for a few at a time.
    private static let gapsAtOnce = 16

    private let session: PostgresSession
    private let settings: ValidatorSettings
    private(set) var scan: LedgerScan
    private var heightsAtOnce = 8

    init(_ session: PostgresSession, settings: ValidatorSettings, scan: LedgerScan) {
        self.session = session
        self.settings = settings
        self.scan = scan
    }

    private var logKey: PublicSigningKey { settings.keys.log.publicKey }

    private struct Row {
        let block: BlockRow
        let note: [UInt8]?

        var mark: VerifiedRows.Mark {
            VerifiedRows.Mark(
                height: block.height, finalBlock: block.finalBlock, cosignature: block.cosignature, note: note
            )
        }
    }

    /// Goes on until the time is over, a block is lost, or the end is reached.
    ///
    /// - Parameter through: the height up to which the store surely holds every block; the snapshot of the
    ///   session must begin after that is known.
    mutating func run(through: BlockHeight, until deadline: ContinuousClock.Instant) throws {
        try session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        while scan.lostBlock == nil, !scan.isAtTip {
            try step(through: through)
            // The last blocks and what lies behind them are judged in the same snapshot.
            if scan.cursor.height < through, ContinuousClock.now >= deadline { return }
        }
        if scan.isAtTip { try removeStrays() }
    }

    /// Verifies some blocks, none of them in a known stretch unless all of it.
    private mutating func takeBatch(before known: SoundStretches.Stretch?, through: BlockHeight) throws {
        let before = scan.cursor.replay.chain
        let first = before.height.next
        let count = heightCount(from: first, before: known)
        let rows = try rows(from: first, count: count)
        let keys = try keyRows(from: first, count: count)
        let findingCount = scan.findingCount
        var tiles: [FullTile] = []
        var byteCount = 1
        for place in 0..<count {
            let expected = scan.cursor.height.next
            let row = rows.indices.contains(place) ? rows[place] : nil
            guard let row, row.block.height == expected.value else {
                end(expected, "the row is missing", row: nil, through: through)
                break
            }
            let commit: BlockCommit
            let mark = row.mark
            let isVerified = scan.memory.verified.holds(mark, at: row.block.height)
            do throws(LedgerReplay.Refusal) {
                commit = try scan.cursor.advance(decoding: row.block.finalBlock, isVerified: isVerified)
            } catch {
                end(expected, error.description, row: row.block, through: through)
                break
            }
            tiles += commit.tiles
            byteCount += row.block.finalBlock.count
            let findingCount = scan.findingCount
            try judge(
                row, keys[expected.value] ?? [], commit, isVerified: isVerified, through: through)
            if !isVerified, scan.findingCount == findingCount {
                scan.memory.verified.remember(mark, at: row.block.height)
            }
        }
        try judge(tiles)
        let perHeight = byteCount / max(1, Int(scan.cursor.height.next.value - first.value))
        heightsAtOnce = min(Self.batchHeightsMax, max(1, Self.batchBytes / max(1, perHeight)))
        let isSettled = rows.allSatisfy {
            $0.note != nil || $0.block.height + Self.newHeights < through.value
        }
        if rows.count == count, isSettled, scan.findingCount == findingCount {
            try remember(after: before, unlessIn: known)
        }
    }

    /// What is not there, or no block, is lost up to the height that was stored; beyond it, it is the end.
    private mutating func end(
        _ height: BlockHeight, _ reason: String, row: BlockRow?, through: BlockHeight
    ) {
        guard height <= through else {
            scan.isAtTip = true
            return
        }
        let lost = LedgerScan.LostBlock(height: height, reason: reason, cosignature: row?.cosignature)
        scan.lostBlock = lost
        scan.damages.append(lost.damage)
    }

    private mutating func report(
        _ table: StoreTable, _ height: BlockHeight, _ reason: String, _ remedy: StoreDamage.Remedy
    ) {
        scan.damages.append(StoreDamage(table, key: "height \(height)", reason: reason, remedy: remedy))
    }
}

/// What is passed over because it verified before.
extension LedgerScanner {
    /// Passes over what is known and still the same; goes back to a replay, or verifies, where nothing is.
    private mutating func step(through: BlockHeight) throws {
        let height = scan.cursor.height
        let known = scan.recognises ? scan.memory.sound.first(above: height) : nil
        if let known, scan.cursor.mayPassOver, known.span.heights.lowerBound == height.next.value {
            if try StretchReader(session: session).digest(of: known.span) == known.digest {
                return scan.cursor.passOver(known)
            }
            scan.memory.sound.forget(known)
        }
        guard scan.cursor.isAtReplay else {
            let replay = scan.memory.sound.replay(notBeyond: height)
            return scan.cursor.goBack(to: replay ?? LedgerReplay(genesis: settings.genesis))
        }
        try takeBatch(before: known, through: through)
    }

    /// As many heights as are read at once, up to the next known stretch or as many as that has.
    private func heightCount(from first: BlockHeight, before known: SoundStretches.Stretch?) -> Int {
        guard let heights = known?.span.heights else { return heightsAtOnce }
        return first.value < heights.lowerBound
            ? min(heightsAtOnce, Int(heights.lowerBound - first.value)) : heights.count
    }

    /// Remembers what verified since a block, all of it in this snapshot.
    private mutating func remember(
        after before: ChainHead, unlessIn known: SoundStretches.Stretch?
    ) throws {
        let head = scan.cursor.replay.chain
        guard scan.recognises, scan.lostBlock == nil, !scan.isAtTip,
            known?.span.heights.contains(head.height.value) != true
        else { return }
        let span = SoundStretches.Span(
            heights: before.height.next.value...head.height.value, leaves: before.tree.size..<head.tree.size)
        let digest = try StretchReader(session: session).digest(of: span)
        scan.memory.sound.remember(
            SoundStretches.Stretch(span, digest: digest), replay: scan.cursor.replay)
    }
}

/// What is read.
extension LedgerScanner {
    private func rows(from first: BlockHeight, count: Int) throws -> [Row] {
        try session.query(
            """
            SELECT height, first_index, tree_size, block_hash, checkpoint, cosignature, final_block, note.note
            FROM block LEFT JOIN note USING (height) WHERE height >= $1 ORDER BY height LIMIT $2
            """, [.int(Int64(bitPattern: first.value)), .int(Int64(count))]
        ).map { row in
            Row(
                block: BlockRow(
                    height: UInt64(bitPattern: try row.int(0)),
                    firstIndex: UInt64(bitPattern: try row.int(1)),
                    treeSize: UInt64(bitPattern: try row.int(2)), blockHash: try row.bytes(3),
                    checkpoint: [UInt8](try row.text(4).utf8), cosignature: try row.bytesOrNull(5),
                    finalBlock: try row.bytes(6)),
                note: try row.textOrNull(7).map { [UInt8]($0.utf8) })
        }
    }

    private func keyRows(from first: BlockHeight, count: Int) throws -> [UInt64: [KeyRow]] {
        let rows = try session.query(
            """
            SELECT height, key_id, first_sequence, next_sequence, first_index FROM key_block
            WHERE height >= $1 AND height < $2 ORDER BY height, key_id
            """, [.int(Int64(bitPattern: first.value)), .int(Int64(bitPattern: first.value + UInt64(count)))])
        var keys: [UInt64: [KeyRow]] = [:]
        for row in rows {
            keys[UInt64(bitPattern: try row.int(0)), default: []].append(
                KeyRow(
                    keyID: try row.bytes(1), firstSequence: UInt64(bitPattern: try row.int(2)),
                    nextSequence: UInt64(bitPattern: try row.int(3)),
                    firstIndex: UInt64(bitPattern: try row.int(4))))
        }
        return keys
    }
}

/// What is compared, and written again.
extension LedgerScanner {
    private mutating func judge(
        _ row: Row, _ keys: [KeyRow], _ commit: BlockCommit, isVerified: Bool, through: BlockHeight
    ) throws {
        let block = commit.block
        let note = row.note.map { isVerified ? .sound : NoteRow($0, block: block, logKey: logKey) }
        try judgeBlock(row, commit, isVerified: isVerified)
        if keys != KeyRow.rows(of: block) {
            report(.keyBlock, block.height, "the rows are not those of its block", .rewritten)
            try session.execute(
                "DELETE FROM key_block WHERE height = $1", [.int(Int64(bitPattern: block.height.value))])
            try BlockStore.insertRuns(of: block, session)
        }
        try judgeNote(note, block, through: through)
        scan.memory.saw(block.height.value)
    }

    private mutating func judgeBlock(_ whole: Row, _ commit: BlockCommit, isVerified: Bool) throws {
        let height = commit.block.height
        let row = whole.block
        var cosignature = row.cosignature
        let isGone = scan.memory.isCosignatureGone(height.value, isStored: cosignature != nil)
        let isForeign =
            cosignature.map {
                !isVerified
                    && (try? CosignatureMessage(decoding: $0))?.isOwn(of: settings, commit.block) != true
            } ?? false
        if isGone || isForeign {
            let own = whole.note.flatMap {
                NoteRow($0, block: commit.block, logKey: logKey).cosignature(of: settings.validator)
            }
            cosignature = own?.encoded
            report(.block, height, "cosignature is not this validator's", own == nil ? .lost : .rewritten)
            if own == nil { scan.memory.forgetCosignature(height.value) }
        }
        let difference = row.difference(from: commit)
        if let difference { report(.block, height, difference, .rewritten) }
        guard difference != nil || isGone || isForeign else { return }
        try BlockStore.rewrite(commit, cosignature: cosignature, session)
    }

    private mutating func judgeNote(
        _ note: NoteRow?, _ block: BuiltBlock, through: BlockHeight
    ) throws {
        let height = block.height
        let isFirstPass = scan.memory.isFirstPass
        let isGone = scan.memory.isNoteGone(height.value, isStored: note != nil)
        if note?.isSound == true { return }
        if note == nil, !isGone {
            // A newer one is still under way; an older one may have been removed while no process ran.
            let isOld = height.value + Self.newHeights < through.value
            guard isFirstPass, isOld, scan.lostNotes.count < Self.gapsAtOnce else { return }
            return lose(block, [], "there was none when the process started", wasNeverSeen: true)
        }
        let cosignatures = note?.cosignatures ?? []
        let made = CheckpointNote.make(
            checkpointText: block.checkpointText, cosignatures: cosignatures.byValidator,
            logSigner: settings.keys.log, network: block.network)
        let reason = note == nil ? "the row is missing" : "the note is not one of its block"
        try session.execute("DELETE FROM note WHERE height = $1", [.int(Int64(bitPattern: height.value))])
        guard let made else { return lose(block, cosignatures, reason, wasNeverSeen: false) }
        try BlockStore.insert([height: made], session)
        report(.note, height, reason, .rewritten)
    }

    private mutating func lose(
        _ block: BuiltBlock, _ cosignatures: [CosignatureMessage], _ reason: String, wasNeverSeen: Bool
    ) {
        let lost = LedgerScan.LostNote(
            block: block, reason: reason, cosignatures: cosignatures, wasNeverSeen: wasNeverSeen)
        scan.lostNotes.append(lost)
        if !wasNeverSeen { scan.damages.append(lost.damage(.wanted)) }
    }

    private mutating func judge(_ tiles: [FullTile]) throws {
        guard !tiles.isEmpty else { return }
        let rows = try session.query(
            """
            SELECT wanted.place, tile.hashes
            FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS wanted (level, index, place)
            LEFT JOIN tile ON tile.level = wanted.level AND tile.index = wanted.index
            """,
            [.intArray(tiles.map { Int64($0.level) }), .intArray(tiles.map { Int64(bitPattern: $0.index) })])
        var differing: [FullTile] = []
        for row in rows {
            let tile = tiles[Int(try row.int(0)) - 1]
            let stored = try row.bytesOrNull(1)
            guard stored != HashTile.encode(tile.hashes) else { continue }
            differing.append(tile)
            let reason = stored == nil ? "the row is missing" : "the hashes are not those of its entries"
            scan.damages.append(
                StoreDamage(
                    .tile, key: "level \(tile.level), index \(tile.index)", reason: reason, remedy: .rewritten
                ))
        }
        try BlockStore.replace(differing, session)
    }
}

/// What belongs to no block.
extension LedgerScanner {
    /// So many rows are removed at once; the next scan goes on.
    private static let straysMax = 1_000

    private mutating func removeStrays() throws {
        let tip = PostgresValue.int(Int64(bitPattern: scan.cursor.height.value))
        for table in [StoreTable.block, .note, .keyBlock] {
            let rows = try session.query(
                """
                DELETE FROM \(table.rawValue) WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM \(table.rawValue) WHERE height > $1 OR height < 1 LIMIT $2))
                RETURNING height
                """, [tip, .int(Int64(Self.straysMax))])
            for row in rows {
                scan.damages.append(
                    StoreDamage(
                        table, key: "height \(try row.int(0))", reason: "the row belongs to no block",
                        remedy: .removed))
            }
        }
        try removeStrayTiles()
    }

    private mutating func removeStrayTiles() throws {
        let size = scan.cursor.replay.chain.tree.size
        let levels = 0..<TileAccumulator.levelCount(treeSize: size)
        let counts = levels.map {
            Int64(TileAccumulator.hashCount(level: $0, treeSize: size)) / Int64(TilePath.fullWidth)
        }
        let rows = try session.query(
            """
            WITH full_tiles AS (
                SELECT level, count FROM unnest($1::bigint[], $2::bigint[]) AS full_tiles (level, count)
            ), stray AS (
                SELECT ctid FROM tile WHERE level < 0 OR level >= $3
                UNION ALL SELECT tile.ctid FROM full_tiles JOIN tile USING (level) WHERE index >= count
                UNION ALL SELECT tile.ctid FROM full_tiles JOIN tile USING (level) WHERE index < 0
            )
            DELETE FROM tile WHERE ctid = ANY(ARRAY(SELECT ctid FROM stray LIMIT $4))
            RETURNING level, index
            """,
            [
                .intArray(levels.map { Int64($0) }), .intArray(counts), .int(Int64(levels.count)),
                .int(Int64(Self.straysMax)),
            ])
        for row in rows {
            scan.damages.append(
                StoreDamage(
                    .tile, key: "level \(try row.int(0)), index \(try row.int(1))",
                    reason: "the row belongs to no block", remedy: .removed))
        }
    }
}

extension [CosignatureMessage] {
    /// The cosignatures as notes are made of them.
    var byValidator: [ValidatorIndex: Cosignature] {
        Dictionary(map { ($0.validator, $0.cosignature) }, uniquingKeysWith: { first, _ in first })
    }
}
