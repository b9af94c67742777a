internal import EQL
internal import Events

/// Something that an event satisfies or not.
///
/// Code that is generic over a type that cannot be copied must borrow it:
/// taken out of an array by its own type, a program would be copied, with a
/// retain for each of its arrays, before every call.
protocol EventCondition: ~Copyable {
    func matches(_ event: borrowing Event) -> Bool
    func matches(_ event: borrowing Event, from entry: UInt16) -> Bool
}

extension Program: EventCondition {}

extension Event {
    /// Whether the event satisfies a condition that stands in an array.
    @inline(__always)
    func satisfies<Condition: EventCondition & ~Copyable>(
        _ conditions: borrowing Span<Condition>, at index: Int
    ) -> Bool {
        conditions[index].matches(self)
    }

    /// The same, beginning behind what is settled.
    @inline(__always)
    func satisfies<Condition: EventCondition & ~Copyable>(
        _ conditions: borrowing Span<Condition>, at index: Int, from entry: UInt16
    ) -> Bool {
        conditions[index].matches(self, from: entry)
    }
}
