import Foundation

/// One JSON object of the sensor's output.
struct Document {
    /// The line it was read from.
    let bytes: [UInt8]
    private let root: [String: Any]

    /// nil unless the bytes are one JSON object in UTF-8.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil,
            let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { return nil }
        root = object
        self.bytes = bytes
    }

    private init(_ root: [String: Any]) {
        self.root = root
        bytes = []
    }

    /// The value at a dotted path.
    subscript(_ path: String) -> Any? {
        var value: Any? = root
        for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
        return value
    }

    func string(_ path: String) -> String? { self[path] as? String }
    func int(_ path: String) -> Int? { (self[path] as? NSNumber)?.intValue }
    func number(_ path: String) -> Double { (self[path] as? NSNumber)?.doubleValue ?? .nan }
    func bool(_ path: String) -> Bool? { (self[path] as? NSNumber)?.boolValue }
    func strings(_ path: String) -> [String]? { self[path] as? [String] }

    func documents(_ path: String) -> [Document] {
        (self[path] as? [[String: Any]])?.map(Document.init) ?? []
    }

    /// The numbers below a path, by dotted name.
    func numbers(_ path: String) -> [String: Int] {
        var result: [String: Int] = [:]
        func collect(_ value: Any?, _ name: String) {
            if let object = value as? [String: Any] {
                for (key, value) in object { collect(value, name.isEmpty ? key : "\(name).\(key)") }
            } else if let number = value as? NSNumber {
                result[name] = number.intValue
            }
        }
        collect(self[path], "")
        return result
    }

    /// Whether a process is part of the story that this alert tells.
    func involves(_ pid: Int) -> Bool {
        let stories = [self] + documents("imdswatch.matched")
        let named = stories.flatMap { [$0.int("process.pid"), $0.int("process.parent.pid")] }
        return named.contains(pid) || documents("imdswatch.ancestry").contains { $0.int("pid") == pid }
    }

    /// Nanoseconds since 1970 of a date.
    func time(_ path: String) -> UInt64? {
        guard let text = string(path), text.count == 30, text.hasSuffix("Z") else { return nil }
        let seconds = try? Date(text.prefix(19) + "Z", strategy: .iso8601)
        guard let seconds, let nanoseconds = UInt64(text.dropFirst(20).dropLast()) else { return nil }
        return UInt64(seconds.timeIntervalSince1970) * 1_000_000_000 + nanoseconds
    }
}
