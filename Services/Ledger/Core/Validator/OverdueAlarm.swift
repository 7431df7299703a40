/// Submissions that have been held for longer than they should: somebody keeps them out of blocks.
package struct OverdueSubmissions: Hashable, Sendable {
    /// How many there are.
    package let count: Int
    /// How long the oldest has been held, in milliseconds; 0 when there is none.
    package let oldestMilliseconds: Int64

    /// Joins the parts.
    package init(count: Int, oldestMilliseconds: Int64) {
        self.count = count
        self.oldestMilliseconds = oldestMilliseconds
    }

    /// No submission is overdue.
    package static let none = OverdueSubmissions(count: 0, oldestMilliseconds: 0)
}

/// Tells when the number of overdue submissions changes, so that the log says it once.
package struct OverdueAlarm: Sendable {
    private var count = 0

    /// Starts silent.
    package init() {}

    /// Takes what is overdue now; true when that is to be said.
    package mutating func isNews(_ overdue: OverdueSubmissions) -> Bool {
        defer { count = overdue.count }
        return overdue.count != count
    }
}
