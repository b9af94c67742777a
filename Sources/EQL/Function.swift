/// The functions of the language, and what arithmetic operators call.
enum Function: UInt8, Sendable {
    case cidrMatch, startsWith, endsWith, stringContains
    case length, indexOf, substring, between, concat, string, number
    case add, subtract, multiply, divide, modulo, negate

    /// What a function takes and gives.
    struct Signature: Sendable {
        var function: Function
        var name: String
        /// The last one repeats where there may be more arguments.
        var parameters: [Parameter]
        var count: ClosedRange<Int>
        var result: EQLError.ValueType
        /// Whether `name~` ignores case.
        var hasCase = false
    }

    enum Parameter: String, Sendable {
        case text = "a string"
        case number = "a number"
        case boolean = "true or false"
        case address = "an address field"
        case block = "an address or a block of addresses, as a string"
        case scalar = "a value"
    }

    static let signatures: [Signature] = [
        Signature(
            function: .cidrMatch, name: "cidrMatch", parameters: [.address, .block],
            count: 2...Limits.listLength, result: .boolean),
        Signature(
            function: .startsWith, name: "startsWith", parameters: [.text, .text], count: 2...2,
            result: .boolean, hasCase: true),
        Signature(
            function: .endsWith, name: "endsWith", parameters: [.text, .text], count: 2...2,
            result: .boolean, hasCase: true),
        Signature(
            function: .stringContains, name: "stringContains", parameters: [.text, .text], count: 2...2,
            result: .boolean, hasCase: true),
        Signature(
            function: .length, name: "length", parameters: [.text], count: 1...1, result: .number),
        Signature(
            function: .indexOf, name: "indexOf", parameters: [.text, .text, .number], count: 2...3,
            result: .number, hasCase: true),
        Signature(
            function: .substring, name: "substring", parameters: [.text, .number, .number],
            count: 2...3, result: .text),
        Signature(
            function: .between, name: "between", parameters: [.text, .text, .text, .boolean],
            count: 3...4, result: .text, hasCase: true),
        Signature(
            function: .concat, name: "concat", parameters: [.scalar],
            count: 1...Limits.concatArguments,
            result: .text),
        Signature(
            function: .string, name: "string", parameters: [.scalar], count: 1...1, result: .text),
        Signature(
            function: .number, name: "number", parameters: [.text, .number], count: 1...2,
            result: .number),
        Signature(
            function: .add, name: "add", parameters: [.number], count: 2...2, result: .number),
        Signature(
            function: .subtract, name: "subtract", parameters: [.number], count: 2...2, result: .number),
        Signature(
            function: .multiply, name: "multiply", parameters: [.number], count: 2...2, result: .number),
        Signature(
            function: .divide, name: "divide", parameters: [.number], count: 2...2, result: .number),
        Signature(
            function: .modulo, name: "modulo", parameters: [.number], count: 2...2, result: .number),
    ]

    /// The function of a name, whatever its case.
    static func signature(named name: String) -> Signature? {
        signatures.first { $0.name.lowercased() == name.lowercased() }
    }

    static func signature(of arithmetic: SyntaxTree.Arithmetic) -> Signature {
        let function: Function
        switch arithmetic {
        case .plus: function = .add
        case .minus: function = .subtract
        case .times: function = .multiply
        case .over: function = .divide
        case .modulo: function = .modulo
        }
        return Signature(
            function: function, name: arithmetic.rawValue, parameters: [.number], count: 2...2,
            result: .number)
    }
}
