/// Reads times as documents write them, to nanoseconds since 1970, UTC.
public enum Timestamp {
    /// ISO 8601: a date, or date and time with optional fraction and zone
    /// (`Z`, `+01:00`, `+0100`, `+01`; none means UTC).
    public static func parse(_ text: borrowing Span<UInt8>) -> Int64? {
        var reader = Reader(count: text.count)
        guard let year = reader.number(text, digits: 4), reader.take(text, "-"),
            let month = reader.number(text, digits: 2), (1...12).contains(month), reader.take(text, "-"),
            let day = reader.number(text, digits: 2), (1...daysIn(month, year)).contains(day)
        else { return nil }
        var seconds = daysSinceEpoch(year, month, day) * 86_400
        var nanoseconds: Int64 = 0
        if !reader.isAtEnd {
            guard reader.take(text, "T") || reader.take(text, "t") || reader.take(text, " "),
                let hour = reader.number(text, digits: 2), hour <= 23, reader.take(text, ":"),
                let minute = reader.number(text, digits: 2), minute <= 59
            else { return nil }
            seconds += hour * 3600 + minute * 60
            if reader.take(text, ":") {
                guard let second = reader.number(text, digits: 2), second <= 60 else { return nil }
                seconds += second
                if reader.take(text, ".") || reader.take(text, ",") {
                    guard let fraction = reader.fraction(text) else { return nil }
                    nanoseconds = fraction
                }
            }
            guard let offset = reader.zone(text) else { return nil }
            seconds -= offset
        }
        guard reader.isAtEnd else { return nil }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(nanoseconds)
        return overflow || carry ? nil : sum
    }

    /// A number of seconds, milliseconds, microseconds or nanoseconds since
    /// 1970: told apart by size, since a recording spans no century.
    public static func parse(epoch value: Int64) -> Int64? {
        switch value.magnitude {
        case ..<100_000_000_000: value.multiplied(by: 1_000_000_000)
        case ..<100_000_000_000_000: value.multiplied(by: 1_000_000)
        case ..<100_000_000_000_000_000: value.multiplied(by: 1000)
        default: value
        }
    }

    /// Days from 1970-01-01 to a date of the Gregorian calendar.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // years begin in March, so that the leap day is the last of a year
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Reader {
        var index = 0
        let count: Int

        init(count: Int) { self.count = count }

        var isAtEnd: Bool { index == count }

        mutating func take(_ text: borrowing Span<UInt8>, _ character: Unicode.Scalar) -> Bool {
            guard index < count, text[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        mutating func digit(_ text: borrowing Span<UInt8>) -> Int64? {
            guard index < count, (48...57).contains(text[index]) else { return nil }
            index += 1
            return Int64(text[index - 1]) - 48
        }

        mutating func number(_ text: borrowing Span<UInt8>, digits: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<digits {
                guard let next = digit(text) else { return nil }
                value = value * 10 + next
            }
            return value
        }

        mutating func fraction(_ text: borrowing Span<UInt8>) -> Int64? {
            var value: Int64 = 0
            var digits = 0
            while let next = digit(text) {
                // what is finer than a nanosecond is left out
                if digits < 9 { value = value * 10 + next }
                digits += 1
            }
            guard digits > 0 else { return nil }
            while digits < 9 {
                value *= 10
                digits += 1
            }
            return value
        }

        /// Seconds east of UTC.
        mutating func zone(_ text: borrowing Span<UInt8>) -> Int64? {
            if isAtEnd || take(text, "Z") || take(text, "z") { return 0 }
            let sign: Int64 = take(text, "+") ? 1 : take(text, "-") ? -1 : 0
            guard sign != 0, let hours = number(text, digits: 2), hours <= 23 else { return nil }
            var minutes: Int64 = 0
            if !isAtEnd {
                _ = take(text, ":")
                guard let value = number(text, digits: 2), value <= 59 else { return nil }
                minutes = value
            }
            return sign * (hours * 3600 + minutes * 60)
        }
    }
}

extension Int64 {
    fileprivate func multiplied(by factor: Int64) -> Int64? {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}
