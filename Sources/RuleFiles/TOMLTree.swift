/// The values of a TOML document, and where each of them stands.
struct TOMLTree {
    enum Value {
        case text(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case moment(TOMLMoment)
        /// Indices of nodes.
        case array([Int])
        /// The same, written as `[[header]]`s.
        case arrayOfTables([Int])
        /// An index into `tables`.
        case table(Int)
    }

    struct Node {
        var value: Value
        /// The offset at which the value begins.
        let start: Int
    }

    struct Table {
        /// How the table came to be, which decides what may be added to it.
        enum Origin { case root, header, parentOfHeader, dottedKey, inline }

        struct Entry {
            let name: String
            /// The key, where it was first written.
            let range: Range<Int>
            let node: Int
        }

        var origin: Origin
        /// The header or key that made it.
        let range: Range<Int>
        /// In the order of the file.
        private(set) var entries: [Entry] = []
        private var byName: [String: Int] = [:]

        init(_ origin: Origin, _ range: Range<Int>) {
            self.origin = origin
            self.range = range
        }

        subscript(name: String) -> Entry? { byName[name].map { entries[$0] } }

        mutating func append(_ entry: Entry) {
            byName[entry.name] = entries.count
            entries.append(entry)
        }
    }

    var nodes: [Node] = []
    var tables: [Table] = [Table(.root, 0..<0)]
}

/// A date, a time of day or both.
struct TOMLMoment: Equatable {
    struct Day: Equatable {
        var year: Int
        var month: Int
        var day: Int

        /// Days from 1970-01-01, in the Gregorian calendar.
        var number: Int {
            // years that begin in March end with the day that leaps
            let shifted = month <= 2 ? year - 1 : year
            let leaps = shifted / 4 - shifted / 100 + shifted / 400
            return 365 * shifted + leaps + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 - 719_468
        }

        var isValid: Bool {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
        }
    }

    var day: Day?
    /// Nanoseconds since midnight.
    var time: Int64?
    /// Minutes east of UTC; nil if it is not said.
    var offset: Int?

    /// Nanoseconds since 1970, taken as UTC if it does not say; of a day alone,
    /// its end. Nil without a day.
    var end: Int64? {
        guard let day else { return nil }
        guard let time else { return nanoseconds(day.number + 1) }
        return nanoseconds(day.number) + time - Int64(offset ?? 0) * 60_000_000_000
    }

    private func nanoseconds(_ days: Int) -> Int64 {
        // no later than the year 2262, where 64 bits end
        Int64(min(max(days, -106_000), 106_000)) * 86_400_000_000_000
    }
}

/// Why a document is not TOML, and where.
struct TOMLError: Error {
    let message: String
    let range: Range<Int>
}
