package import Model

/// Figures of one process's messaging, for metrics and readiness; at most a second or two old.
package struct MessagingStatistics: Sendable {
    /// Whether this process does the leader's work: relay, finality, publication and heartbeats.
    package var isLeader = false
    /// Events that no submission holds yet.
    package var outboxUnsentCount = 0
    /// Events accepted and not yet final, those in submissions included.
    package var outboxCount = 0
    /// How long the oldest event that no submission holds has waited; 0 when there is none.
    package var oldestUnsentAgeMilliseconds: Int64 = 0
    /// How long the oldest event that is not final has waited; 0 when there is none.
    package var oldestNotFinalAgeMilliseconds: Int64 = 0
    /// Submissions sent and not yet final; only the leader knows.
    package var submissionsInFlightCount = 0
    /// Events published, pending and final counted apart, since the process started.
    package var publishedCount = 0
    /// Events that became final since the process started, as this leader verified them.
    package var finalCount = 0
    /// Records that the consumers of a topic have not read yet, over all partitions.
    package var lag: [Topic: Int64] = [:]
    /// Events that handlers applied since the process started.
    package var consumedCount = 0
    /// Records whose number was applied before.
    package var duplicateCount = 0
    /// Times a gap or a mismatch sent a consumer back to the beginning.
    package var gapCount = 0
    /// Records refused because they were not what their producer signed.
    package var refusedRecordCount = 0
    /// Records parked since the process started.
    package var parkedCount = 0
    /// Receipts that did not verify.
    package var invalidReceiptCount = 0
    /// Receipts of submissions that the schema does not know: forged, or a first sign of a restored backup.
    package var unknownReceiptCount = 0
    /// Refusals of this service's submissions that validators signed.
    package var refusalCount = 0
    /// Transient errors that were tried again.
    package var retryCount = 0

    /// The longest time that an event may take to become final before it counts as overdue.
    package static let overdueMilliseconds: Int64 = 30_000

    /// Whether an accepted event has waited too long for finality: ledger or broker withholds it.
    package var isOverdue: Bool { oldestNotFinalAgeMilliseconds > Self.overdueMilliseconds }

    /// Starts with nothing counted.
    package init() {}
}

/// Says whether a process's messaging works, and if not, why.
package struct MessagingReadiness: Hashable, Sendable {
    /// Sentences that name what does not work; empty when all does.
    package let problems: [String]

    /// Whether nothing stands in the way.
    package var isReady: Bool { problems.isEmpty }

    /// States the problems.
    package init(problems: [String]) { self.problems = problems }
}
