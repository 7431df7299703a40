/// Daylight-saving time that begins and ends by the same rule every year.
struct YearlyDaylightTime: Hashable, Sendable {
    /// A day such as "the last Sunday of March" and a time of that day.
    struct Moment: Hashable, Sendable {
        /// The month, 1 to 12.
        let month: Int64
        /// The week, 1 to 5; 5 is the last.
        let week: Int64
        /// The day of the week; 0 is Sunday.
        let weekday: Int64
        /// The time in seconds from midnight; negative or beyond a day in some zones.
        let timeSeconds: Int64

        /// Returns the moment of a year in seconds since 1970, read as if it were UTC.
        func localSeconds(inYear year: Int64) -> Int64 {
            let first = GregorianDay.number(year, month, 1)
            var day = first + (weekday - GregorianDay.weekday(first) + 7) % 7 + (week - 1) * 7
            if day >= first + GregorianDay.count(year, month) { day -= 7 }
            return day * 86_400 + timeSeconds
        }
    }

    /// The offset outside daylight-saving time, in seconds, east of UTC positive.
    let standardOffsetSeconds: Int64
    /// The offset during it.
    let daylightOffsetSeconds: Int64
    /// When it begins, by the clocks before the change.
    let start: Moment
    /// When it ends, by the clocks before the change.
    let end: Moment

    /// Returns the two changes of a year.
    func transitions(inYear year: Int64) -> [ZoneRules.Transition] {
        [
            ZoneRules.Transition(
                atSeconds: start.localSeconds(inYear: year) - standardOffsetSeconds,
                offsetSeconds: daylightOffsetSeconds),
            ZoneRules.Transition(
                atSeconds: end.localSeconds(inYear: year) - daylightOffsetSeconds,
                offsetSeconds: standardOffsetSeconds),
        ]
    }
}

/// What the footer of a TZif file says about the time after its last transition.
enum ZoneFooter: Equatable {
    /// One offset for ever.
    case fixed(offsetSeconds: Int64)
    /// Two offsets in turn.
    case yearly(YearlyDaylightTime)
}

/// Reads the footer: a POSIX TZ string (IEEE Std 1003.1, section 8.3, with the extension of RFC 8536 section
/// 3.3.1: times from -167 to 167 hours).
struct ZoneFooterReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Returns what the text says; nil when it is malformed or uses another form than `M` for its dates.
    static func read(_ bytes: [UInt8]) -> ZoneFooter? {
        var reader = ZoneFooterReader(bytes)
        return reader.footer()
    }

    private mutating func footer() -> ZoneFooter? {
        guard name(), let west = time(hourMax: 24) else { return nil }
        let standard = -west
        if position == bytes.count { return .fixed(offsetSeconds: standard) }
        guard name() else { return nil }
        var daylight = standard + 3_600
        if peek != UInt8(ascii: ",") {
            guard let west = time(hourMax: 24) else { return nil }
            daylight = -west
        }
        guard take(","), let start = moment(), take(","), let end = moment(), position == bytes.count else {
            return nil
        }
        return .yearly(
            YearlyDaylightTime(
                standardOffsetSeconds: standard, daylightOffsetSeconds: daylight, start: start, end: end))
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let peek, UInt32(peek) == character.value else { return false }
        position += 1
        return true
    }

    /// Passes over a name of three or more letters, or one in angle brackets.
    private mutating func name() -> Bool {
        if take("<") {
            let start = position
            while let peek, peek != UInt8(ascii: ">") { position += 1 }
            return position - start >= 3 && take(">")
        }
        let start = position
        while let peek, (0x41...0x5A).contains(peek) || (0x61...0x7A).contains(peek) { position += 1 }
        return position - start >= 3
    }

    private mutating func number(max: Int64) -> Int64? {
        let start = position
        var value: Int64 = 0
        while position - start < 3, let peek, (0x30...0x39).contains(peek) {
            value = value * 10 + Int64(peek - 0x30)
            position += 1
        }
        return position > start && value <= max ? value : nil
    }

    /// Reads `[+-]hh[:mm[:ss]]` in seconds.
    private mutating func time(hourMax: Int64) -> Int64? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard var seconds = number(max: hourMax).map({ $0 * 3_600 }) else { return nil }
        if take(":") {
            guard let minutes = number(max: 59) else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number(max: 59) else { return nil }
                seconds += rest
            }
        }
        return isNegative ? -seconds : seconds
    }

    /// Reads `Mm.w.d[/time]`.
    private mutating func moment() -> YearlyDaylightTime.Moment? {
        guard take("M"), let month = number(max: 12), month > 0, take("."), let week = number(max: 5),
            week > 0,
            take("."), let weekday = number(max: 6)
        else { return nil }
        var timeSeconds: Int64 = 7_200
        if take("/") {
            guard let stated = time(hourMax: 167) else { return nil }
            timeSeconds = stated
        }
        return YearlyDaylightTime.Moment(month: month, week: week, weekday: weekday, timeSeconds: timeSeconds)
    }
}
