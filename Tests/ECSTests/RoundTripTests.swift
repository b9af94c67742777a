import ECS
import Events
import Fixtures
import Recording
import Testing

@Suite("Round trip")
struct RoundTripTests {
    @Test("replay reads from an event's line what the engine saw", arguments: 0..<40)
    func events(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let event = try event(&random)
        let context = RecordContext(host: HostInfo(), version: "1", lineLimit: 1 << 20, redacts: false)
        var line: [UInt8] = []
        EventEncoder(context).append(event, to: &line)

        var reader = DocumentReader()
        var read = Event()
        try reader.read(line.span, into: &read)
        let copy = try Sample.snapshot(read)
        #expect(reader.unconverted == 0)
        for field in Field.allCases where field != .timestamp && event.has(field) {
            #expect(values(of: field, in: copy) == values(of: field, in: event), "\(field.name)")
        }
        #expect(copy.header.timestamp == event.header.timestamp)
    }

    /// Every field, with bytes that are hard to write.
    private func event(_ random: inout Random) throws -> EventSnapshot {
        var event = Event()
        event.header.kind = .connect
        event.header.timestamp = Sample.time
        for field in Field.allCases where field != .timestamp && field != .invokedAs {
            switch field.info.type {
            case .keyword:
                let isList = [.processArgs, .parentArgs, .processEnvVars, .eventCategory].contains(field)
                let parts = (0..<(isList ? 3 : 1)).map { _ in
                    [UInt8(ascii: "v")] + random.nastyBytes(atMost: 40).filter { !isList || $0 != 0 }
                }
                let bytes = Array(parts.joined(separator: [0]))
                guard let range = event.append(bytes.span) else { continue }
                event.set(field, text: range, count: parts.count)
            case .identifier: event.set(field, integer: Int64.random(in: 0...70_000, using: &random))
            case .long: event.set(field, integer: Int64.random(in: -9...(.max), using: &random))
            case .boolean: event.set(field, boolean: Bool.random(using: &random))
            case .date: event.set(field, integer: Int64.random(in: 0...(.max), using: &random))
            case .ip: event.set(field, address: IPAddress(high: random.next(), low: random.next()))
            }
        }
        return try Sample.snapshot(event)
    }

    /// A field's values in a form that two events can be compared by.
    private func values(of field: Field, in event: EventSnapshot) -> [String] {
        switch field.info.type {
        case .keyword: event.texts(field).map { $0.map { String($0, radix: 16) }.joined(separator: " ") }
        case .ip: event.addresses(field).map(\.description)
        case .identifier, .long, .boolean, .date: event.integers(field).map(String.init)
        }
    }
}
