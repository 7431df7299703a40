/// Counts days in the proleptic Gregorian calendar.
enum GregorianDay {
    /// Returns the days from 1970-01-01 to a date; negative before it.
    static func number(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Counting years from March puts the leap day last, so that month lengths follow one formula; whole
        // cycles of 400 years (146,097 days) keep every division positive.
        let marchYear = (month > 2 ? year : year - 1) + 400
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
        return 365 * marchYear + leapDays + dayOfYear - 719_468 - 146_097
    }

    /// Returns the date of a day number, the inverse of `number`.
    static func date(_ number: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Cycles of 400 years from March of the year 0 keep every division positive.
        let shifted = number + 719_468
        let cycle = floored(shifted, by: 146_097)
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    /// Divides, rounding towards the past.
    static func floored(_ value: Int64, by divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Returns how many days a month has.
    static func count(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Returns the day of the week of a day number; 0 is Sunday.
    static func weekday(_ number: Int64) -> Int64 {
        // 1970-01-01 was a Thursday.
        ((number + 4) % 7 + 7) % 7
    }

    /// Returns a year within one of that in which an instant, in seconds since 1970, falls.
    static func approximateYear(_ seconds: Int64) -> Int64 {
        // A mean year has 31,556,952 s.
        1970 + seconds / 31_556_952
    }
}
