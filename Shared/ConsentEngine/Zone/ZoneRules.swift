/// The offsets of one time zone from UTC, past and to come.
///
/// A value, made from the bytes of a compiled tz database file: the engine has no clock and no files, and a
/// decision must come out the same wherever it is repeated. Whoever hands in a zone names its bytes by hash.
package struct ZoneRules: Hashable, Sendable {
    /// From an instant on, clocks differ from UTC by an offset.
    package struct Transition: Hashable, Sendable {
        /// The first instant with the offset, in seconds since 1970-01-01T00:00:00Z.
        package let atSeconds: Int64
        /// The offset in seconds, east of UTC positive.
        package let offsetSeconds: Int64

        /// States a change.
        package init(atSeconds: Int64, offsetSeconds: Int64) {
            self.atSeconds = atSeconds
            self.offsetSeconds = offsetSeconds
        }
    }

    /// Offsets beyond these are refused (RFC 8536 section 3.2); they also bound how far a local date can lie
    /// from the same date in UTC.
    static let offsetSecondsRange: ClosedRange<Int64> = -89_999...93_599

    /// Coordinated universal time.
    package static let utc = ZoneRules(name: "UTC", initialOffsetSeconds: 0)

    /// The name, such as `Europe/Berlin`.
    package let name: String
    /// The offset before the first transition, in seconds, east of UTC positive.
    package let initialOffsetSeconds: Int64
    /// The changes that are known one by one, in order.
    package let transitions: [Transition]
    /// What recurs every year after the last of them; nil when its offset stays for ever.
    let recurrence: YearlyDaylightTime?

    /// States a zone whose last offset stays for ever.
    ///
    /// The caller guarantees that the transitions are in order, no instant twice.
    package init(name: String, initialOffsetSeconds: Int64, transitions: [Transition] = []) {
        self.init(
            name: name, initialOffsetSeconds: initialOffsetSeconds, transitions: transitions, recurrence: nil)
    }

    init(
        name: String, initialOffsetSeconds: Int64, transitions: [Transition], recurrence: YearlyDaylightTime?
    ) {
        precondition(
            zip(transitions, transitions.dropFirst()).allSatisfy { $0.atSeconds < $1.atSeconds },
            "the parser and whoever writes a zone by hand put its transitions in order")
        self.name = name
        self.initialOffsetSeconds = initialOffsetSeconds
        self.transitions = transitions
        self.recurrence = recurrence
    }

    /// Returns the offset at an instant, in seconds, east of UTC positive.
    package func offsetSeconds(at seconds: Int64) -> Int64 {
        if let last = recurring(around: seconds...seconds).last(where: { $0.atSeconds <= seconds }) {
            return last.offsetSeconds
        }
        let index = transitions.partitionIndex { $0.atSeconds > seconds }
        return index == 0 ? initialOffsetSeconds : transitions[index - 1].offsetSeconds
    }

    /// Returns the first and the last millisecond since 1970 at which clocks show a time within a span, given
    /// in seconds as if it were UTC; nil when they never do, as on 2011-12-30 in Apia.
    ///
    /// Where clocks are put forward over midnight the day begins with the jump; where they are put back over
    /// it the day is shown twice, and both times count.
    func milliseconds(ofLocalSeconds span: Range<Int64>) -> ClosedRange<Int64>? {
        let beginning = span.lowerBound - Self.offsetSecondsRange.upperBound
        let window = beginning...(span.upperBound - Self.offsetSecondsRange.lowerBound)
        let changes = changes(within: window)
        var first: Int64?
        var last = Int64.min
        for (index, change) in changes.enumerated() {
            let until = index + 1 < changes.count ? changes[index + 1].atSeconds : window.upperBound
            let low = max(change.atSeconds, span.lowerBound - change.offsetSeconds)
            let high = min(until, span.upperBound - change.offsetSeconds)
            guard low < high else { continue }
            first = min(first ?? low, low)
            last = max(last, high)
        }
        return first.map { ($0 * 1_000)...(last * 1_000 - 1) }
    }

    /// Returns the offset at the window's beginning, then each change inside it.
    private func changes(within window: ClosedRange<Int64>) -> [Transition] {
        let start = Transition(
            atSeconds: window.lowerBound, offsetSeconds: offsetSeconds(at: window.lowerBound))
        let index = transitions.partitionIndex { $0.atSeconds > window.lowerBound }
        let explicit = transitions[index...].prefix { $0.atSeconds <= window.upperBound }
        return [start] + explicit
            + recurring(around: window).filter {
                $0.atSeconds > window.lowerBound && $0.atSeconds <= window.upperBound
            }
    }

    /// Returns the yearly changes of the years around a window, of those after the last explicit one.
    private func recurring(around window: ClosedRange<Int64>) -> [Transition] {
        let since = transitions.last?.atSeconds ?? Int64.min
        guard let recurrence, window.upperBound > since else { return [] }
        let firstYear = GregorianDay.approximateYear(window.lowerBound) - 2
        let years = firstYear...(GregorianDay.approximateYear(window.upperBound) + 2)
        return years.flatMap { recurrence.transitions(inYear: $0) }
            .filter { $0.atSeconds > since }
            .sorted { $0.atSeconds < $1.atSeconds }
    }
}

extension Array {
    /// Returns the first index whose element satisfies a condition that, once true, stays true.
    fileprivate func partitionIndex(where isBeyond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
