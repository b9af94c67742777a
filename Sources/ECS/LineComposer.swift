internal import Events

/// Writes the values of one line within a budget, and keeps account of what
/// was cut.
struct LineComposer {
    var json: JSONWriter
    let shape: RecordShape
    /// How long values may be; nil for a first try, which nearly always fits:
    /// nothing is cut in it, and sizes are not taken.
    let budget: LineBudget?
    private(set) var sizes = LineSizes()
    /// Names of values that were cut, here or in the kernel; that are not known.
    private(set) var truncated = NameList()
    private(set) var unknown = NameList()
    private(set) var mutable = NameList()
    private(set) var redacted = NameList()

    init(appendingTo line: [UInt8], shape: RecordShape, budget: LineBudget?) {
        json = JSONWriter(line)
        self.shape = shape
        self.budget = budget
    }

    mutating func noteTruncated(_ name: String) { truncated.insert(name) }
    mutating func noteUnknown(_ name: String) { unknown.insert(name) }
    mutating func noteMutable(_ name: String) { mutable.insert(name) }
    mutating func noteRedacted(_ name: String) { redacted.insert(name) }

    // MARK: Texts

    /// Writes a name and a text, unless the text is empty.
    mutating func text(_ path: String, _ text: String, _ kind: TextClass, name: String) {
        guard !text.isEmpty else { return }
        json.name(path)
        guard budget != nil else { return json.value(text) }
        value(Array(text.utf8)[...], kind, name: name)
    }

    /// Writes a text, its middle left out if it is longer than its class may be.
    mutating func value(_ text: ArraySlice<UInt8>, _ kind: TextClass, name: @autoclosure () -> String) {
        guard let budget else { return json.value(text) }
        let size = escapedSize(text.span)
        sizes.note(size, kind)
        if size <= budget[kind] {
            json.value(text)
        } else {
            json.value(text, keeping: ends(of: text.span, size: size, budget: budget[kind]))
            truncated.insert(name())
        }
    }

    /// Writes texts as an array. If it is longer than its class may be, both
    /// ends of it are kept.
    mutating func values(
        _ texts: [ArraySlice<UInt8>], _ kind: TextClass, name: @autoclosure () -> String,
        partly: Bool = true
    ) {
        guard let budget else {
            json.beginArray()
            for text in texts { json.value(text) }
            return json.endArray()
        }
        let sizes = texts.map { escapedSize($0.span) }
        let total = sizes.reduce(0) { $0 + $1 + ListCut.separators }
        self.sizes.note(total, kind)
        json.beginArray()
        if total <= budget[kind] {
            for text in texts { json.value(text) }
        } else {
            let cut = ListCut(sizes: sizes, budget: budget[kind], partly: partly)
            for index in 0..<cut.head { json.value(texts[index]) }
            if cut.headRest > 0 { part(texts[cut.head], sizes[cut.head], cut.headRest) }
            if cut.leavesOut { json.value(ellipsis[...]) }
            if cut.tailRest > 0 { part(texts[cut.tail - 1], sizes[cut.tail - 1], cut.tailRest) }
            for index in cut.tail..<texts.count { json.value(texts[index]) }
            truncated.insert(name())
        }
        json.endArray()
    }

    private mutating func part(_ text: ArraySlice<UInt8>, _ size: Int, _ budget: Int) {
        if size <= budget {
            json.value(text)
        } else {
            json.value(text, keeping: ends(of: text.span, size: size, budget: budget))
        }
    }

    /// Writes names of fields.
    mutating func names(_ path: String, _ names: NameList) {
        json.name(path)
        guard !names.isEmpty else {
            json.beginArray()
            return json.endArray()
        }
        values(names.names.map { Array($0.utf8)[...] }, .flags, name: "imdswatch.truncated", partly: false)
    }

    // MARK: Exact bytes

    /// Whether the exact bytes of values fit the budget.
    mutating func admitsRaw(_ texts: [ArraySlice<UInt8>]) -> Bool {
        guard let budget else { return true }
        let size = texts.reduce(0) { $0 + Base64.size($1.count) + ListCut.separators }
        sizes.note(size, .raw)
        return size <= budget[.raw]
    }
}

/// Names in the order they came, each once.
struct NameList: Sendable {
    private(set) var names: [String] = []

    var isEmpty: Bool { names.isEmpty }

    mutating func insert(_ name: String) {
        if !names.contains(name) { names.append(name) }
    }
}

/// Which values of a list stay when it is too long.
struct ListCut {
    /// Quotes and a comma.
    static let separators = 3
    /// Less than this is not worth to be a part of a value.
    private static let leastPart = 16

    /// Values kept whole at the beginning; from here on, at the end.
    var head = 0
    var tail: Int
    /// Bytes for parts of the next value at either end; 0 for none.
    var headRest = 0
    var tailRest = 0
    var leavesOut = true

    /// - Parameter partly: whether the values next to what is left out may be
    ///   cut themselves.
    init(sizes: [Int], budget: Int, partly: Bool = true) {
        tail = sizes.count
        let kept = max(0, budget - ellipsis.count - ListCut.separators)
        var headBudget = (kept + 1) / 2
        var tailBudget = kept / 2
        while head < sizes.count, sizes[head] + ListCut.separators <= headBudget {
            headBudget -= sizes[head] + ListCut.separators
            head += 1
        }
        while tail > head, sizes[tail - 1] + ListCut.separators <= tailBudget {
            tailBudget -= sizes[tail - 1] + ListCut.separators
            tail -= 1
        }
        switch tail - head {
        case 0: leavesOut = false
        case _ where !partly: break
        case 1:
            // one value is too long: both its ends stay
            headRest = headBudget + tailBudget + ellipsis.count
            leavesOut = false
        default:
            headRest = headBudget - ListCut.separators
            tailRest = tailBudget - ListCut.separators
            if headRest < ListCut.leastPart { headRest = 0 }
            if tailRest < ListCut.leastPart { tailRest = 0 }
            leavesOut = tail - head > 2 || headRest == 0 || tailRest == 0
        }
    }
}

/// Finds the fullest form of a record that fits a line.
enum LineFitter {
    /// Appends a record to `line`.
    ///
    /// - Parameter compose: writes the record; called again with tighter
    ///   budgets until it fits.
    static func append(
        to line: inout [UInt8], limit: Int, _ compose: (inout LineComposer) -> Void
    ) {
        let start = line.count
        func attempt(_ shape: RecordShape, _ budget: LineBudget?) -> LineSizes {
            line.removeSubrange(start...)
            var composer = LineComposer(appendingTo: line, shape: shape, budget: budget)
            line = []
            compose(&composer)
            line = composer.json.bytes
            return composer.sizes
        }
        _ = attempt(.whole, nil)
        if line.count - start <= limit { return }
        for shape in RecordShape.allCases {
            let sizes = attempt(shape, LineBudget())
            var excess = line.count - start - limit
            // Cutting adds bytes of its own, the names of what was cut: what
            // is still too much counts as excess of the next attempt, with
            // more and more to spare.
            var spare = 16
            while line.count - start > limit, let budget = sizes.budget(removing: excess, in: shape) {
                _ = attempt(shape, budget)
                excess += max(0, line.count - start - limit) + spare
                spare *= 2
            }
            if line.count - start <= limit { return }
        }
    }
}
