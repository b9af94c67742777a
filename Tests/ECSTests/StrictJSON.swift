import Foundation
import Testing

/// One line of output, read as JSON and checked for what readers must be able
/// to rely on.
struct Line {
    let text: String
    let object: [String: Any]

    /// - Throws: if the line is not one JSON object, has a raw control
    ///   character, or names a key of one object twice.
    init(_ bytes: [UInt8]) throws {
        text = try #require(String(validating: bytes, as: UTF8.self), "not UTF-8")
        try #require(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "a raw control character: \(text)")
        object = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any], "not an object")
        try Line.requireUniqueKeys(bytes)
    }

    /// The value of a dotted name.
    subscript(_ name: String) -> Any? {
        name.split(separator: ".").reduce(object as Any?) { value, key in
            (value as? [String: Any])?[String(key)]
        }
    }

    func string(_ name: String) -> String? { self[name] as? String }
    func strings(_ name: String) -> [String]? { self[name] as? [String] }
    func number(_ name: String) -> Int? { (self[name] as? NSNumber)?.intValue }
    func objects(_ name: String) -> [[String: Any]]? { self[name] as? [[String: Any]] }

    private static func requireUniqueKeys(_ bytes: [UInt8]) throws {
        var scopes: [Set<String>?] = []
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"): scopes.append([])
            case UInt8(ascii: "["): scopes.append(nil)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): scopes.removeLast()
            case UInt8(ascii: "\""):
                let start = index
                index += 1
                while bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: ":"),
                    let scope = scopes.last, let names = scope
                else { break }
                let key = String(decoding: bytes[start...index], as: UTF8.self)
                try #require(!names.contains(key), "twice: \(key)")
                scopes[scopes.count - 1] = names.union([key])
            default: break
            }
            index += 1
        }
    }
}

/// JSON without the spaces between its parts: golden files are indented.
func compact(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    var isInString = false
    var isEscaped = false
    for byte in bytes {
        if !isInString, [0x20, 0x0a, 0x0d, 0x09].contains(byte) { continue }
        result.append(byte)
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = isInString
        } else if byte == UInt8(ascii: "\"") {
            isInString.toggle()
        }
    }
    return String(decoding: result, as: UTF8.self)
}
