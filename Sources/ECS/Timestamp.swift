internal import Events

/// Writes times as RFC 3339 has them, in UTC.
enum Timestamp {
    /// Appends `2026-11-22T18:00:00.123456789Z` for nanoseconds since 1970.
    static func append(_ nanoseconds: Int64, to target: inout [UInt8], digits: Int = 9) {
        let (seconds, fraction) = nanoseconds.dividedFloored(by: 1_000_000_000)
        let (days, rest) = seconds.dividedFloored(by: 86_400)
        let (year, month, day) = civil(days)
        var text = InlineArray<30, UInt8>(repeating: UInt8(ascii: "-"))
        put(year, width: 4, at: 0, in: &text)
        put(month, width: 2, at: 5, in: &text)
        put(day, width: 2, at: 8, in: &text)
        text[10] = UInt8(ascii: "T")
        put(rest / 3600, width: 2, at: 11, in: &text)
        text[13] = UInt8(ascii: ":")
        put(rest / 60 % 60, width: 2, at: 14, in: &text)
        text[16] = UInt8(ascii: ":")
        put(rest % 60, width: 2, at: 17, in: &text)
        text[19] = UInt8(ascii: ".")
        put(fraction, width: 9, at: 20, in: &text)
        text[20 + digits] = UInt8(ascii: "Z")
        target.append(copying: text.span.extracting(0..<(21 + digits)))
    }

    /// The date of a day counted from 1970-01-01, in the Gregorian calendar.
    static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Years are counted from March, so that a leap day ends one; 400 of
        // them are 146,097 days.
        let (era, dayOfEra) = (days + 719_468).dividedFloored(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func put(_ value: Int64, width: Int, at start: Int, in text: inout InlineArray<30, UInt8>)
    {
        var rest = value
        var place = start + width
        while place > start {
            place -= 1
            text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

extension Int64 {
    /// Quotient towards minus infinity, and a remainder that is not negative.
    fileprivate func dividedFloored(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
