/// An IPv4 or IPv6 address. IPv4 is held v4-mapped, so that `::ffff:a.b.c.d`
/// equals `a.b.c.d`.
public struct IPAddress: Hashable, Sendable {
    /// The 128 bits, most significant first.
    public var high: UInt64
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    @inlinable
    public init(v4 bits: UInt32) {
        self.init(high: 0, low: 0x0000_ffff_0000_0000 | UInt64(bits))
    }

    /// Reads 16 bytes in network order.
    @inlinable
    public init?(bytes: borrowing Span<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(bytes[index])
            low = low << 8 | UInt64(bytes[index + 8])
        }
        self.init(high: high, low: low)
    }

    @inlinable
    public var isV4: Bool { high == 0 && low >> 32 == 0xffff }

    @inlinable
    public var v4Bits: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// The 16 bytes in network order.
    public var octets: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// Reads the textual forms of RFC 4291, without a zone.
    public init?(_ text: some StringProtocol) {
        if text.contains(":") {
            guard let address = IPAddress.parseV6(Array(text.utf8)) else { return nil }
            self = address
        } else {
            guard let bits = IPAddress.parseV4(Array(text.utf8)[...]) else { return nil }
            self.init(v4: bits)
        }
    }

    private static func parseV4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else {
                return nil
            }
            var value: UInt32 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private static func parseV6(_ text: [UInt8]) -> IPAddress? {
        // groups before and after "::"; nil while it has not been seen
        var head: [UInt16] = []
        var tail: [UInt16]?
        var index = 0
        let colon = UInt8(ascii: ":")

        func push(_ group: UInt16) {
            if tail == nil { head.append(group) } else { tail?.append(group) }
        }

        if text.starts(with: [colon, colon]) {
            tail = []
            index = 2
        } else if text.first == colon {
            return nil
        }
        while index < text.count {
            let end = text[index...].firstIndex(of: colon) ?? text.count
            let part = text[index..<end]
            if part.contains(UInt8(ascii: ".")) {
                guard end == text.count, let bits = parseV4(part) else { return nil }
                push(UInt16(bits >> 16))
                push(UInt16(bits & 0xffff))
                index = end
                break
            }
            guard (1...4).contains(part.count),
                let value = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
            else { return nil }
            push(value)
            guard end < text.count else {
                index = end
                break
            }
            index = end + 1
            if index < text.count, text[index] == colon {
                guard tail == nil else { return nil }
                tail = []
                index += 1
            } else if index == text.count {
                return nil
            }
        }
        let known = head.count + (tail?.count ?? 0)
        guard tail == nil ? known == 8 : known <= 7 else { return nil }
        let groups = head + Array(repeating: 0, count: 8 - known) + (tail ?? [])
        let high = groups[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = groups[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return IPAddress(high: high, low: low)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text: dotted for IPv4, RFC 5952 for IPv6.
    public var description: String {
        if isV4 {
            let bits = v4Bits
            return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
        }
        let groups = (0..<8).map { index -> UInt16 in
            let word = index < 4 ? high : low
            return UInt16(truncatingIfNeeded: word >> UInt64(48 - 16 * (index % 4)))
        }
        var best = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > max(1, best.count) { best = index..<end }
            index = max(end, index + 1)
        }
        let hex = { (range: Range<Int>) in
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? hex(0..<8) : hex(0..<best.lowerBound) + "::" + hex(best.upperBound..<8)
    }
}

/// A block of addresses in CIDR form; a bare address is a block of one.
public struct IPPrefix: Hashable, Sendable {
    public let address: IPAddress
    /// Significant bits of the 128: an IPv4 prefix counts from 96.
    public let length: Int

    /// Reads `address` or `address/bits`; bits beyond the length are cleared.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let address = IPAddress(first) else { return nil }
        let textualV4 = !first.contains(":")
        var length = 128
        if parts.count == 2 {
            guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
                let bits = Int(parts[1]), bits <= (textualV4 ? 32 : 128)
            else { return nil }
            length = textualV4 ? bits + 96 : bits
        }
        self.init(address, length: length)
    }

    public init(_ address: IPAddress, length: Int) {
        let high = length >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(length))
        let low = length <= 64 ? 0 : length == 128 ? UInt64.max : ~(UInt64.max >> UInt64(length - 64))
        self.address = IPAddress(high: address.high & high, low: address.low & low)
        self.length = length
    }

    @inlinable
    public func contains(_ other: IPAddress) -> Bool {
        let differentHigh = address.high ^ other.high
        let differentLow = address.low ^ other.low
        if length <= 64 { return length == 0 || differentHigh >> UInt64(64 - length) == 0 }
        return differentHigh == 0 && differentLow >> UInt64(128 - length) == 0
    }
}
