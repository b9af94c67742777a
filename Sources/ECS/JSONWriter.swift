internal import Events

/// Appends JSON to a run of bytes.
///
/// Objects follow from dotted names: `process.pid`, then `process.parent.pid`,
/// opens and closes what is needed. Names that share a beginning must follow
/// each other, or an object would be opened twice.
package struct JSONWriter: Sendable {
    package var bytes: [UInt8]

    /// Objects that names have opened and that are not closed yet, outermost
    /// first, each by where its own name stands in the bytes; of each object
    /// begun explicitly, where its own begin.
    private var open: [Range<Int>] = []
    private var scopes: [Int] = []
    private var scope = 0
    private var needsComma = false

    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    // MARK: Structure

    package mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        scopes.append(scope)
        scope = open.count
        needsComma = false
    }

    package mutating func endObject() {
        close(downTo: scope)
        scope = scopes.popLast() ?? 0
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    package mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Names the value that follows, relative to the innermost object begun.
    /// Names need no escaping.
    package mutating func name(_ path: String) { name(path.utf8.span) }

    package mutating func name(_ path: [UInt8]) { name(path.span) }

    package mutating func name(_ path: borrowing Span<UInt8>) {
        var depth = scope
        var start = 0
        var index = 0
        while index < path.count {
            if path[index] == UInt8(ascii: ".") {
                enter(path.extracting(start..<index), at: &depth)
                start = index + 1
            }
            index += 1
        }
        close(downTo: depth)
        plainKey(path.extracting(start..<path.count))
    }

    /// Goes into an object: the one that is open there, or a new one.
    private mutating func enter(_ name: borrowing Span<UInt8>, at depth: inout Int) {
        defer { depth += 1 }
        if depth < open.count, isWritten(name, at: open[depth]) { return }
        close(downTo: depth)
        plainKey(name)
        open.append((bytes.count - 2 - name.count)..<(bytes.count - 2))
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    private func isWritten(_ name: borrowing Span<UInt8>, at range: Range<Int>) -> Bool {
        areEqual(name, bytes.span.extracting(range))
    }

    private mutating func plainKey(_ name: borrowing Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(copying: name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Adds members that another writer has written for an object.
    mutating func members(_ members: [UInt8]) {
        guard !members.isEmpty else { return }
        close(downTo: scope)
        separate()
        bytes += members
    }

    private mutating func close(downTo count: Int) {
        while open.count > count {
            open.removeLast()
            bytes.append(UInt8(ascii: "}"))
            needsComma = true
        }
    }

    /// A name that is one key although it may have dots.
    package mutating func key(_ name: String) { plainKey(name.utf8.span) }

    /// Adds an array of texts.
    package mutating func strings(_ name: String, _ texts: [String]) {
        key(name)
        beginArray()
        for text in texts { value(text) }
        endArray()
    }

    /// Adds an array of objects, each written by a closure.
    package mutating func objects<Element>(
        _ name: String, _ elements: [Element], _ write: (Element, inout JSONWriter) -> Void
    ) {
        key(name)
        beginArray()
        for element in elements {
            beginObject()
            write(element, &self)
            endObject()
        }
        endArray()
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: Values

    package mutating func value(_ number: some FixedWidthInteger) {
        separate()
        append(decimal: number)
    }

    /// A number to three decimals; null for what is no number.
    package mutating func value(decimals number: Double) {
        separate()
        guard number.isFinite, number.magnitude < 1e15 else {
            bytes.append(contentsOf: "null".utf8)
            return
        }
        let thousandths = Int64((number.magnitude * 1_000).rounded())
        if number < 0, thousandths > 0 { bytes.append(UInt8(ascii: "-")) }
        append(decimal: thousandths / 1_000)
        bytes.append(UInt8(ascii: "."))
        bytes.append(contentsOf: String(1_000 + thousandths % 1_000).utf8.dropFirst())
    }

    package mutating func value(_ boolean: Bool) {
        separate()
        bytes.append(contentsOf: (boolean ? "true" : "false").utf8)
    }

    package mutating func value(_ text: String) { value(text.utf8.span) }

    package mutating func value(_ text: ArraySlice<UInt8>) { value(text.span) }

    package mutating func value(_ text: borrowing Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        escape(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A string of which only both ends are written.
    mutating func value(_ text: ArraySlice<UInt8>, keeping ends: Ends) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        let head = text.prefix(ends.head)
        escape(head.span)
        bytes.append(contentsOf: ellipsis)
        let tail = text.dropFirst(ends.tail)
        escape(tail.span)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func value(time nanoseconds: Int64) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Timestamp.append(nanoseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func value(base64 text: borrowing Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Base64.append(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    // MARK: Bytes

    private mutating func append(decimal number: some FixedWidthInteger) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(decimal: UInt64(number.magnitude))
    }

    private mutating func escape(_ text: borrowing Span<UInt8>) {
        var index = 0
        while index < text.count {
            let end = text.endOfPlain(from: index)
            if end > index { bytes.append(copying: text.extracting(index..<end)) }
            guard end < text.count else { return }
            let step = text.scalar(at: end)
            index = end + step.length
            escape(step, text.extracting(end..<index))
        }
    }

    private mutating func escape(_ step: ScalarStep, _ text: borrowing Span<UInt8>) {
        guard let scalar = step.scalar else {
            bytes.append(contentsOf: [0xef, 0xbf, 0xbd])
            return
        }
        switch scalar {
        case 0x22: escape(as: "\"")
        case 0x5c: escape(as: "\\")
        case 0x08: escape(as: "b")
        case 0x09: escape(as: "t")
        case 0x0a: escape(as: "n")
        case 0x0c: escape(as: "f")
        case 0x0d: escape(as: "r")
        case _ where isControl(scalar):
            escape(as: "u")
            bytes.append(hexDigit(UInt8(scalar >> 12 & 15)))
            bytes.append(hexDigit(UInt8(scalar >> 8 & 15)))
            bytes.append(hexDigit(UInt8(scalar >> 4 & 15)))
            bytes.append(hexDigit(UInt8(scalar & 15)))
        default: bytes.append(copying: text)
        }
    }

    private mutating func escape(as letter: Unicode.Scalar) {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: letter))
    }
}
