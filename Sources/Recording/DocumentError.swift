/// Why a line is not a readable document.
public enum DocumentError: Error, Sendable, Equatable {
    /// Not JSON: the offset of the byte that does not belong there.
    case malformed(at: Int)
    /// JSON, but not an object.
    case notAnObject
    /// Objects or arrays inside one another beyond the limit.
    case nestedTooDeeply(limit: Int)
    /// No `@timestamp`, or one that is not a time.
    case noTimestamp
    /// More text than one event can hold.
    case tooLong(limit: Int)
}

extension DocumentError {
    /// The reason in words.
    public var text: String {
        switch self {
        case .malformed(let offset): "not JSON from byte \(offset + 1) on"
        case .notAnObject: "not a JSON object"
        case .nestedTooDeeply(let limit): "nested more than \(limit) deep"
        case .noTimestamp: "no @timestamp, or none that is a time"
        case .tooLong(let limit): "more than \(limit) bytes of values"
        }
    }
}
