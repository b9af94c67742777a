extension Program {
    /// Number of tests in the program: the most that one event can take.
    /// Most events are decided by the first few.
    public var testCount: Int { operations.count }
}
