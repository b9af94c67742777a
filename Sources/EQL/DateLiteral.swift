/// A date of a query: all instants that agree with what it says, so that
/// `2026-11-22` is the whole day.
struct DateLiteral {
    /// Nanoseconds since 1970, UTC.
    let instants: ClosedRange<Int64>

    // date := YYYY "-" MM "-" DD [("T" | " ") hh ":" mm [":" ss [("." | ",") digits]]
    //         ["Z" | ("+" | "-") hh [":"] mm]]
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]

        func digits(_ count: Int) -> Int64? {
            guard rest.count >= count, rest.prefix(count).allSatisfy({ (48...57).contains($0) }) else {
                return nil
            }
            let value = rest.prefix(count).reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) }
            rest = rest.dropFirst(count)
            return value
        }
        func takes(_ choices: String) -> Bool {
            guard let byte = rest.first, choices.utf8.contains(byte) else { return false }
            rest = rest.dropFirst()
            return true
        }

        guard let year = digits(4), takes("-"), let month = digits(2), takes("-"), let day = digits(2),
            let days = DateLiteral.days(year: year, month: month, day: day)
        else { return nil }
        var seconds = days * 86_400
        var width: Int64 = 86_400
        var nanoseconds: Int64 = 0
        var nanosecondWidth: Int64 = 0
        if takes("T ") {
            guard let hour = digits(2), takes(":"), let minute = digits(2), hour < 24, minute < 60 else {
                return nil
            }
            seconds += hour * 3_600 + minute * 60
            width = 60
            if takes(":") {
                guard let second = digits(2), second < 60 else { return nil }
                seconds += second
                width = 1
                if takes(".,") {
                    var unit: Int64 = 1_000_000_000
                    var count = 0
                    while let digit = digits(1) {
                        count += 1
                        guard count <= 9 else { return nil }
                        unit /= 10
                        nanoseconds += digit * unit
                    }
                    guard count > 0 else { return nil }
                    nanosecondWidth = unit
                }
            }
            if !takes("Z"), let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                rest = rest.dropFirst()
                guard let hours = digits(2) else { return nil }
                _ = takes(":")
                guard let minutes = digits(2), hours < 24, minutes < 60 else { return nil }
                let offset = hours * 3_600 + minutes * 60
                seconds += sign == UInt8(ascii: "+") ? -offset : offset
            }
        }
        guard rest.isEmpty else { return nil }
        let (start, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (first, overflowSum) = start.addingReportingOverflow(nanoseconds)
        let length = nanosecondWidth > 0 ? nanosecondWidth : width * 1_000_000_000
        let (last, overflowEnd) = first.addingReportingOverflow(length - 1)
        guard !overflow, !overflowSum, !overflowEnd else { return nil }
        instants = first...last
    }

    /// Days since 1970-01-01 in the Gregorian calendar.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), day >= 1, day <= lengths[Int(month - 1)] else { return nil }
        // years that begin in March put the leap day at their end
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
