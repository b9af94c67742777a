/// Makes the text of `process.entity_id`: unique across hosts and boots, stable
/// across `exec`, and the same in every record about one process.
///
/// Form: sixteen hex digits that stand for machine and boot, the pid in
/// decimal, and the start time in hex, joined by hyphens.
public struct EntityNamer: Sendable {
    /// Machine and boot, without the hyphen.
    public let origin: [UInt8]

    /// - Parameters:
    ///   - hostID: `host.id` as the output gives it.
    ///   - bootID: the kernel's random boot id.
    public init(hostID: String, bootID: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(hostID.utf8) + [0] + Array(bootID.utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        origin = Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8)
    }

    public func text(of identity: ProcessIdentity) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(48)
        text += origin
        text.append(UInt8(ascii: "-"))
        text.append(decimal: UInt64(identity.pid))
        text.append(UInt8(ascii: "-"))
        text.append(hex: identity.start)
        return text
    }
}
