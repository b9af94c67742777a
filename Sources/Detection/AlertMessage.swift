public import Events

// A match on its way to another thread. Layout, in native byte order:
//
//     UInt32 size of the message, UInt32 rule, UInt64 sequence, Int64 created,
//     UInt32 flags, UInt32 events, UInt32 length of the ancestry, UInt32 length of a name
//     the name of the exception, the images of the events
//     the ancestry, as `AncestryEntry`s

private let fixedSize = 40
private let testFlag: UInt32 = 1

/// Writes an alert as bytes in the thread that finds it, and reads it in the
/// thread that tells it.
public enum AlertMessage {
    /// Appends a match and returns where it lies, or nil if the arena's limit
    /// is reached (then nothing is appended).
    ///
    /// - Parameters:
    ///   - created: nanoseconds since 1970, UTC.
    ///   - suppressedBy: name of an exception; empty if there is none.
    public static func encode(
        _ match: borrowing Match, sequence: UInt64, created: Int64, ancestry: borrowing Span<UInt8>,
        suppressedBy: borrowing Span<UInt8>, isTest: Bool, to target: inout ByteArena
    ) -> Range<Int>? {
        let start = target.count
        let size = fixedSize + suppressedBy.count + match.arena.count + ancestry.count
        guard size <= target.limit - start, size <= Int(UInt32.max) else { return nil }
        _ = target.append(integer: UInt32(size))
        _ = target.append(integer: UInt32(match.ruleIndex))
        _ = target.append(integer: sequence)
        _ = target.append(integer: created)
        _ = target.append(integer: isTest ? testFlag : 0)
        _ = target.append(integer: UInt32(match.count))
        _ = target.append(integer: UInt32(ancestry.count))
        _ = target.append(integer: UInt32(suppressedBy.count))
        _ = target.append(suppressedBy)
        _ = target.append(match.arena.bytes.span.extracting(first: match.arena.count))
        _ = target.append(ancestry)
        return start..<target.count
    }

    /// Reads what `encode` wrote; nil if it is malformed.
    public static func decode(_ bytes: borrowing Span<UInt8>) -> Alert? {
        guard bytes.count >= fixedSize,
            let size: UInt32 = bytes.integer(at: 0), Int(size) == bytes.count,
            let rule: UInt32 = bytes.integer(at: 4), let sequence: UInt64 = bytes.integer(at: 8),
            let created: Int64 = bytes.integer(at: 16), let flags: UInt32 = bytes.integer(at: 24),
            let eventCount: UInt32 = bytes.integer(at: 28),
            let ancestryLength: UInt32 = bytes.integer(at: 32),
            let nameLength: UInt32 = bytes.integer(at: 36), Int(nameLength) <= bytes.count - fixedSize
        else { return nil }
        var offset = fixedSize + Int(nameLength)
        let name = [UInt8](copying: bytes.extracting(fixedSize..<offset))

        var events: [EventSnapshot] = []
        for _ in 0..<eventCount {
            guard let length: UInt32 = bytes.integer(at: offset), Int(length) <= bytes.count - offset,
                let event = EventSnapshot(image: bytes.extracting(offset..<(offset + Int(length))))
            else { return nil }
            events.append(event)
            offset += Int(length)
        }

        guard Int(ancestryLength) == bytes.count - offset else { return nil }
        let ancestry = AncestryEntry.list(bytes.extracting(offset..<bytes.count))
        guard !events.isEmpty else { return nil }
        return Alert(
            ruleIndex: Int(rule), sequence: sequence, created: created, events: events,
            ancestry: ancestry, suppressedBy: name.isEmpty ? nil : String(decoding: name, as: UTF8.self),
            isTest: flags & testFlag != 0)
    }
}
