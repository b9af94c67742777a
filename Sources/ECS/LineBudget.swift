/// What kind of value a text is when a line is too long: the lower, the
/// sooner it is cut.
enum TextClass: Int, CaseIterable {
    case matchedArgs, matchedCommandLine, matchedText
    /// The exact bytes of values that are not UTF-8: whole or not at all.
    case raw
    /// Arguments of leaders and the parent; of the process.
    case otherArgs, args
    case otherCommandLine, commandLine
    case text
    /// What the rule file says.
    case rule
    /// Paths of executables other than the process's own.
    case matchedExecutable, leaderExecutable, parentExecutable
    /// Names of fields: what is cut, what is unknown.
    case flags
    /// Ids, which only a document could make long.
    case identifier
    case executable

    /// Not cut while anything else can still be left out.
    var isProtected: Bool { self == .identifier || self == .executable }

    /// The bytes of a value that tell most of what it says. Below this it is
    /// only cut once all other values have come down to theirs.
    var comfort: Int {
        switch self {
        case .matchedArgs, .matchedCommandLine, .matchedText: 256
        case .otherArgs, .args, .otherCommandLine, .commandLine: 1024
        case .text: 256
        case .raw: 512
        case .rule, .matchedExecutable, .leaderExecutable, .parentExecutable, .flags, .identifier,
            .executable:
            floor
        }
    }

    /// The bytes that a limit takes out of values of these sizes.
    func removed(from sizes: [Int], above limit: Int) -> Int {
        sizes.reduce(0) { sum, size in
            guard size > limit else { return sum }
            return sum + (self == .raw ? size : size - limit)
        }
    }

    /// No value of the class is cut below this many bytes.
    var floor: Int {
        switch self {
        case .matchedArgs, .matchedCommandLine, .otherArgs, .otherCommandLine: 24
        case .matchedText, .matchedExecutable, .leaderExecutable: 48
        case .raw: 0
        case .args, .commandLine, .text, .rule, .parentExecutable, .identifier: 64
        case .flags: 160
        case .executable: 256
        }
    }
}

/// How much of a record is written at all. Later shapes are for lines that are
/// too long although every value has been cut.
enum RecordShape: Int, CaseIterable {
    case whole
    /// Of a long list of events or ancestors only both ends, and of matched
    /// events what tells most.
    case fewEvents
    /// Of the process and its parent what tells most, and of leaders nothing.
    case brief
    /// Who did what and when, and nothing besides.
    case skeleton

    /// Matched events and ancestors kept at each end.
    var listEnd: Int {
        switch self {
        case .whole: .max
        case .fewEvents, .brief: 1
        case .skeleton: 0
        }
    }
}

/// The bytes that values of each class may take in one line.
struct LineBudget {
    private var limits = [Int](repeating: .max, count: TextClass.allCases.count)

    subscript(kind: TextClass) -> Int {
        get { limits[kind.rawValue] }
        set { limits[kind.rawValue] = newValue }
    }
}

/// The sizes of all values of a line, by class, to find a budget from.
struct LineSizes {
    private var sizes = [[Int]](repeating: [], count: TextClass.allCases.count)

    mutating func note(_ size: Int, _ kind: TextClass) { sizes[kind.rawValue].append(size) }

    /// The budget that takes at least `excess` bytes out, in the order of the
    /// classes: first down to what each needs to be of use, then further. Nil
    /// if that is more than can be taken.
    func budget(removing excess: Int, in shape: RecordShape) -> LineBudget? {
        budget(removing: excess, in: shape, leaving: \.comfort)
            ?? budget(removing: excess, in: shape, leaving: \.floor)
    }

    private func budget(
        removing excess: Int, in shape: RecordShape, leaving least: (TextClass) -> Int
    ) -> LineBudget? {
        var budget = LineBudget()
        var rest = excess
        for kind in TextClass.allCases where rest > 0 && (shape == .skeleton || !kind.isProtected) {
            let values = sizes[kind.rawValue]
            let least = least(kind)
            let available = kind.removed(from: values, above: least)
            guard available > 0 else { continue }
            if available <= rest {
                budget[kind] = least
                rest -= available
            } else {
                budget[kind] = cap(values, kind, removing: rest, floor: least)
                rest = 0
            }
        }
        return rest > 0 ? nil : budget
    }

    /// The largest size that, as a limit of each value, removes enough.
    private func cap(_ values: [Int], _ kind: TextClass, removing excess: Int, floor: Int) -> Int {
        var low = floor
        var high = values.max() ?? floor
        while low < high {
            let middle = low + (high - low + 1) / 2
            if kind.removed(from: values, above: middle) >= excess { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
