/// Prints the walk as it happens, each line with the time since its beginning.
struct WalkPrinter: Sendable {
    private let start = ContinuousClock.now

    /// Begins a numbered step.
    func step(_ number: Int, _ title: String) { line("\(number). \(title)") }

    /// Adds a line of detail to the step.
    func detail(_ text: String) { line("   \(text)") }

    private func line(_ text: String) {
        let milliseconds = LatencySummary.milliseconds(ContinuousClock.now - start)
        print("[\(Self.padded(Int(milliseconds), 7)) ms] \(text)")
        StandardOutput.flush()
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: " ", count: max(0, width - digits.count)) + digits
    }
}
