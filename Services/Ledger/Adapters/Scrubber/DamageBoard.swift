package import LedgerCore
package import Logging
import Model
package import ServiceRuntime
import Synchronization

/// Where damage of the store is named: in the log, in metrics and in the readiness of the process.
package final class DamageBoard: Sendable {
    private struct Wanted: Hashable {
        let table: StoreTable
        let height: UInt64
    }

    private let wanted = Mutex<[Wanted: StoreDamage]>([:])
    private let rung = Atomic(false)
    private let found: Metrics.Counter
    private let repaired: Metrics.Counter
    private let passes: Metrics.Counter
    private let passSeconds: Metrics.Gauge
    private let logger: Logger

    /// Registers the metrics.
    package init(_ metrics: Metrics, logger: Logger) {
        self.logger = logger
        found = metrics.counter(
            "ledger_damaged_rows_total", help: "Stored rows that were not what was stored.", labels: ["table"]
        )
        repaired = metrics.counter(
            "ledger_repaired_rows_total", help: "Damaged rows that were restored or removed.",
            labels: ["table"])
        passes = metrics.counter(
            "ledger_scrub_passes_total", help: "Passes of the scrubber over everything stored.")
        passSeconds = metrics.gauge(
            "ledger_scrub_pass_seconds", help: "How long the last pass over everything stored took.")
        metrics.gauge("ledger_unrepaired_rows", help: "Damaged rows that wait for their repair.") {
            [weak self] in self.map { Double($0.wanted.withLock { $0.count }) }
        }
    }

    /// The damage that waits for its repair, the lowest height first.
    package var unrepaired: [StoreDamage] {
        wanted.withLock { wanted in wanted.sorted { $0.key.height < $1.key.height }.map(\.value) }
    }

    /// Whether this validator must not sign: the chain that it signs for cannot be read back.
    package var holdsSigning: Bool {
        wanted.withLock { wanted in wanted.keys.contains { $0.table == .block } }
    }

    /// Says that a read or a write met something that does not fit.
    ///
    /// While damage is known that nobody can repair, asking for the row must not cost more than the share.
    func ring() {
        if wanted.withLock({ $0.isEmpty }) { rung.store(true, ordering: .relaxed) }
    }

    /// Whether somebody has rung and nobody has looked yet.
    var isRung: Bool { rung.load(ordering: .relaxed) }

    /// Whether somebody has rung since the last time.
    func takeRing() -> Bool { rung.exchange(false, ordering: .relaxed) }

    /// Names damage that was found; what is wanted for long is named once.
    func report(_ damages: [StoreDamage]) {
        for damage in damages where damage.remedy != .wanted {
            found.increment(damage.table.rawValue)
            if damage.remedy != .lost { repaired.increment(damage.table.rawValue) }
            log(damage)
        }
    }

    /// Names damage that waits for its repair.
    func want(_ damage: StoreDamage, at height: BlockHeight) {
        let isNew = wanted.withLock { wanted in
            wanted.updateValue(damage, forKey: Wanted(table: damage.table, height: height.value)) == nil
        }
        guard isNew else { return }
        found.increment(damage.table.rawValue)
        log(damage)
    }

    /// Says that a row is what it was again.
    func restored(_ table: StoreTable, at height: BlockHeight) {
        let known = wanted.withLock { wanted in
            wanted.removeValue(forKey: Wanted(table: table, height: height.value))
        }
        guard known != nil else { return }
        repaired.increment(table.rawValue)
        logger.notice(
            "a damaged row was restored", metadata: ["table": "\(table.rawValue)", "height": "\(height)"])
    }

    /// Says that heights were verified, so that what was wanted of them is there again; some notes aside.
    func sawSound(after first: BlockHeight, through last: BlockHeight, except lostNotes: Set<BlockHeight>) {
        let known = wanted.withLock { Array($0.keys) }
        for key in known where key.height > first.value && key.height <= last.value {
            let height = BlockHeight(key.height)
            if key.table != .note || !lostNotes.contains(height) { restored(key.table, at: height) }
        }
    }

    /// Says that everything was looked at once more.
    func finishedPass(after duration: Duration) {
        passes.increment()
        let (seconds, attoseconds) = duration.components
        passSeconds.set(Double(seconds) + Double(attoseconds) / 1e18)
    }

    private func log(_ damage: StoreDamage) {
        logger.critical(
            "a stored row is not what was stored",
            metadata: [
                "table": "\(damage.table.rawValue)", "key": "\(damage.key)", "reason": "\(damage.reason)",
                "remedy": "\(damage.remedy.rawValue)",
            ])
    }
}
