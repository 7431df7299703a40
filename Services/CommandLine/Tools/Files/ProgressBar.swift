import Glibc

/// Shows on a terminal how far a long command is, and nothing where standard error is no terminal.
struct ProgressBar {
    private static let width = 40

    private let label: String
    private let total: UInt64
    private let isShown = isatty(FileBytes.standardError) == 1
    private let started = ContinuousClock.now
    private var shownAt: ContinuousClock.Instant?

    init(_ label: String, total: UInt64) {
        self.label = label
        self.total = max(total, 1)
    }

    /// Shows that so much is done, at most ten times a second.
    mutating func show(_ done: UInt64) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let shownAt, now - shownAt < .milliseconds(100), done < total { return }
        shownAt = now
        let filled = Int(min(done, total) * UInt64(Self.width) / total)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        let seconds = max((now - started) / .seconds(1), 0.001)
        let rate = Int(Double(done) / seconds)
        StandardError.write("\r\(label) [\(bar)] \(done) of \(total), \(rate) a second ")
    }

    /// Leaves the line to what follows.
    func end() {
        if isShown { StandardError.write("\r\u{1B}[2K") }
    }
}
