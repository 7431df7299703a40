/// The distribution of durations over a number of accesses.
struct LatencySummary: Sendable {
    private let sorted: [Duration]

    init(_ durations: [Duration]) { sorted = durations.sorted() }

    var count: Int { sorted.count }

    /// The nearest-rank percentile, in milliseconds; nil when nothing was measured.
    func milliseconds(percentile: Int) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let rank = (percentile * sorted.count + 99) / 100
        return Self.milliseconds(sorted[max(0, min(sorted.count, rank) - 1)])
    }

    /// A duration in milliseconds.
    static func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1000 + Double(duration.components.attoseconds) / 1e15
    }
}
