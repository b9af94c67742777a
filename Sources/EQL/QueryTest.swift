public import Events

extension Query {
    /// One test of a condition, to be asked what satisfies it.
    public struct Test {
        private let condition: Condition
        private let role: Role
        /// Whether it helps the whole condition to hold if this holds, not if it fails.
        public let isWanted: Bool

        init(_ condition: Condition, _ role: Role, isWanted: Bool) {
            self.condition = condition
            self.role = role
            self.isWanted = isWanted
        }

        /// The fields that it reads.
        public var fields: FieldSet {
            switch condition {
            case .isPresent(let field), .field(let field, _): FieldSet([field])
            case .call(let test): FieldSet(test.variables.map(\.field))
            default: FieldSet()
            }
        }

        /// Whether it holds for an event.
        public func holds(for event: borrowing Event) -> Bool {
            Program(condition, role: role).matches(event)
        }

        /// What the texts of its field are compared with: each up to its first wildcard,
        /// and whether that is all of it.
        public var heads: [(text: String, isWhole: Bool)] {
            guard case .field(_, .patterns(let patterns)) = condition else { return [] }
            return patterns.map { (String(decoding: $0.head, as: UTF8.self), $0.exact != nil) }
        }

        /// Texts that may satisfy it, made of its patterns and of the texts in its calls.
        ///
        /// - Parameters:
        ///   - directory: stands before what may begin with anything; without a slash at the end.
        ///   - word: stands for a star elsewhere, its first letter for a question mark.
        public func examples(below directory: String, word: String) -> [String] {
            switch condition {
            case .field(_, .patterns(let patterns)):
                patterns.map { $0.example(below: directory, word: word) }
            case .call(let test):
                test.root.texts.flatMap {
                    ["\($0)\(word)", "\(directory)\($0)", "\(directory)/\(word)\($0)\(word)"]
                }
            default: []
            }
        }
    }
}

extension ValueNode {
    /// The texts in it.
    fileprivate var texts: [String] {
        switch self {
        case .text(let bytes): [String(decoding: bytes, as: UTF8.self)]
        case .call(_, _, let arguments): arguments.flatMap(\.texts)
        case .number, .boolean, .variable: []
        }
    }
}

extension WildcardPattern {
    fileprivate func example(below directory: String, word: String) -> String {
        var text: [UInt8] = []
        let filler = word.utf8.first ?? UInt8(ascii: "x")
        for (index, segment) in segments.enumerated() {
            if index > 0 {
                text += index == 1 && text.isEmpty ? Array("\(directory)/\(word)".utf8) : Array(word.utf8)
            }
            for (place, byte) in segment.bytes.enumerated() {
                text.append(segment.wild?[place] == true ? filler : byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
