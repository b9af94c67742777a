/// A dotted name, taken apart once.
package struct FieldPath: Sendable {
    /// Names of the objects that the value stands in, and its own.
    let parents: [[UInt8]]
    let key: [UInt8]

    package init(_ name: String) {
        var components = name.utf8.split(separator: UInt8(ascii: ".")).map { Array($0) }
        key = components.popLast() ?? []
        parents = components
    }
}

/// Appends JSON to a run of bytes.
///
/// Objects follow from dotted names: `process.pid`, then `process.parent.pid`,
/// opens and closes what is needed. Names that share a beginning must follow
/// each other, or an object would be opened twice.
package struct JSONWriter: Sendable {
    package var bytes: [UInt8]

    /// Objects that names have opened and that are not closed yet, outermost
    /// first; of each object begun explicitly, where its own begin.
    private var open: [[UInt8]] = []
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
    package mutating func name(_ path: FieldPath) {
        var depth = scope
        for parent in path.parents {
            enter(parent, at: &depth)
        }
        close(downTo: depth)
        plainKey(path.key)
    }

    package mutating func name(_ path: String) {
        let name = path.utf8
        var depth = scope
        var start = name.startIndex
        while let dot = name[start...].firstIndex(of: UInt8(ascii: ".")) {
            enter(name[start..<dot], at: &depth)
            start = name.index(after: dot)
        }
        close(downTo: depth)
        plainKey(name[start...])
    }

    /// Goes into an object: the one that is open there, or a new one.
    private mutating func enter(_ name: some Collection<UInt8>, at depth: inout Int) {
        defer { depth += 1 }
        if depth < open.count, open[depth].elementsEqual(name) { return }
        close(downTo: depth)
        plainKey(name)
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        open.append(Array(name))
    }

    private mutating func plainKey(_ name: some Collection<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func close(downTo count: Int) {
        while open.count > count {
            open.removeLast()
            bytes.append(UInt8(ascii: "}"))
            needsComma = true
        }
    }

    /// A name that is one key although it may have dots.
    package mutating func key(_ name: String) { plainKey(name.utf8) }

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

    package mutating func value(_ text: String) { value(Array(text.utf8)[...]) }

    package mutating func value(_ text: ArraySlice<UInt8>) {
        separate()
        quote(text)
    }

    /// A string of which only both ends are written.
    mutating func value(_ text: ArraySlice<UInt8>, keeping ends: Ends) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        escape(text.prefix(ends.head))
        bytes.append(contentsOf: ellipsis)
        escape(text.dropFirst(ends.tail))
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
        bytes.append(contentsOf: String(number).utf8)
    }

    private mutating func quote(_ text: ArraySlice<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        escape(text)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ text: ArraySlice<UInt8>) {
        var index = text.startIndex
        while index < text.endIndex {
            let run = index
            while index < text.endIndex, isPlain(text[index]) { index += 1 }
            bytes.append(contentsOf: text[run..<index])
            guard index < text.endIndex else { return }
            let step = text.span.scalar(at: index - text.startIndex)
            escape(step, text[index..<(index + step.length)])
            index += step.length
        }
    }

    private mutating func escape(_ step: ScalarStep, _ text: ArraySlice<UInt8>) {
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
        default: bytes.append(contentsOf: text)
        }
    }

    private mutating func escape(as letter: Unicode.Scalar) {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: letter))
    }
}

/// A hex digit in lower case.
func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
