internal import CBPF
internal import Events
internal import Platform

extension RecordDecoder {
    @inline(__always)
    func setConnection(_ connect: record_connect, _ flags: UInt32, of event: inout Event) {
        let destination = IPAddress(octets: connect.destination_address)
        event.set(.destinationIP, address: destination)
        event.set(.destinationPort, integer: Int64(UInt16(bigEndian: connect.destination_port)))
        let text = ShortText(destination)
        event.set(.destinationAddress, text: text.bytes.span.extracting(0..<text.count))
        vocabulary.set(.networkDirection, .egress, of: &event)
        vocabulary.set(.networkTransport, .tcp, of: &event)
        vocabulary.set(.networkType, destination.isV4 ? .ipv4 : .ipv6, of: &event)
        if flags & Flag.source != 0 {
            let source = IPAddress(octets: connect.source_address)
            if !source.isUnspecified { event.set(.sourceIP, address: source) }
            let port = UInt16(bigEndian: connect.source_port)
            if port != 0 { event.set(.sourcePort, integer: Int64(port)) }
        }
        if flags & Flag.result != 0 { setOutcome(connect.result, of: &event) }
    }

    private func setOutcome(_ result: Int32, of event: inout Event) {
        switch result {
        case 0: vocabulary.set(.eventOutcome, .success, of: &event)
        case -ErrorName.inProgress: vocabulary.set(.eventOutcome, .unknown, of: &event)
        default:
            vocabulary.set(.eventOutcome, .failure, of: &event)
            if let name = ErrorName.of(result) {
                event.set(.errorCode, text: name)
            } else {
                var number = ShortText()
                number.append(decimal: result.magnitude)
                event.set(.errorCode, text: number.bytes.span.extracting(0..<number.count))
            }
        }
    }

    /// Names of the capabilities in a set, in the order of their numbers.
    func setCapabilities(_ field: Field, _ bits: UInt64, of event: inout Event) {
        let start = event.arena.count
        var rest = bits
        var count = 0
        while rest != 0 {
            let number = rest.trailingZeroBitCount
            rest &= rest - 1
            guard number < Capability.names.count else { break }
            if count > 0, event.append(byte: 0) == nil { return event.setUnknown(field, traits: .cut) }
            let prefix = RecordDecoder.capabilityPrefix
            guard event.append(prefix.span) != nil,
                event.append(Capability.names[number].utf8.span) != nil
            else { return event.setUnknown(field, traits: .cut) }
            count += 1
        }
        if count > 0 { event.set(field, text: start..<event.arena.count, count: count) }
    }

    private static var capabilityPrefix: InlineArray<4, UInt8> { [0x43, 0x41, 0x50, 0x5f] }  // CAP_
}

extension IPAddress {
    /// From sixteen bytes in network order.
    @inline(__always)
    fileprivate init<Octets: BitwiseCopyable>(octets: Octets) {
        // SAFETY: the argument is the address of record.h: sixteen bytes.
        let (high, low) = unsafe withUnsafeBytes(of: octets) { bytes in
            unsafe (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
        self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    /// 0.0.0.0 or ::, which a socket has before it is bound.
    fileprivate var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xffff_0000_0000) }
}
