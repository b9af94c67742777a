public import Events

/// Something that an event shows at least one of, or a condition cannot hold.
///
/// Case is ignored, and only a part of a pattern may be looked at: an event
/// that shows it may still fail the condition, never the other way round.
public struct Need: Sendable, Hashable {
    /// A text or address, and where a value must have it.
    public struct Clue: Sendable, Hashable {
        public enum Place: UInt8, Sendable {
            /// The value is the text.
            case whole
            /// The value begins with it, ends with it, or has it somewhere.
            case start, end, inside
            /// The value is the address whose 16 bytes these are.
            case address
        }

        public var field: Field
        public var place: Place
        /// Folded to lower case.
        public var bytes: [UInt8]

        /// As a rule would write it: `/tmp/*` for what begins a value.
        public var text: String {
            let text = String(decoding: bytes, as: UTF8.self)
            switch place {
            case .whole: return text
            case .start: return text + "*"
            case .end: return "*" + text
            case .inside: return "*" + text + "*"
            case .address:
                guard let high = bytes.span.integer(UInt64.self, at: 0),
                    let low = bytes.span.integer(UInt64.self, at: 8)
                else { return "" }
                return "\(IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)))"
            }
        }
    }

    /// One of these; with none, the condition never holds.
    public var clues: [Clue]

    /// The field of all clues; nil if they are of several.
    public var field: Field? {
        guard let first = clues.first?.field, clues.allSatisfy({ $0.field == first }) else { return nil }
        return first
    }

    /// About how many of a hundred events show one of the clues.
    var breadth: Double {
        clues.reduce(0) { sum, clue in
            switch clue.place {
            case .whole, .address: sum + 0.5
            case .start, .end: sum + max(1, 60 / Double(clue.bytes.count))
            case .inside: sum + max(2, 80 / Double(clue.bytes.count))
            }
        }
    }
}
