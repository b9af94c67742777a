public import Events

/// A condition as a flat program.
public struct Program: Sendable {
    /// Whether the event satisfies the condition. Allocates nothing.
    public func matches(_ event: borrowing Event) -> Bool {
        false
    }
}
