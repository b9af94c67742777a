import Events
import Fixtures

/// How costs grow: with processes, with pending sequences, with arguments.
extension Benchmarks {
    static var scale: [Benchmark] {
        [
            table("scale.processes-1000", processes: 1_000),
            table("scale.processes-50000", processes: 50_000),
            table("scale.processes-100000", processes: 100_000),
            pending("scale.keys-in-1s", span: "1s"),
            pending("scale.keys-beyond-room", span: "1h"),
            arguments("scale.arguments-256", bytes: 256),
            arguments("scale.arguments-4096", bytes: 4_096),
            arguments("scale.arguments-32768", bytes: 32_768),
        ]
    }

    /// A program start by each of so many living processes in turn, all the way.
    private static func table(_ name: String, processes: Int) -> Benchmark {
        Benchmark(name, count: processes) {
            let line = try LineBox()
            var record = RecordBuilder.exec("/usr/bin/grep", ["grep", "-q", "ready"])
            let records = RecordRow(
                (0..<processes).map { number in
                    record.process = (UInt32(1_000 + number), UInt64(900_000_000 + number * 1_000))
                    record.group = record.process
                    return record.bytes
                })
            return { line.take($0, of: records, to: .matched) }
        }
    }

    /// First stages, each with a key of its own, 10 microseconds apart: a
    /// hundred thousand wait in a second, and in an hour more than there is room for.
    private static func pending(_ name: String, span: String) -> Benchmark {
        Benchmark(name, count: 250_000) {
            let box = EngineBox([
                try rule(
                    """
                    sequence by process.parent.entity_id with maxspan=\(span)
                      [process where event.action == "exec"] [network where destination.ip == "169.254.169.254"]
                    """)
            ])
            let start = EventBox { EventMix.fill(&$0, 0) }
            let run = Counting()
            return { count in
                for _ in 0..<count {
                    run.number += 1
                    start.event.set(
                        .parentEntityID, identity: ProcessIdentity(pid: 7, start: UInt64(run.number)))
                    box.process(start, at: Int64(run.number) * 10_000)
                }
            }
        }
    }

    /// Decoding a start with arguments of so many bytes.
    private static func arguments(_ name: String, bytes: Int) -> Benchmark {
        Benchmark(name, count: 160) {
            let line = try LineBox()
            let record = RecordBuilder.exec(
                "/usr/bin/grep", Array(repeating: String(repeating: "a", count: 31), count: bytes / 32)
            ).bytes
            let records = RecordRow([record])
            return { line.take($0, of: records, to: .decoded) }
        }
    }
}

private final class Counting {
    var number = 0
}
