import Detection
import ECS
import EQL
import Events
import Fixtures
import Recording

final class Reader {
    var reader = DocumentReader()
    var event = Event()

    func read(_ line: [UInt8]) { _ = try? reader.read(line.span, into: &event) }
}

extension Benchmarks {
    private static let context = RecordContext(
        host: HostInfo(
            id: "ec2abcdef", hostname: "web-1", name: "web-1", architecture: "x86_64",
            bootID: "3f1c0000-1111-2222-3333-444455556666", kernel: "6.12.0", osName: "Debian GNU/Linux",
            osVersion: "13", osFamily: "debian", cloudProvider: "aws", cloudInstanceID: "i-0abc"),
        version: "0.1.0")

    static var lines: [Benchmark] {
        [
            Benchmark("line.encode-alert", count: 160) {
                let rule = RenderedRule(try defaultRule())
                let events = [9, EventMix.count - 1].compactMap { number in
                    EventBox { EventMix.fill(&$0, number) }.event.snapshot()
                }
                let alert = Alert(
                    ruleIndex: 0, sequence: 7, created: 1_795_370_400_000_000_000, events: events,
                    ancestry: [],
                    suppressedBy: nil, isTest: false)
                let encoder = AlertEncoder(context)
                return { count in
                    for _ in 0..<count {
                        var line: [UInt8] = []
                        encoder.append(alert, rule: rule, to: &line)
                    }
                }
            },
            Benchmark("line.encode-event", count: 160) {
                let event = EventBox { EventMix.fill(&$0, 6) }.event.snapshot()
                let encoder = EventEncoder(context)
                return { count in
                    for _ in 0..<count {
                        var line: [UInt8] = []
                        if let event { encoder.append(event, to: &line) }
                    }
                }
            },
            Benchmark("line.read", count: 160) {
                var line: [UInt8] = []
                if let event = EventBox({ EventMix.fill(&$0, 6) }).event.snapshot() {
                    EventEncoder(context).append(event, to: &line)
                }
                let reader = Reader()
                return { count in for _ in 0..<count { reader.read(line) } }
            },
        ]
    }
}
