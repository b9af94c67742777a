/// What the name of a control group tells about its processes.
public enum ContainerID {
    private static let prefixes: [StaticString] = [
        "docker-", "cri-containerd-", "crio-", "libpod-", "nerdctl-", "buildkit-",
    ]

    /// Where in the last component of a control group's path the id of a
    /// container is; nil if it is not one of a container.
    ///
    /// Runtimes under systemd write `docker-<id>.scope` and the like, others
    /// the bare id; `lxc.payload.<name>` and `machine-<name>.scope` hold names.
    public static func range(inControlGroup name: borrowing Span<UInt8>) -> Range<Int>? {
        if isID(name, 0..<name.count) { return 0..<name.count }
        if let rest = rest(of: name, after: "lxc.payload."), !rest.isEmpty { return rest }
        guard name.hasSuffix(".scope") else { return nil }
        let end = name.count - 6
        for prefix in prefixes {
            if let rest = rest(of: name, after: prefix), rest.lowerBound < end {
                let id = rest.lowerBound..<end
                if isID(name, id) { return id }
            }
        }
        // virtual machines register in the same way, but are no containers
        if let rest = rest(of: name, after: "machine-"), rest.lowerBound < end,
            !name.hasPrefix("machine-qemu")
        {
            return rest.lowerBound..<end
        }
        return nil
    }

    /// Where the name of the systemd unit is: the whole name, if it is one's.
    public static func unit(ofControlGroup name: borrowing Span<UInt8>) -> Range<Int>? {
        let isUnit = name.hasSuffix(".service") || name.hasSuffix(".scope")
        return isUnit ? 0..<name.count : nil
    }

    /// Ids are 64 hex digits; some runtimes cut them to 32, or number tasks
    /// behind a hyphen (`<32 hex>-<number>`, as ECS does).
    private static func isID(_ name: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var digits = 0
        for index in range {
            switch name[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): digits += 1
            case UInt8(ascii: "-") where digits == 32 && index == range.lowerBound + 32:
                return isNumber(name, (index + 1)..<range.upperBound)
            default: return false
            }
        }
        return digits == 64 || digits == 32
    }

    private static func isNumber(_ name: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(name[index]) {
            return false
        }
        return !range.isEmpty
    }

    private static func rest(of name: borrowing Span<UInt8>, after prefix: StaticString) -> Range<Int>? {
        guard name.hasPrefix(prefix) else { return nil }
        return prefix.utf8CodeUnitCount..<name.count
    }
}
