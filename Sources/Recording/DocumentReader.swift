public import Events

/// Reads ECS documents, one JSON object each, into events.
///
/// Nothing is derived (`EQL.md` §4a): names may be nested, dotted or mixed, any
/// field may be a scalar or an array, `_source` of a search hit is unwrapped,
/// values convert to the type of their field, and unknown fields are passed
/// over. In steady state a document costs no allocation.
public struct DocumentReader: ~Copyable {
    /// Values that could not be converted to the type of their field, and so
    /// are missing.
    public private(set) var unconverted = 0

    private let index = FieldIndex()
    private var path = ByteArena(capacity: 256, limit: 1 << 16)
    private var scratch = ByteArena(capacity: 4096, limit: Event.byteLimit)
    private var scanner = JSONScanner()
    /// Fields given exactly, in base64: other values of them do not count.
    private var exact = FieldSet()

    public init() {}

    /// Replaces `event` by what one line says.
    ///
    /// - Throws: why the line is not a document; `event` is then undefined.
    public mutating func read(_ line: borrowing Span<UInt8>, into event: inout Event) throws(DocumentError) {
        event.reset()
        scanner = JSONScanner()
        exact = FieldSet()
        path.truncate(to: 0)
        guard try scanner.peek(line) == UInt8(ascii: "{") else {
            try scanner.skipValue(line, depth: 0)
            throw .notAnObject
        }
        try readObject(line, into: &event, pathHash: FieldIndex.emptyHash, depth: 0)
        scanner.skipSpace(line)
        guard scanner.index == line.count else { throw .malformed(at: scanner.index) }
        guard let timestamp = event.slot(.timestamp), timestamp.count == 1 else { throw .noTimestamp }
        event.header.kind = .document
        event.header.time = timestamp.payload
        event.header.timestamp = timestamp.payload
        restoreExecutables(in: &event)
    }

    // MARK: Structure

    private mutating func readObject(
        _ line: borrowing Span<UInt8>, into event: inout Event, pathHash: UInt64, depth: Int
    ) throws(DocumentError) {
        guard depth < JSONScanner.depthLimit else {
            throw .nestedTooDeeply(limit: JSONScanner.depthLimit)
        }
        try scanner.expect(line, UInt8(ascii: "{"))
        if try scanner.peek(line) == UInt8(ascii: "}") {
            scanner.index += 1
            return
        }
        let pathStart = path.count
        repeat {
            scanner.skipSpace(line)
            let (name, _) = try scanner.string(line)
            try scanner.expect(line, UInt8(ascii: ":"))
            var hash = pathHash
            if pathStart > 0 {
                hash = FieldIndex.hash(hash, adding: UInt8(ascii: "."))
                _ = path.append(UInt8(ascii: "."))
            }
            for offset in name { hash = FieldIndex.hash(hash, adding: line[offset]) }
            guard path.append(line.extracting(name)) != nil else { throw .tooLong(limit: path.limit) }
            switch index.entry(hash: hash, path: path.bytes.span.extracting(0..<path.count)) {
            case nil:
                try scanner.skipValue(line, depth: depth + 1)
            case .source where pathStart == 0:
                path.truncate(to: 0)
                guard try scanner.peek(line) == UInt8(ascii: "{") else { throw .notAnObject }
                try readObject(line, into: &event, pathHash: FieldIndex.emptyHash, depth: depth + 1)
            case .source, .prefix:
                try readValue(line, of: nil, raw: false, into: &event, pathHash: hash, depth: depth + 1)
            case .field(let field):
                try readValue(line, of: field, raw: false, into: &event, pathHash: hash, depth: depth + 1)
            case .raw(let field):
                if !exact.contains(field) {
                    exact.insert(field)
                    event.remove(field)
                }
                try readValue(line, of: field, raw: true, into: &event, pathHash: hash, depth: depth + 1)
            }
            path.truncate(to: pathStart)
        } while try scanner.takeComma(line, or: UInt8(ascii: "}"))
    }

    private mutating func readValue(
        _ line: borrowing Span<UInt8>, of field: Field?, raw: Bool, into event: inout Event,
        pathHash: UInt64, depth: Int
    ) throws(DocumentError) {
        let first = try scanner.peek(line)
        switch first {
        case UInt8(ascii: "{"):
            try readObject(line, into: &event, pathHash: pathHash, depth: depth)
            return
        case UInt8(ascii: "["):
            guard depth < JSONScanner.depthLimit else {
                throw .nestedTooDeeply(limit: JSONScanner.depthLimit)
            }
            scanner.index += 1
            if try scanner.peek(line) == UInt8(ascii: "]") {
                scanner.index += 1
                return
            }
            repeat {
                try readValue(
                    line, of: field, raw: raw, into: &event, pathHash: pathHash, depth: depth + 1)
            } while try scanner.takeComma(line, or: UInt8(ascii: "]"))
            return
        default: break
        }
        guard let field, raw || !exact.contains(field) else {
            try scanner.skipValue(line, depth: depth)
            return
        }
        switch first {
        case UInt8(ascii: "\""):
            let (range, hasEscapes) = try scanner.string(line)
            try unescape(line, range, hasEscapes: hasEscapes)
            if raw, !decodeBase64() {
                unconverted += 1
                return
            }
            try add(field, isString: true, to: &event)
        case UInt8(ascii: "n"):
            try scanner.word(line, "null")
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            let start = scanner.index
            try scanner.word(line, first == UInt8(ascii: "t") ? "true" : "false")
            try fill(line, start..<scanner.index)
            try add(field, isString: false, to: &event)
        default:
            let range = try scanner.number(line)
            try fill(line, range)
            try add(field, isString: false, to: &event)
        }
    }

    // MARK: Text into the scratch

    private mutating func fill(_ line: borrowing Span<UInt8>, _ range: Range<Int>) throws(DocumentError) {
        scratch.truncate(to: 0)
        guard scratch.append(line.extracting(range)) != nil else { throw .tooLong(limit: scratch.limit) }
    }

    private mutating func unescape(
        _ line: borrowing Span<UInt8>, _ range: Range<Int>, hasEscapes: Bool
    ) throws(DocumentError) {
        guard hasEscapes else { return try fill(line, range) }
        scratch.truncate(to: 0)
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            while index < range.upperBound, line[index] != UInt8(ascii: "\\") { index += 1 }
            guard scratch.append(line.extracting(start..<index)) != nil else {
                throw .tooLong(limit: scratch.limit)
            }
            guard index < range.upperBound else { return }
            guard index + 1 < range.upperBound else { throw .malformed(at: index) }
            let escape = line[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): _ = scratch.append(escape)
            case UInt8(ascii: "b"): _ = scratch.append(0x08)
            case UInt8(ascii: "f"): _ = scratch.append(0x0c)
            case UInt8(ascii: "n"): _ = scratch.append(0x0a)
            case UInt8(ascii: "r"): _ = scratch.append(0x0d)
            case UInt8(ascii: "t"): _ = scratch.append(0x09)
            case UInt8(ascii: "u"):
                guard var code = hex(line, at: index, end: range.upperBound) else {
                    throw .malformed(at: index)
                }
                index += 4
                if (0xd800..<0xdc00).contains(code), index + 1 < range.upperBound,
                    line[index] == UInt8(ascii: "\\"), line[index + 1] == UInt8(ascii: "u"),
                    let low = hex(line, at: index + 2, end: range.upperBound),
                    (0xdc00..<0xe000).contains(low)
                {
                    code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
                    index += 6
                }
                // a surrogate alone stands for no character
                appendUTF8(Unicode.Scalar(code) ?? "\u{fffd}")
            default: throw .malformed(at: index - 2)
            }
        }
    }

    private func hex(_ line: borrowing Span<UInt8>, at start: Int, end: Int) -> UInt32? {
        guard start + 4 <= end else { return nil }
        var value: UInt32 = 0
        for index in start..<(start + 4) {
            let byte = line[index]
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 65...70: digit = byte - 55
            case 97...102: digit = byte - 87
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func appendUTF8(_ scalar: Unicode.Scalar) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { _ = scratch.append(byte) }
    }

    /// Replaces the scratch by the bytes that it encodes.
    private mutating func decodeBase64() -> Bool {
        var length = scratch.count
        guard length % 4 == 0 else { return false }
        while length > 0, scratch.bytes[length - 1] == UInt8(ascii: "="), scratch.count - length < 2 {
            length -= 1
        }
        let start = scratch.count
        var bits: UInt32 = 0
        var count = 0
        for index in 0..<length {
            let byte = scratch.bytes[index]
            let digit: UInt8
            switch byte {
            case 65...90: digit = byte - 65
            case 97...122: digit = byte - 71
            case 48...57: digit = byte + 4
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            default: return false
            }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                _ = scratch.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        let decoded = Array(scratch.bytes[start..<scratch.count])
        scratch.truncate(to: 0)
        return scratch.append(decoded.span) != nil
    }

    // MARK: Values into the event

    /// Adds what the scratch holds as a value of a field.
    private mutating func add(_ field: Field, isString: Bool, to event: inout Event) throws(DocumentError) {
        let type = field.info.type
        switch type {
        case .keyword:
            try addText(field, to: &event)
        case .identifier:
            if let number = decimal(), event.slot(field) == nil {
                event.set(field, integer: number)
            } else {
                try addText(field, to: &event)
            }
        case .long:
            guard let number = decimal() ?? wholeNumber() else {
                unconverted += 1
                return
            }
            addInteger(field, number, to: &event)
        case .boolean:
            if scratchIs("true") {
                addInteger(field, 1, to: &event)
            } else if scratchIs("false") || (isString && scratch.count == 0) {
                addInteger(field, 0, to: &event)
            } else {
                unconverted += 1
            }
        case .date:
            let parsed: Int64?
            if let number = decimal() {
                parsed = Timestamp.parse(epoch: number)
            } else {
                parsed = Timestamp.parse(scratch.bytes.span.extracting(0..<scratch.count))
            }
            guard let parsed else {
                unconverted += 1
                return
            }
            addInteger(field, parsed, to: &event)
        case .ip:
            guard let address = IPAddress(String(decoding: scratch.bytes[0..<scratch.count], as: UTF8.self))
            else {
                unconverted += 1
                return
            }
            addAddress(field, address, to: &event)
        }
    }

    private func scratchIs(_ word: StaticString) -> Bool {
        guard scratch.count == word.utf8CodeUnitCount else { return false }
        var index = 0
        for byte in word.description.utf8 {
            guard scratch.bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    /// The scratch as an integer without superfluous zeros.
    private func decimal() -> Int64? {
        let text = scratch.bytes.span.extracting(0..<scratch.count)
        var index = 0
        var isNegative = false
        if text.count > 1, text[0] == UInt8(ascii: "-") {
            isNegative = true
            index = 1
        }
        guard index < text.count, text.count - index <= 19,
            text[index] != UInt8(ascii: "0") || (text.count == 1)
        else { return nil }
        var value: Int64 = 0
        while index < text.count {
            guard (48...57).contains(text[index]) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(text[index]) - 48)
            guard !overflow, !carry else { return nil }
            value = sum
            index += 1
        }
        return isNegative ? -value : value
    }

    /// The scratch as an integer in another spelling: `80.0`, `8e1`, ` 080`.
    private func wholeNumber() -> Int64? {
        guard let number = Double(String(decoding: scratch.bytes[0..<scratch.count], as: UTF8.self))
        else { return nil }
        return Int64(exactly: number.rounded(.towardZero))
    }

    private mutating func addText(_ field: Field, to event: inout Event) throws(DocumentError) {
        guard let old = event.slot(field) else {
            event.set(field, text: scratch.bytes.span.extracting(0..<scratch.count))
            if event.slot(field)?.isUnknown == true { throw .tooLong(limit: Event.byteLimit) }
            return
        }
        // several values: one run of bytes, a NUL between them and none inside
        var start = Int(old.payload)
        if old.kind == .integer {
            let digits = Array(String(old.payload).utf8)
            guard let range = event.append(digits.span) else { throw .tooLong(limit: Event.byteLimit) }
            start = range.lowerBound
        } else if old.range.upperBound != event.arena.count || old.count == 1 {
            let separator: UInt8 = old.count == 1 ? UInt8(ascii: "?") : 0
            guard let range = event.appendCopy(of: old.range, replacing: 0, with: separator) else {
                throw .tooLong(limit: Event.byteLimit)
            }
            start = range.lowerBound
        }
        let length = scratch.count
        guard let clean = scratch.appendCopy(of: 0..<length, replacing: 0, with: UInt8(ascii: "?")),
            event.append(byte: 0) != nil,
            let added = event.append(scratch.bytes.span.extracting(clean..<scratch.count))
        else { throw .tooLong(limit: Event.byteLimit) }
        event.set(field, text: start..<added.upperBound, count: Int(old.count) + 1, traits: old.traits)
    }

    private func addInteger(_ field: Field, _ number: Int64, to event: inout Event) {
        guard let old = event.slot(field) else { return event.set(field, integer: number) }
        var numbers = [old.payload]
        if old.count > 1 {
            numbers = (0..<Int(old.count)).map {
                event.arena.bytes.span.integer(at: Int(old.payload) + 8 * $0) ?? 0
            }
        }
        numbers.append(number)
        event.set(field, integers: numbers.span)
    }

    private func addAddress(_ field: Field, _ address: IPAddress, to event: inout Event) {
        guard let old = event.slot(field) else { return event.set(field, address: address) }
        guard let copy = event.appendCopy(of: old.range, replacing: 0, with: 0) else { return }
        event.set(field, address: address)
        event.set(
            field,
            Slot(
                kind: .address, payload: Int64(copy.lowerBound), length: old.length + 16,
                count: old.count + 1))
    }

    /// Our own recordings say how a program was invoked: its executable has the
    /// values again that it had live.
    private mutating func restoreExecutables(in event: inout Event) {
        guard let invoked = event.slot(.invokedAs), invoked.kind == .text, invoked.count == 1,
            let resolved = event.slot(.processExecutable), resolved.kind == .text, resolved.count == 1
        else { return }
        scratch.truncate(to: 0)
        var directory = 0..<0
        if let slot = event.slot(.processWorkingDirectory), slot.kind == .text, slot.count == 1 {
            directory = slot.range
        }
        let bytes = event.arena.bytes
        guard let first = scratch.append(bytes.span.extracting(resolved.range)),
            let second = scratch.append(bytes.span.extracting(invoked.range)),
            let third = scratch.append(bytes.span.extracting(directory))
        else { return }
        let span = scratch.bytes.span
        event.setExecutable(
            .process, resolved: span.extracting(first..<second), invoked: span.extracting(second..<third),
            isScript: event.slot(.executableScript)?.payload == 1,
            directory: span.extracting(third..<scratch.count), traits: resolved.traits)
    }
}
