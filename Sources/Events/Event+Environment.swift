// The environment of a process, which holds secrets that no rule asks for.
extension Event {
    /// Keeps of `process.env_vars` only the variables with these names, so that
    /// a rule that asks for one does not put all others into an alert.
    ///
    /// What is left of a cut environment is still cut; where nothing is left of
    /// one, the value is unknown: the variable may have been in the part that
    /// was cut out.
    ///
    /// - Parameter names: in upper case; letters of either case are the same.
    public mutating func keepVariables(named names: borrowing Span<[UInt8]>) {
        guard let slot = slot(.processEnvVars), !slot.isUnknown else { return }
        let range = slot.range
        let start = arena.count
        var count = 0
        var first = range.lowerBound
        while first < range.upperBound {
            var end = first
            while end < range.upperBound, slot.count == 1 || arena.bytes[end] != 0 { end += 1 }
            if isVariable(first..<end, named: names) {
                if count > 0 { _ = append(byte: 0) }
                guard appendCopy(of: first..<end, replacing: 0, with: 0) != nil else { break }
                count += 1
            }
            first = end + 1
        }
        guard count > 0 else {
            if slot.isCut { setUnknown(.processEnvVars) } else { remove(.processEnvVars) }
            return
        }
        set(.processEnvVars, text: start..<arena.count, count: count, traits: slot.traits)
    }

    private func isVariable(_ range: Range<Int>, named names: borrowing Span<[UInt8]>) -> Bool {
        for index in names.indices where hasName(range, names[index]) { return true }
        return false
    }

    private func hasName(_ range: Range<Int>, _ name: [UInt8]) -> Bool {
        guard range.count > name.count, arena.bytes[range.lowerBound + name.count] == UInt8(ascii: "=") else {
            return false
        }
        for offset in name.indices {
            var byte = arena.bytes[range.lowerBound + offset]
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) { byte -= 32 }
            guard byte == name[offset] else { return false }
        }
        return true
    }
}
