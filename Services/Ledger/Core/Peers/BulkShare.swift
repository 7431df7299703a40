/// Keeps what answering others with old blocks takes to a share of this process's time.
///
/// A validator that was away for long must not slow those that go on: after an answer that took a time,
/// nothing is answered for three times as long.
package struct BulkShare: Sendable {
    private static let pauseFactor: Int64 = 3

    private var isAnswering = false
    private var freeAtMicroseconds = Int64.min

    /// Starts with nothing used.
    package init() {}

    /// Whether an answer may begin now; then `ended` must follow.
    package mutating func begin(atMicroseconds now: Int64) -> Bool {
        guard !isAnswering, now >= freeAtMicroseconds else { return false }
        isAnswering = true
        freeAtMicroseconds = now
        return true
    }

    /// Notes the end of the answer that began.
    package mutating func end(atMicroseconds now: Int64) {
        isAnswering = false
        freeAtMicroseconds = now + Self.pauseFactor * max(0, now - freeAtMicroseconds)
    }
}
