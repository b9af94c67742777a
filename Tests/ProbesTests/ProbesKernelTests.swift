import Events
import Foundation
import Platform
import Probes
import Testing

@Suite("The kernel side", .serialized, .enabled(if: getuid() == 0, "needs root"))
struct ProbesKernelTests {
    @Test("loads, and says why a program was refused")
    func load() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let probes = try Probes()
        print("loaded in", clock.now - start)
        for report in probes.programs { print(report) }
        print(KernelSupport.read())
    }

    @Test("attaches here, and hands out what happened")
    func attach() throws {
        var probes = try Probes()
        try probes.attach(.exec)
        try probes.attach(.exit)
        try probes.attach(.fork)
        print(probes.attachConnect(.v4, HookPreference.auto.ladder))
        print(probes.attachConnect(.v6, HookPreference.auto.ladder))
        var reader = try probes.makeReader()
        let p = try Process.run(URL(filePath: "/bin/true"), arguments: ["x", "y"])
        p.waitUntilExit()
        print("collected", reader.collect(), reader.fill)
        while let first = reader.first {
            let n = reader.next { $0.count }
            print(first, n ?? -1)
        }
        reader.release()
        print(reader.fill, reader.arm())
        print(try probes.counters())
        var count = 0
        let n = try probes.forEachTask { record in count += record.count }
        print("tasks", n, count)
    }
}
