/// Waits longer after each failure in a row, up to a bound.
struct Backoff {
    private let firstMilliseconds: Int
    private let maxMilliseconds: Int
    private(set) var failureCount = 0

    init(firstMilliseconds: Int = 50, maxMilliseconds: Int = 2_000) {
        self.firstMilliseconds = firstMilliseconds
        self.maxMilliseconds = maxMilliseconds
    }

    /// Begins anew after a success.
    mutating func reset() { failureCount = 0 }

    /// Counts a failure and gives the pause that it asks for, doubled each time.
    mutating func nextMilliseconds() -> Int {
        let doubled = firstMilliseconds << min(failureCount, 16)
        failureCount += 1
        return min(doubled, maxMilliseconds)
    }

    /// Counts a failure and waits.
    ///
    /// - Throws: `CancellationError`.
    mutating func pause() async throws {
        try await Task.sleep(for: .milliseconds(nextMilliseconds()))
    }
}
