/// A clock that nobody sets, for intervals within this process.
enum Monotonic {
    private static let start = ContinuousClock.now

    /// Milliseconds since the process first asked.
    static var milliseconds: Int64 {
        let elapsed = (ContinuousClock.now - start).components
        return elapsed.seconds * 1_000 + elapsed.attoseconds / 1_000_000_000_000_000
    }
}
