extension BinaryInteger {
    /// The number and what it counts: `1 rule`, `2 rules`.
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
