import LedgerCore
import LedgerProtocol
import Logging
import Model
import Postgres
import TransparencyLog

/// What the store is given to write, in order.
enum StoreWork: Sendable {
    /// Blocks that follow on each other; more than one while this validator catches up.
    case commit([BlockCommit])
    case keep(SignedNote, BlockHeight)
    case evidence(DoubleVote)
    /// The validator ended; so does the writer.
    case fail(any Error)
}

/// Writes blocks in their order, one transaction for what is decided together, and the notes with the next
/// block.
struct StoreWriter: Sendable {
    // A restart of Postgres takes seconds; the pause stays short so that the validator is back at once.
    private static let firstPauseMilliseconds = 50
    private static let longestPauseMilliseconds = 1_000

    let store: BlockStore
    let validator: Validator
    let published: PublishedLog
    let metrics: LedgerMetrics
    let board: DamageBoard
    let logger: Logger

    /// Runs until the work ends or the task is cancelled.
    ///
    /// - Throws: what makes the store unusable, or what ended the validator.
    func run(_ work: AsyncStream<StoreWork>) async throws {
        var notes: [BlockHeight: SignedNote] = [:]
        for await item in work {
            switch item {
            case .commit(let commits):
                guard let newest = commits.last?.block.height else { continue }
                CrashPoint.blockDecided.pass()
                let started = ContinuousClock.now
                let waiting = notes
                try await persistently { try await store.append(commits, notes: waiting) }
                notes = [:]
                CrashPoint.blockStored.pass()
                metrics.committed(after: ContinuousClock.now - started)
                for commit in commits { published.stored(commit.block) }
                try await validator.committed(newest)
            case .keep(let note, let height):
                notes[height] = note
                published.noted(note, height)
                // A network at work stores notes with blocks; one that stands still stores the last ones
                // alone.
                let waiting = notes
                let isIdle = await validator.status().isIdle
                guard isIdle || waiting.count > Self.notesMax else { continue }
                try await persistently { try await store.keep(waiting) }
                notes = [:]
            case .evidence(let evidence):
                try await persistently { try await store.keep(evidence) }
            case .fail(let error): throw error
            }
        }
        try Task.checkCancellation()
    }

    /// The block waits until the scrubber has removed or restored what is in its way.
    private func reportDamage(_ cause: String) {
        board.ring()
        metrics.storeIsReachable(false)
        logger.error("the store does not take a block until it is repaired", metadata: ["cause": "\(cause)"])
    }

    private static let notesMax = 64

    /// Tries again while the database is away: a decided block is stored, however long that takes.
    private func persistently(_ body: () async throws -> Void) async throws {
        var pause = Self.firstPauseMilliseconds
        while true {
            do {
                try await body()
                metrics.storeIsReachable(true)
                return
            } catch let fault as PostgresFault where fault.isTransient && fault.reason != .closed {
                // The write is done again also after a commit of unknown outcome: what is stored changes
                // nothing.
                metrics.storeIsReachable(false)
                logger.warning("the store does not take a write", metadata: ["cause": "\(fault)"])
            } catch let fault as StoreFault where fault.halt == nil {
                reportDamage("\(fault)")
            } catch let fault as PostgresFault where fault.isUniqueViolation {
                // A row that nobody here wrote is in the place of one of this block.
                reportDamage("\(fault)")
            }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, Self.longestPauseMilliseconds)
        }
    }
}
