import LedgerCore
import LedgerProtocol
import Logging
import Model
import ServiceRuntime
import Synchronization

/// What a ledger process shows at `/metrics`, and says in its log about itself and others.
final class LedgerMetrics: Sendable {
    let refusedMessages: Metrics.Counter
    let unsentMessages: Metrics.Counter
    let droppedQuestions: Metrics.Counter
    let sentPeerMessages: Metrics.Counter
    let unsentPeerMessages: Metrics.Counter
    let receivedPeerMessages: Metrics.Counter
    let fetchedBlocks: Metrics.Counter
    private let registry: Metrics
    private let messages: Metrics.Counter
    private let evidence: Metrics.Counter
    private let decidedSeconds: Metrics.Histogram
    private let commitSeconds: Metrics.Histogram
    private let logger: Logger
    private let status = Mutex<ValidatorStatus?>(nil)
    private let isStoreReachable = Atomic(true)
    private let overdueAlarm = Mutex(OverdueAlarm())
    private let halt = Mutex<String?>(nil)

    init(_ metrics: Metrics, logger: Logger) {
        self.logger = logger
        registry = metrics
        sentPeerMessages = metrics.counter(
            "ledger_peer_sent_messages_total", help: "Messages that other validators took over HTTP.")
        unsentPeerMessages = metrics.counter(
            "ledger_peer_unsent_messages_total",
            help: "Messages that other validators did not take over HTTP, or for which there was no room.")
        receivedPeerMessages = metrics.counter(
            "ledger_peer_received_messages_total", help: "Verified messages that came over HTTP.")
        fetchedBlocks = metrics.counter(
            "ledger_fetched_blocks_total", help: "Final blocks fetched from other validators.")
        messages = metrics.counter(
            "ledger_messages_total", help: "Verified messages from the bus.", labels: ["kind"])
        refusedMessages = metrics.counter(
            "ledger_refused_messages_total", help: "Records of the bus that are no message or do not verify.")
        unsentMessages = metrics.counter(
            "ledger_unsent_messages_total", help: "Messages that the bus had no room for.")
        droppedQuestions = metrics.counter(
            "ledger_dropped_questions_total", help: "Questions of others for which there was no room.")
        evidence = metrics.counter("ledger_evidence_total", help: "Validators seen to vote twice.")
        decidedSeconds = metrics.histogram(
            "ledger_submission_decided_seconds", help: "From the arrival of a submission to its final block.")
        commitSeconds = metrics.histogram(
            "ledger_commit_seconds", help: "From the decision on a block to its commit.")
        let gauges: [(String, String, @Sendable (ValidatorStatus) -> Double)] = [
            ("ledger_height", "The height of the newest final block.", { Double($0.height.value) }),
            (
                "ledger_committed_height", "The height that the store holds.",
                { Double($0.committedHeight.value) }
            ),
            ("ledger_tree_size", "The number of leaves of the log.", { Double($0.treeSize) }),
            ("ledger_round", "The round of the height under way.", { Double($0.round) }),
            ("ledger_mempool_submissions", "Submissions that wait for a block.", { Double($0.mempoolCount) }),
            ("ledger_mempool_bytes", "Their bytes.", { Double($0.mempoolBytes) }),
            (
                "ledger_dropped_evidence", "Double votes of validators whose fault was proven often enough.",
                { Double($0.droppedEvidenceCount) }
            ),
            (
                "ledger_overdue_submissions", "Submissions held for too long without being final.",
                { Double($0.overdue.count) }
            ),
            (
                "ledger_overdue_oldest_seconds", "For how long the oldest of them has been held.",
                { Double($0.overdue.oldestMilliseconds) / 1_000 }
            ),
            (
                "ledger_validators_heard", "Validators heard within 5 s, this one too.",
                { Double($0.heardCount) }
            ),
        ]
        metrics.gauge("ledger_halted", help: "Whether the validator signs nothing any more.") { [weak self] in
            self.map { $0.haltText == nil ? 0 : 1 }
        }
        for (name, help, read) in gauges {
            metrics.gauge(name, help: help) { [weak self] in self?.status.withLock { $0 }.map(read) }
        }
    }

    func showBusSuspicion(_ read: @escaping @Sendable () -> Double?) {
        registry.gauge(
            "ledger_bus_suspect", help: "Whether messages take the direct way too, as the bus may withhold.",
            read: read)
    }

    /// Whether the last write to the store succeeded.
    var storeIsReachable: Bool { isStoreReachable.load(ordering: .relaxed) }

    func storeIsReachable(_ isReachable: Bool) { isStoreReachable.store(isReachable, ordering: .relaxed) }

    func show(_ status: ValidatorStatus) {
        self.status.withLock { $0 = status }
        guard overdueAlarm.withLock({ $0.isNews(status.overdue) }) else { return }
        guard status.overdue.count > 0 else {
            logger.notice("no submission is overdue any more")
            return
        }
        logger.error(
            "submissions are overdue: validators or the bus may be keeping them out of blocks",
            metadata: [
                "count": "\(status.overdue.count)",
                "oldestSeconds": "\(status.overdue.oldestMilliseconds / 1_000)",
            ])
    }

    /// Why the validator does not work any more, if it does not.
    var haltText: String? { halt.withLock { $0 } }

    func halted(_ fault: StoreFault) {
        halt.withLock { $0 = fault.description }
        logger.critical(
            "the validator signs nothing any more", metadata: ["cause": .string(fault.description)])
    }

    func decided(waitsMilliseconds: [Int64]) {
        for wait in waitsMilliseconds { decidedSeconds.observe(Double(wait) / 1_000) }
    }

    func committed(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        commitSeconds.observe(Double(seconds) + Double(attoseconds) / 1e18)
    }

    func report(_ doubleVote: DoubleVote) {
        evidence.increment()
        let vote = doubleVote.first
        logger.critical(
            "a validator voted twice; both votes are kept as evidence",
            metadata: [
                "validator": "\(vote.validator)", "height": "\(vote.height)", "round": "\(vote.round)",
                "step": "\(vote.step)",
            ])
    }

    func count(_ message: InboundMessage) {
        switch message {
        case .submission: messages.increment("submission")
        case .refused: messages.increment("refused submission")
        case .proposal: messages.increment("proposal")
        case .vote: messages.increment("vote")
        case .cosignature: messages.increment("cosignature")
        case .query: messages.increment("query")
        case .status: messages.increment("status")
        case .finalBlock, .settledBlock: messages.increment("final block")
        case .doubleVote: messages.increment("double vote")
        }
    }
}
