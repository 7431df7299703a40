package import LedgerCore
import LedgerProtocol
import Merkle
package import Model
import Postgres

/// Verifies everything that a validator has stored, again and again, and repairs what does not fit.
///
/// Two cursors take turns: one passes over everything from genesis on, the other over what was written
/// lately. It belongs to one task.
package struct Scrubber: Sendable {
    private static let marksApart: UInt64 = 16
    private static let tailHeights: UInt64 = 64
    private static let tailLeaves: UInt64 = 32_768
    private static let idleMilliseconds: Int64 = 100
    private static let missedGapsMax = 16
    private static let retryMilliseconds: Int64 = 2_000

    /// Where damage is named.
    package let board: DamageBoard
    private let store: BlockStore
    private let settings: ValidatorSettings
    private let mender: StoreMender
    private let pace: ScrubPace
    private var memory: ScrubMemory
    private var sideTables = SideTables()
    private var witnessTables: WitnessTables
    // The chain at heights near the end, the oldest first, from which what was written lately is verified.
    private var marks: [LedgerReplay]
    private var pass: ScanCursor?
    private var tail: ScanCursor?
    // Notes that nobody had; after some of them the rest, too, is taken to have never been.
    private var missedGapCount = 0
    private var passBegan: Int64 = 0
    private var passAt: Int64 = 0
    private var tailAt: Int64 = 0
    private var sideAt: Int64 = 0

    /// Makes a scrubber of a store; nil as origin is a store that could not be loaded.
    package init(
        store: BlockStore, settings: ValidatorSettings, origin: ValidatorCore.Origin?, peers: PeerReader,
        witness: (settings: WitnessSettings, memory: WitnessMemory), pace: ScrubPace, board: DamageBoard
    ) {
        witnessTables = WitnessTables(settings: witness.settings, memory: witness.memory)
        self.store = store
        self.settings = settings
        self.pace = pace
        self.board = board
        mender = StoreMender(store: store, settings: settings, peers: peers)
        memory = ScrubMemory(startHeight: origin?.chain.height.value ?? 0)
        marks = [
            origin.map { LedgerReplay(origin: $0) }
                ?? LedgerReplay(genesis: settings.genesis)
        ]
    }

    /// Passes over everything at once, without rest.
    ///
    /// - Parameter through: the height up to which the store holds every block.
    /// - Returns: what was found, repaired or not.
    /// - Throws: `PostgresFault`.
    package mutating func passOverEverything(through: BlockHeight) async throws -> [StoreDamage] {
        var damages = try await scrubSideTables(through: through)
        var cursor = firstCursor
        var isOver = false
        while !isOver {
            let scan = try await scan(from: cursor, recognises: true, through: through)
            damages += scan.damages
            cursor = scan.cursor
            isOver = scan.isOver
        }
        memory.finishedPass(through: cursor.height.value)
        return damages
    }

    /// Does a little of what is due.
    ///
    /// - Parameters:
    ///   - through: the height up to which the store holds every block.
    ///   - now: milliseconds of uptime.
    /// - Returns: the milliseconds to rest, so that the share of a core is kept.
    /// - Throws: `PostgresFault`.
    mutating func turn(through: BlockHeight, at now: Int64) async throws -> Int64 {
        if board.takeRing() { (passAt, tailAt, sideAt) = (now, now, now) }
        let started = ContinuousClock.now
        var isNew = false
        if sideAt <= now {
            sideAt = now + pace.passMilliseconds
            _ = try await scrubSideTables(through: through)
        } else if tail != nil || tailAt <= now {
            try await turnTail(through: through, at: now)
        } else if pass != nil || passAt <= now {
            isNew = try await turnPass(through: through, at: now)
        } else {
            return Self.idleMilliseconds
        }
        let (seconds, attoseconds) = (ContinuousClock.now - started).components
        let busy = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return max(1, pace.restMicroseconds(afterBusy: busy, isNew: isNew) / 1_000)
    }

    private mutating func turnTail(through: BlockHeight, at now: Int64) async throws {
        let scan = try await scan(from: tail ?? ScanCursor(marks[0]), recognises: false, through: through)
        tail = scan.isOver ? nil : scan.cursor
        if tail == nil { tailAt = now + pace.tailMilliseconds }
        mark(scan.cursor.replay)
    }

    /// - Returns: whether it went over heights by which no pass has come before.
    private mutating func turnPass(through: BlockHeight, at now: Int64) async throws -> Bool {
        if pass == nil { passBegan = now }
        let scan = try await scan(from: pass ?? firstCursor, recognises: true, through: through)
        pass = scan.isOver ? nil : scan.cursor
        let isNew = memory.isNew(scan.cursor.height.value)
        guard scan.isOver else { return isNew }
        passAt = max(now, passBegan + pace.passMilliseconds)
        guard scan.isAtTip else {
            passAt = now + Self.retryMilliseconds
            return isNew
        }
        memory.finishedPass(through: scan.cursor.height.value)
        board.finishedPass(after: .milliseconds(now - passBegan))
        return isNew
    }

    /// What the next pass recognises instead of verifying it.
    package var sound: SoundStretches { memory.sound }

    private var firstCursor: ScanCursor { ScanCursor(LedgerReplay(genesis: settings.genesis)) }

    private mutating func mark(_ replay: LedgerReplay) {
        let (height, size) = (replay.chain.height.value, replay.chain.tree.size)
        guard let newest = marks.last, height >= newest.chain.height.value + Self.marksApart else { return }
        marks.append(replay)
        while marks.count > 1,
            marks[1].chain.height.value + Self.tailHeights <= height
                || marks[0].chain.tree.size + Self.tailLeaves < size
        {
            marks.removeFirst()
        }
    }

    private mutating func scrubSideTables(through: BlockHeight) async throws -> [StoreDamage] {
        let damages = try await sideTables.scrub(store)
        board.report(damages)
        let witnessDamages = try await witnessTables.scrub(store, through: through)
        board.report(witnessDamages)
        return damages + witnessDamages
    }

    /// Scans for the time of one chunk, and brings back what was lost, as far as others have it.
    private mutating func scan(
        from cursor: ScanCursor, recognises: Bool, through: BlockHeight
    ) async throws -> LedgerScan {
        let request = LedgerScan(from: cursor, recognises: recognises, memory: memory)
        let settings = settings
        let deadline = ContinuousClock.now + .milliseconds(pace.chunkMilliseconds)
        var scan = try await store.pool.transaction { session in
            var scanner = LedgerScanner(session, settings: settings, scan: request)
            try scanner.run(through: through, until: deadline)
            return scanner.scan
        }
        memory = scan.memory
        board.report(scan.damages)
        let lostNotes = Set(scan.lostNotes.filter { !$0.wasNeverSeen }.map(\.block.height))
        board.sawSound(after: cursor.height, through: scan.cursor.height, except: lostNotes)
        try await restore(scan.lostNotes)
        if let lost = scan.lostBlock {
            board.want(lost.damage, at: lost.height)
            if try await mender.restore(lost, on: scan.cursor.replay) {
                board.restored(.block, at: lost.height)
                scan.lostBlock = nil
            }
        }
        return scan
    }

    /// Asks until one is not to be had: the next pass asks again, and others must not wait for it.
    private mutating func restore(_ lostNotes: [LedgerScan.LostNote]) async throws {
        var isAnswered = true
        for lost in lostNotes {
            if !lost.wasNeverSeen { board.want(lost.damage(.wanted), at: lost.block.height) }
            guard isAnswered, !lost.wasNeverSeen || missedGapCount < Self.missedGapsMax else { continue }
            isAnswered = try await mender.restore(lost)
            switch (isAnswered, lost.wasNeverSeen) {
            case (true, true): board.report([lost.damage(.rewritten)])
            case (true, false): board.restored(.note, at: lost.block.height)
            case (false, true): missedGapCount += 1
            case (false, false): break
            }
        }
    }
}
