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
    /// must state a zone (FHIR R4 section 2.24.0.1); a date without zone is read in the zone given, where it
    /// may cover 23 or 25 hours. A day that the zone left out, as Apia did 2011-12-30, covers nothing: nil.
    package static func milliseconds(of text: String, zone: ZoneRules = .utc) -> ClosedRange<Int64>? {
        var reader = DateTimeReader(text)
        guard let year = reader.digits(4), year > 0 else { return nil }
        guard reader.take("-") else {
            return reader.isAtEnd ? days(from: (year, 1, 1), to: (year + 1, 1, 1), zone) : nil
        }
        guard let month = reader.digits(2), (1...12).contains(month) else { return nil }
        guard reader.take("-") else {
            let next: (Int64, Int64, Int64) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
            return reader.isAtEnd ? days(from: (year, month, 1), to: next, zone) : nil
        }
        guard let day = reader.digits(2), day >= 1, day <= GregorianDay.count(year, month) else { return nil }
        let midnight = GregorianDay.number(year, month, day) * 86_400
        guard reader.take("T") else {
            return reader.isAtEnd
                ? zone.milliseconds(ofLocalSeconds: midnight..<(midnight + 86_400)) : nil
        }
        guard let time = reader.time(), let offset = reader.zone(), reader.isAtEnd else { return nil }
        let base = midnight * 1_000 - offset
        // Digits beyond the millisecond may leave no whole millisecond inside: then it is the one they
        // fall in.
        let start = base + time.lowerBound
        return start...max(start, base + time.upperBound)
    }

    /// Writes an instant, in milliseconds since 1970, as a UTC dateTime, with milliseconds where there are
    /// any.
    package static func text(of milliseconds: Int64) -> String {
        let day = GregorianDay.floored(milliseconds, by: 86_400_000)
        let rest = milliseconds - day * 86_400_000
        let (year, month, dayOfMonth) = GregorianDay.date(day)
        func padded(_ value: Int64, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(value).count)) + String(value)
        }
        let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { padded($0, 2) }
        let fraction = rest % 1_000 == 0 ? "" : ".\(padded(rest % 1_000, 3))"
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T"
            + time.joined(separator: ":") + "\(fraction)Z"
    }

    private static func days(
        from first: (Int64, Int64, Int64), to next: (Int64, Int64, Int64), _ zone: ZoneRules
    ) -> ClosedRange<Int64>? {
        let start = GregorianDay.number(first.0, first.1, first.2) * 86_400
        let end = GregorianDay.number(next.0, next.1, next.2) * 86_400
        return zone.milliseconds(ofLocalSeconds: start..<end)
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
