/// The SHA-256 hash (FIPS 180-4), for naming a set of rules. Not for secrets.
struct SHA256 {
    private var state: [UInt32] = SHA256.roots(of: SHA256.primes.prefix(8), cubic: false)
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    mutating func update(_ bytes: [UInt8]) {
        length += UInt64(bytes.count)
        pending += bytes
        var start = 0
        while pending.count - start >= 64 {
            compress(Array(pending[start..<(start + 64)]))
            start += 64
        }
        pending.removeFirst(start)
    }

    /// The hash of all bytes so far, as 64 hex digits.
    func hexDigest() -> String {
        var last = self
        let bits = length * 8
        let padding = (119 - Int(length % 64)) % 64 + 1
        last.update([0x80] + [UInt8](repeating: 0, count: padding - 1))
        last.update((0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
        return last.state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private mutating func compress(_ block: [UInt8]) {
        var words = (0..<16).map { index in
            (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(block[4 * index + $1]) }
        }
        for index in 16..<64 {
            let early = words[index - 15]
            let late = words[index - 2]
            words.append(
                words[index - 16] &+ words[index - 7]
                    &+ (early.rotated(7) ^ early.rotated(18) ^ early >> 3)
                    &+ (late.rotated(17) ^ late.rotated(19) ^ late >> 10))
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let first =
                h &+ (e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)) &+ ((e & f) ^ (~e & g))
                &+ SHA256.constants[index] &+ words[index]
            let second = (a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)) &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }

    // The constants are the first 32 bits of the fractional parts of the
    // square and cube roots of the first primes; they are computed.

    private static let primes: [UInt32] = {
        var found: [UInt32] = []
        var candidate: UInt32 = 2
        while found.count < 64 {
            if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }()

    private static let constants = roots(of: primes[...], cubic: true)

    /// The largest 40-bit fixed-point number whose square (cube) does not
    /// exceed the prime, without its integer part.
    private static func roots(of primes: ArraySlice<UInt32>, cubic: Bool) -> [UInt32] {
        primes.map { prime in
            var root: UInt64 = 0
            for bit in stride(from: UInt64(39), through: 0, by: -1) {
                let trial = root | 1 << bit
                let square = trial.multipliedFullWidth(by: trial)
                let fits: Bool
                if cubic {
                    // the cube of a 40-bit number has 120 bits; prime << 96
                    let low = square.low.multipliedFullWidth(by: trial)
                    let high = square.high * trial + low.high
                    fits = high < UInt64(prime) << 32 || (high == UInt64(prime) << 32 && low.low == 0)
                } else {
                    fits = square.high < prime || (square.high == prime && square.low == 0)
                }
                if fits { root = trial }
            }
            return UInt32(truncatingIfNeeded: root)
        }
    }
}

extension UInt32 {
    fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}
