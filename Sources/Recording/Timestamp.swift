/// Reads times as documents write them, to nanoseconds since 1970, UTC.
public enum Timestamp {
    /// ISO 8601: a date, or date and time with optional fraction and zone
    /// (`Z`, `+01:00`, `+0100`, `+01`; none means UTC), each with separators
    /// or without. A date is that of a calendar, of a week or of a year; one
    /// of digits alone is refused, since that is a number.
    public static func parse(_ text: borrowing Span<UInt8>) -> Int64? {
        var reader = Reader(count: text.count)
        guard let days = reader.date(text) else { return nil }
        var seconds = days * 86_400
        var nanoseconds: Int64 = 0
        if !reader.isAtEnd {
            guard reader.take(text, "T") || reader.take(text, "t") || reader.take(text, " "),
                let time = reader.time(text), let offset = reader.zone(text)
            else { return nil }
            seconds += time.seconds - offset
            nanoseconds = time.nanoseconds
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

    /// The same of a number as JSON writes them: with a fraction, an exponent
    /// or both. Its whole part tells the unit; what is finer than a nanosecond
    /// is left out.
    @inline(never)
    public static func parse(decimal text: borrowing Span<UInt8>) -> Int64? {
        var reader = Reader(count: text.count)
        guard let number = reader.decimal(text), reader.isAtEnd else { return nil }
        // how many digits are behind the point, and how many nanoseconds have
        let whole = shifted(number.digits, by: -number.scale)
        let digits: Int
        switch whole {
        case nil: return nil
        case .some(..<100_000_000_000): digits = 9
        case .some(..<100_000_000_000_000): digits = 6
        case .some(..<100_000_000_000_000_000): digits = 3
        default: digits = 0
        }
        guard let magnitude = shifted(number.digits, by: digits - number.scale),
            let nanoseconds = Int64(exactly: magnitude)
        else { return nil }
        return number.isNegative ? -nanoseconds : nanoseconds
    }

    /// A number times a power of ten, rounded down; nil if it is too large.
    private static func shifted(_ value: UInt64, by places: Int) -> UInt64? {
        var value = value
        var places = places
        while places < 0, value > 0 {
            value /= 10
            places += 1
        }
        while places > 0, value > 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
            places -= 1
        }
        return value
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
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days from 1970-01-01 to the Monday of a year's first week, which is the
    /// one with the fourth of January.
    private static func firstMonday(_ year: Int64) -> Int64 {
        let day = daysSinceEpoch(year, 1, 4)
        // the first of January 1970 was a Thursday
        let weekday = ((day + 3) % 7 + 7) % 7
        return day - weekday
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

        /// The digits behind a point; what is finer than the precision is left
        /// out.
        @inline(__always)
        mutating func fraction(_ text: borrowing Span<UInt8>, precision: Int = 9) -> Int64? {
            var value: Int64 = 0
            var digits = 0
            while let next = digit(text) {
                if digits < precision { value = value * 10 + next }
                digits += 1
            }
            guard digits > 0 else { return nil }
            while digits < precision {
                value *= 10
                digits += 1
            }
            return value
        }

        /// Days from 1970-01-01.
        @inline(__always)
        mutating func date(_ text: borrowing Span<UInt8>) -> Int64? {
            guard let year = number(text, digits: 4), take(text, "-"),
                let month = number(text, digits: 2), (1...12).contains(month), take(text, "-"),
                let day = number(text, digits: 2), (1...daysIn(month, year)).contains(day)
            else {
                index = 0
                return unusualDate(text)
            }
            return daysSinceEpoch(year, month, day)
        }

        /// `20260131`, `2026-031`, `2026031`, `2026-W05-6` or `2026W056`; before
        /// no time also `2026-01` and `2026-W05`, which mean the first day.
        @inline(never)
        private mutating func unusualDate(_ text: borrowing Span<UInt8>) -> Int64? {
            guard let year = number(text, digits: 4) else { return nil }
            let isExtended = take(text, "-")
            if take(text, "W") || take(text, "w") {
                let first = firstMonday(year)
                guard let week = number(text, digits: 2), week >= 1,
                    first + 7 * week <= firstMonday(year + 1)
                else { return nil }
                if isAtEnd { return first + 7 * (week - 1) }
                guard !isExtended || take(text, "-"), let day = digit(text), (1...7).contains(day)
                else { return nil }
                return first + 7 * (week - 1) + day - 1
            }
            switch (digitsAhead(text), isExtended) {
            case (2, true):
                guard let month = number(text, digits: 2), (1...12).contains(month), isAtEnd
                else { return nil }
                return daysSinceEpoch(year, month, 1)
            case (3, _):
                guard let day = number(text, digits: 3), (1...(isLeap(year) ? 366 : 365)).contains(day),
                    isExtended || !isAtEnd
                else { return nil }
                return daysSinceEpoch(year, 1, 1) + day - 1
            case (4, false):
                guard let month = number(text, digits: 2), (1...12).contains(month),
                    let day = number(text, digits: 2), (1...daysIn(month, year)).contains(day), !isAtEnd
                else { return nil }
                return daysSinceEpoch(year, month, day)
            default: return nil
            }
        }

        /// Since midnight.
        @inline(__always)
        mutating func time(_ text: borrowing Span<UInt8>) -> (seconds: Int64, nanoseconds: Int64)? {
            let start = index
            guard let hour = number(text, digits: 2), hour <= 23, take(text, ":"),
                let minute = number(text, digits: 2), minute <= 59, take(text, ":"),
                let second = number(text, digits: 2), second <= 60
            else {
                index = start
                return unusualTime(text)
            }
            var nanoseconds: Int64 = 0
            if take(text, ".") || take(text, ",") {
                guard let fraction = fraction(text) else { return nil }
                nanoseconds = fraction
            }
            return (hour * 3600 + minute * 60 + second, nanoseconds)
        }

        /// `10`, `10:30`, `1030` or `103000`; the last part may have a fraction.
        @inline(never)
        private mutating func unusualTime(
            _ text: borrowing Span<UInt8>
        ) -> (seconds: Int64, nanoseconds: Int64)? {
            guard let hour = number(text, digits: 2), hour <= 24 else { return nil }
            let isExtended = take(text, ":")
            var seconds = hour * 3600
            var unit: Int64 = 3600
            if isExtended || digitsAhead(text) > 0 {
                guard let minute = number(text, digits: 2), minute <= 59 else { return nil }
                seconds += minute * 60
                unit = 60
                if isExtended ? take(text, ":") : digitsAhead(text) > 0 {
                    guard let second = number(text, digits: 2), second <= 60 else { return nil }
                    seconds += second
                    unit = 1
                }
            }
            var nanoseconds: Int64 = 0
            if take(text, ".") || take(text, ",") {
                // an hour has more nanoseconds than nine digits tell apart
                guard let fraction = fraction(text, precision: 13) else { return nil }
                let (second, rest) = (fraction * unit).quotientAndRemainder(dividingBy: 10_000_000_000_000)
                seconds += second
                nanoseconds = rest / 10_000
            }
            // 24:00 is the end of the day, and nothing is behind it
            guard hour < 24 || (seconds == 86_400 && nanoseconds == 0) else { return nil }
            return (seconds, nanoseconds)
        }

        private func digitsAhead(_ text: borrowing Span<UInt8>) -> Int {
            var end = index
            while end < count, (48...57).contains(text[end]) { end += 1 }
            return end - index
        }

        /// A number as JSON writes them: its first nineteen digits, and how many
        /// of them are behind the point.
        mutating func decimal(
            _ text: borrowing Span<UInt8>
        ) -> (isNegative: Bool, digits: UInt64, scale: Int)? {
            let isNegative = take(text, "-")
            var digits: UInt64 = 0
            var scale = 0
            func add(_ digit: Int64, behindPoint: Bool) {
                if digits < 1_000_000_000_000_000_000 {
                    digits = digits * 10 + UInt64(digit)
                    if behindPoint { scale += 1 }
                } else if !behindPoint {
                    scale -= 1
                }
            }
            guard let first = digit(text) else { return nil }
            add(first, behindPoint: false)
            if first != 0 {
                while let next = digit(text) { add(next, behindPoint: false) }
            }
            if take(text, ".") {
                guard digitsAhead(text) > 0 else { return nil }
                while let next = digit(text) { add(next, behindPoint: true) }
            }
            if take(text, "e") || take(text, "E") {
                let isSmall = take(text, "-")
                if !isSmall { _ = take(text, "+") }
                // more than four digits make no time
                guard (1...4).contains(digitsAhead(text)),
                    let exponent = number(text, digits: digitsAhead(text))
                else { return nil }
                scale -= isSmall ? -Int(exponent) : Int(exponent)
            }
            return (isNegative, digits, scale)
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
