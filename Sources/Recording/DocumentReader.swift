public import Events

/// What a document is about.
public enum DocumentKind: Sendable {
    /// Something that happened: for rules.
    case event
    /// A finding or a measurement: an alert, statistics.
    case other
}

/// Reads ECS documents, one JSON object each, into events.
///
/// Nothing is derived (`EQL.md` §4a): names may be nested, dotted or mixed, any
/// field may be a scalar or an array, `_source` of a search hit is unwrapped
/// (its `_id` is `event.id` where the document has none), values convert to the
/// type of their field, and unknown fields are passed over. What our own recordings say beyond fields is read back: exact bytes,
/// further values, what is cut or unknown, and the clock that orders events.
/// In steady state a document costs no allocation.
public struct DocumentReader: ~Copyable {
    /// Values that could not be converted to the type of their field, and so
    /// are missing. Of events only, and what only `complete` reads is not counted.
    public private(set) var unconverted = 0

    /// Whether the last line had left fields out for want of room; they are unknown.
    public var wasShortened: Bool { recording.isShortened }

    let tree: NameTree
    private let hasSelection: Bool
    private var readsAll = true
    var scratch = ByteArena(capacity: 4096, limit: Event.byteLimit)
    private var scanner = JSONScanner()
    private var keys = KeyMemory()
    /// Fields given exactly, in base64: other values of them do not count.
    private var exact = FieldSet()
    /// Whether the line is a search hit, and where in it the name of the hit is.
    private var isHit = false
    private var hitID: (text: Range<Int>, hasEscapes: Bool)?
    var recording = RecordingFacts()
    var boots = BootClocks()

    /// - Parameter fields: what `read` fills in, besides what tells events from
    ///   other documents; nil for all. `complete` adds the rest.
    public init(fields: FieldSet? = nil) {
        hasSelection = fields != nil
        var wanted = fields ?? FieldSet()
        // every condition asks for the category
        let always: [Field] = [.timestamp, .eventKind, .eventDataset, .eventCategory, .hostBootID]
        for field in always { wanted.insert(field) }
        // a name can come from the path as invoked
        if wanted.contains(.processExecutable) || wanted.contains(.processName) {
            for field: Field in [.processExecutable, .processName, .invokedAs, .executableScript] {
                wanted.insert(field)
            }
            wanted.insert(.processWorkingDirectory)
        }
        tree = NameTree(wanted: wanted)
    }

    /// Replaces `event` by what one line says.
    ///
    /// - Throws: why the line is not a document; `event` is then undefined.
    @discardableResult
    public mutating func read(
        _ line: borrowing Span<UInt8>, into event: inout Event
    ) throws(DocumentError) -> DocumentKind {
        readsAll = !hasSelection
        let counted = unconverted
        do throws(DocumentError) {
            let kind = try readDocument(line, into: &event)
            if kind != .event { unconverted = counted }
            return kind
        } catch {
            unconverted = counted
            throw error
        }
    }

    /// Adds to an event the fields that `read` left out, from the same line.
    public mutating func complete(
        _ line: borrowing Span<UInt8>, into event: inout Event
    ) throws(DocumentError) {
        guard hasSelection else { return }
        let position = event.header.position
        let counted = unconverted
        readsAll = true
        defer { unconverted = counted }
        _ = try readDocument(line, into: &event)
        event.header.position = position
    }

    private mutating func readDocument(
        _ line: borrowing Span<UInt8>, into event: inout Event
    ) throws(DocumentError) -> DocumentKind {
        event.reset()
        scanner = JSONScanner()
        keys.beginDocument()
        exact = FieldSet()
        isHit = false
        hitID = nil
        recording.reset()
        guard try scanner.peek(line) == UInt8(ascii: "{") else {
            try scanner.skipValue(line, depth: 0)
            throw .notAnObject
        }
        try readObject(line, into: &event, node: NameTree.root, depth: 0)
        scanner.skipSpace(line)
        guard scanner.index == line.count else { throw .malformed(at: scanner.index) }
        guard let timestamp = event.slot(.timestamp), timestamp.count == 1 else { throw .noTimestamp }
        event.header.kind = .document
        event.header.time = timestamp.payload
        event.header.timestamp = timestamp.payload
        if recording.isPresent { try restore(&event) }
        if event.header.hook == .none { restoreExecutables(in: &event) }
        if isHit, let hitID, !event.has(.eventID) {
            try fill(line, hitID.text, hasEscapes: hitID.hasEscapes)
            try DocumentValue.add(
                text: scratch.bytes.span.extracting(0..<scratch.count), .eventID, to: &event)
        }
        return kind(of: event)
    }

    private func kind(of event: borrowing Event) -> DocumentKind {
        let isOther =
            event.isText(.eventKind, among: DocumentReader.otherKinds)
            || event.isText(.eventDataset, among: DocumentReader.otherDatasets)
        return isOther ? .other : .event
    }

    private static let otherKinds: InlineArray<_, ShortText> = [
        ShortText("alert"), ShortText("metric"), ShortText("signal"),
    ]
    private static let otherDatasets: InlineArray<_, ShortText> = [
        ShortText("imdswatch.alert"), ShortText("imdswatch.flood"), ShortText("imdswatch.stats"),
    ]

    // MARK: Structure

    private mutating func readObject(
        _ line: borrowing Span<UInt8>, into event: inout Event, node: Int, depth: Int
    ) throws(DocumentError) {
        guard depth < JSONScanner.depthLimit else {
            throw .nestedTooDeeply(limit: JSONScanner.depthLimit)
        }
        try scanner.expect(line, UInt8(ascii: "{"))
        if try scanner.peek(line) == UInt8(ascii: "}") {
            scanner.index += 1
            return
        }
        repeat {
            let child = try readKey(line, below: node)
            guard child != NameTree.root, readsAll || tree.nodes[child].isWanted else {
                try scanner.skipValue(line, depth: depth + 1)
                continue
            }
            if tree.nodes[child].meaning == .source {
                guard try scanner.peek(line) == UInt8(ascii: "{") else { throw .notAnObject }
                let outer = hitID
                defer { hitID = outer }
                isHit = true
                try readObject(line, into: &event, node: NameTree.root, depth: depth + 1)
            } else {
                try readValue(line, node: child, into: &event, depth: depth + 1)
            }
        } while try scanner.takeComma(line, or: UInt8(ascii: "}"))
    }

    /// Takes a key and the colon behind it: the node that it leads to, or the
    /// root if it means nothing.
    @inline(__always)
    private mutating func readKey(
        _ line: borrowing Span<UInt8>, below node: Int
    ) throws(DocumentError) -> Int {
        if try scanner.peek(line) == UInt8(ascii: "\""),
            let key = keys.find(line, at: scanner.index + 1, below: node)
        {
            scanner.index += key.count + 2
            try scanner.expect(line, UInt8(ascii: ":"))
            return key.node
        }
        return try readUnexpectedKey(line, below: node)
    }

    @inline(never)
    private mutating func readUnexpectedKey(
        _ line: borrowing Span<UInt8>, below node: Int
    ) throws(DocumentError) -> Int {
        let (name, hasEscapes) = try scanner.string(line)
        try scanner.expect(line, UInt8(ascii: ":"))
        guard !hasEscapes else {
            try JSONText.unescape(line, name, into: &scratch)
            return tree.child(of: node, scratch.bytes.span, 0..<scratch.count).node
        }
        let found = tree.child(of: node, line, name)
        keys.remember(line, name, below: node, node: found.node, hash: found.hash)
        return found.node
    }

    private mutating func readValue(
        _ line: borrowing Span<UInt8>, node: Int, into event: inout Event, depth: Int
    ) throws(DocumentError) {
        let first = try scanner.peek(line)
        let here = tree.nodes[node]
        let meaning = here.meaning
        switch first {
        case UInt8(ascii: "\""):
            let (range, hasEscapes) = try scanner.string(line)
            guard meaning != .prefix else { return }
            if !hasEscapes, meaning == .field, here.type == .keyword, !event.has(here.field) {
                // most values are this
                guard !exact.contains(here.field) else { return }
                guard event.setText(here.field, line, range) else {
                    throw .tooLong(limit: Event.byteLimit)
                }
            } else if hasEscapes {
                try JSONText.unescape(line, range, into: &scratch)
                try take(node, scratch: true, line, range, isString: true, into: &event)
            } else {
                try take(node, scratch: false, line, range, isString: true, into: &event)
            }
        case UInt8(ascii: "{"):
            try readObject(line, into: &event, node: node, depth: depth)
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
                try readValue(line, node: node, into: &event, depth: depth + 1)
            } while try scanner.takeComma(line, or: UInt8(ascii: "]"))
        case UInt8(ascii: "n"):
            try scanner.word(line, JSONScanner.null)
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            let start = scanner.index
            try scanner.boolean(line)
            guard meaning != .prefix else { return }
            try take(node, scratch: false, line, start..<scanner.index, isString: false, into: &event)
        default:
            let range = try scanner.number(line)
            guard meaning != .prefix else { return }
            try take(node, scratch: false, line, range, isString: false, into: &event)
        }
    }

    /// Takes one value: from the scratch if it had escapes, else from the line.
    private mutating func take(
        _ node: Int, scratch usesScratch: Bool, _ line: borrowing Span<UInt8>, _ range: Range<Int>,
        isString: Bool, into event: inout Event
    ) throws(DocumentError) {
        let field = tree.nodes[node].field
        let meaning = tree.nodes[node].meaning
        switch meaning {
        case .field:
            guard !exact.contains(field) else { return }
            let type = tree.nodes[node].type
            var failed = 0
            if usesScratch {
                try DocumentValue.add(
                    field, type, scratch.bytes.span.extracting(0..<scratch.count), isString: isString,
                    to: &event, &failed)
            } else {
                try DocumentValue.add(
                    field, type, line.extracting(range), isString: isString, to: &event, &failed)
            }
            unconverted += failed
        case .raw:
            if !exact.contains(field) {
                exact.insert(field)
                event.remove(field)
            }
            if !usesScratch { try fill(line, range, hasEscapes: false) }
            guard JSONText.decodeBase64(&scratch) else {
                unconverted += 1
                return
            }
            try DocumentValue.add(
                text: scratch.bytes.span.extracting(0..<scratch.count), field, to: &event)
        case .prefix, .source: return
        case .hitID: hitID = (range, usesScratch)
        default:
            if usesScratch {
                recording.take(meaning, field, Array(scratch.bytes[0..<scratch.count]).span)
            } else {
                recording.take(meaning, field, line.extracting(range))
            }
        }
    }

    /// Takes a text into the scratch.
    private mutating func fill(
        _ line: borrowing Span<UInt8>, _ range: Range<Int>, hasEscapes: Bool
    ) throws(DocumentError) {
        guard !hasEscapes else { return try JSONText.unescape(line, range, into: &scratch) }
        scratch.truncate(to: 0)
        guard scratch.append(line.extracting(range)) != nil else { throw .tooLong(limit: scratch.limit) }
    }
}

extension Event {
    /// Whether the first value of a text field is one of three words.
    fileprivate func isText(_ field: Field, among words: InlineArray<3, ShortText>) -> Bool {
        guard let slot = slot(field), slot.kind == .text, !slot.isUnknown,
            let text = ShortText(arena.bytes.span, slot.range)
        else { return false }
        return text == words[0] || text == words[1] || text == words[2]
    }
}

extension Span<UInt8> {
    /// Whether these bytes are that text.
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        var index = 0
        for byte in text.description.utf8 {
            guard self[index] == byte else { return false }
            index += 1
        }
        return true
    }
}
