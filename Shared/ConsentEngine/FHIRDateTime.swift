/// A span of time, both ends included.
package struct Interval: Hashable, Sendable {
    /// The first instant, in milliseconds since 1970-01-01T00:00:00Z; nil when it has no beginning.
    package let start: Int64?
    /// The last instant, in milliseconds since 1970-01-01T00:00:00Z; nil when it has no end.
    package let end: Int64?

    /// Makes a span; a start after the end contains nothing.
    package init(start: Int64?, end: Int64?) {
        self.start = start
        self.end = end
    }

    /// Tells whether an instant, in milliseconds since 1970, lies within.
    package func contains(_ milliseconds: Int64) -> Bool {
        !isBefore(milliseconds) && !isAfter(milliseconds)
    }

    /// Tells whether the whole span lies before an instant.
    package func isBefore(_ milliseconds: Int64) -> Bool {
        end.map { $0 < milliseconds } ?? false
    }

    /// Tells whether the whole span lies after an instant.
    package func isAfter(_ milliseconds: Int64) -> Bool {
        start.map { $0 > milliseconds } ?? false
    }
}

/// Reads FHIR's `dateTime`, whose precision may stop at the year.
package enum FHIRDateTime {
    /// Returns the whole milliseconds that a dateTime covers, its precision included; nil when it is no
    /// dateTime.
    ///
    /// `2022` covers a year, `2022-12-31` a day, `2022-12-31T10:00:00Z` a second. What states a time
    /// must state a zone (FHIR R4 section 2.24.0.1); a date without zone is read in `zoneOffsetSeconds`,
    /// east of UTC positive.
    package static func milliseconds(
        of text: String, zoneOffsetSeconds: Int64 = 0
    ) -> ClosedRange<Int64>? {
        var reader = DateTimeReader(text)
        guard let year = reader.digits(4), year > 0 else { return nil }
        guard reader.take("-") else {
            return reader.isAtEnd
                ? days(from: (year, 1, 1), to: (year + 1, 1, 1), zoneOffsetSeconds) : nil
        }
        guard let month = reader.digits(2), (1...12).contains(month) else { return nil }
        guard reader.take("-") else {
            let next: (Int64, Int64, Int64) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
            return reader.isAtEnd ? days(from: (year, month, 1), to: next, zoneOffsetSeconds) : nil
        }
        guard let day = reader.digits(2), day >= 1, day <= dayCount(year, month) else { return nil }
        let midnight = dayNumber(year, month, day) * 86_400_000
        guard reader.take("T") else {
            let start = midnight - zoneOffsetSeconds * 1_000
            return reader.isAtEnd ? start...(start + 86_399_999) : nil
        }
        guard let time = reader.time(), let offset = reader.zone(), reader.isAtEnd else { return nil }
        let base = midnight - offset
        // Digits beyond the millisecond may leave no whole millisecond inside: then it is the one they
        // fall in.
        let start = base + time.lowerBound
        return start...max(start, base + time.upperBound)
    }

    private static func days(
        from first: (Int64, Int64, Int64), to next: (Int64, Int64, Int64), _ zoneOffsetSeconds: Int64
    ) -> ClosedRange<Int64> {
        let offset = zoneOffsetSeconds * 1_000
        let start = dayNumber(first.0, first.1, first.2) * 86_400_000 - offset
        let end = dayNumber(next.0, next.1, next.2) * 86_400_000 - offset - 1
        return start...end
    }

    private static func dayCount(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Returns the days since 1970-01-01 in the proleptic Gregorian calendar, for years from 1.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Counting years from March puts the leap day last, so that month lengths follow one formula.
        let marchYear = month > 2 ? year : year - 1
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        return 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
    }
}

/// Takes a dateTime apart from left to right.
private struct DateTimeReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    mutating func digits(_ count: Int) -> Int64? {
        guard bytes.count - position >= count else { return nil }
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private mutating func digit() -> Int64? {
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
        position += 1
        return Int64(bytes[position - 1] - 0x30)
    }

    /// Reads `hh:mm:ss[.fraction]` and returns the whole milliseconds of the day that it covers.
    mutating func time() -> ClosedRange<Int64>? {
        guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60, take(":"),
            let second = digits(2), second <= 60
        else { return nil }
        let base = ((hour * 60 + minute) * 60 + second) * 1_000
        guard take(".") else { return base...(base + 999) }
        var milliseconds: Int64 = 0
        var width: Int64 = 1_000
        var isBeyondWhole = false
        var digitCount = 0
        while let digit = digit() {
            digitCount += 1
            if width > 1 {
                width /= 10
                milliseconds += digit * width
            } else if digit != 0 {
                isBeyondWhole = true
            }
        }
        guard digitCount > 0 else { return nil }
        let start = base + milliseconds + (isBeyondWhole ? 1 : 0)
        return start...max(start, base + milliseconds + width - 1)
    }

    /// Reads `Z` or `±hh:mm` and returns the milliseconds east of UTC.
    mutating func zone() -> Int64? {
        if take("Z") { return 0 }
        let isEast = take("+")
        guard isEast || take("-"), let hour = digits(2), take(":"), let minute = digits(2), minute < 60,
            hour < 14 || (hour == 14 && minute == 0)
        else { return nil }
        let offset = (hour * 60 + minute) * 60_000
        return isEast ? offset : -offset
    }
}
