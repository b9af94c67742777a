/// A dotted name, taken apart once.
struct FieldPath: Sendable, ExpressibleByStringLiteral {
    let components: [[UInt8]]

    init(_ name: String) {
        components = name.utf8.split(separator: UInt8(ascii: ".")).map { Array($0) }
    }

    init(stringLiteral name: String) { self.init(name) }
}

/// Appends JSON to a run of bytes.
///
/// Objects follow from dotted names: `process.pid`, then `process.parent.pid`,
/// opens and closes what is needed. Names that share a beginning must follow
/// each other, or an object would be opened twice.
struct JSONWriter: Sendable {
    var bytes: [UInt8]

    /// Of each object begun explicitly: the components opened inside it.
    private var scopes: [[[UInt8]]] = []
    private var needsComma = false

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    // MARK: Structure

    mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        scopes.append([])
        needsComma = false
    }

    mutating func endObject() {
        if let scope = scopes.popLast() {
            for _ in scope { bytes.append(UInt8(ascii: "}")) }
        }
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Names the value that follows, relative to the innermost object begun.
    mutating func name(_ path: FieldPath) {
        guard let last = path.components.last, var open = scopes.popLast() else { return }
        let parents = path.components.dropLast()
        var common = 0
        while common < open.count, common < parents.count, open[common] == parents[common] { common += 1 }
        while open.count > common {
            open.removeLast()
            bytes.append(UInt8(ascii: "}"))
            needsComma = true
        }
        for component in parents.dropFirst(common) {
            key(component)
            bytes.append(UInt8(ascii: "{"))
            needsComma = false
            open.append(component)
        }
        key(last)
        scopes.append(open)
    }

    /// A name that is one key although it may have dots.
    mutating func key(_ name: [UInt8]) {
        separate()
        quote(name.span)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: Values

    mutating func value(_ number: some FixedWidthInteger) {
        separate()
        append(decimal: number)
    }

    mutating func value(_ boolean: Bool) {
        separate()
        bytes.append(contentsOf: (boolean ? "true" : "false").utf8)
    }

    mutating func value(_ text: String) { value(Array(text.utf8).span) }

    mutating func value(_ text: ArraySlice<UInt8>) { value(text.span) }

    mutating func value(_ text: borrowing Span<UInt8>) {
        separate()
        quote(text)
    }

    /// A string of which only both ends are written.
    mutating func value(_ text: borrowing Span<UInt8>, keeping ends: Ends) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        escape(text.extracting(0..<ends.head))
        bytes.append(contentsOf: ellipsis)
        escape(text.extracting(ends.tail..<text.count))
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func value(time nanoseconds: Int64) {
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

    private mutating func quote(_ text: borrowing Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        escape(text)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ text: borrowing Span<UInt8>) {
        var index = 0
        while index < text.count {
            let step = text.scalar(at: index)
            defer { index += step.length }
            guard let scalar = step.scalar else {
                bytes.append(contentsOf: [0xef, 0xbf, 0xbd])
                continue
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
                for shift in [12, 8, 4, 0] as [UInt32] {
                    bytes.append(hexDigit(UInt8(scalar >> shift & 15)))
                }
            default:
                for offset in 0..<step.length { bytes.append(text[index + offset]) }
            }
        }
    }

    private mutating func escape(as letter: Unicode.Scalar) {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: letter))
    }
}

/// A hex digit in lower case.
func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
