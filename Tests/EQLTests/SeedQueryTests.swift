import EQL
import Events
import Fixtures
import Testing

@Suite("Seed queries")
struct SeedQueryTests {
    private func exec(_ changes: [Field: FieldValue]) -> Event {
        let base: [Field: FieldValue] = [
            .processExecutable: "/usr/bin/ls", .processName: "ls", .processCommandLine: "ls -l",
            .processWorkingDirectory: "/root", .parentExecutable: "/usr/bin/bash",
        ]
        return .made(.exec, base.merging(changes) { $1 })
    }

    private static let setupRoutes: [Field: FieldValue] = [
        .processExecutable: "/tmp/x", .processName: "x", .parentExecutable: "/usr/bin/setup-policy-routes",
    ]

    @Test(
        "wait for the same starts, but for parentheses and exclusions",
        arguments: [
            ([:], false, false),
            ([.processName: "curl"], true, true),
            ([.processName: "CURL"], true, true),
            ([.processName: "python3.13"], true, true),
            ([.processName: "ncx"], false, false),
            ([.processExecutable: "/tmp/a"], true, true),
            ([.processExecutable: ["/usr/bin/ls", "./ls"]], true, true),
            ([.processExecutable: "/etc/rc5.d/S01"], true, true),
            ([.processExecutable: "/etc/rcx"], false, false),
            ([.processCommandLine: "ls 169.254.169.254"], true, true),
            ([.processCommandLine: "ls 169.254.169.25"], false, false),
            // in v2 the exclusions bind to the command line alone
            (setupRoutes, true, false),
            (
                [
                    .processCommandLine: "x 169.254.169.254",
                    .parentExecutable: "/usr/bin/setup-policy-routes",
                ], false, false
            ),
            ([.processName: "curl", .processWorkingDirectory: "/opt/rapid7/x"], true, false),
            ([.processName: "curl", .parentExecutable: .missing], true, false),
            ([.processName: "curl", .parentExecutable: .unknown], true, true),
            (
                [
                    .processName: "curl", .parentExecutable: ["/usr/bin/dash", "/usr/sbin/dhclient-script"],
                ], true, false
            ),
            (
                [
                    .processName: "curl",
                    .parentExecutable: .untrusted("/usr/bin/dash", "/usr/sbin/dhclient-script"),
                ], true, true
            ),
            (
                [
                    .processName: "curl", .processWorkingDirectory: .cut("/opt/rapid7\u{2026}/x"),
                ], true, true
            ),
            ([.eventAction: "fork", .processName: "curl"], false, false),
            ([.hostOSType: "windows", .processName: "curl"], false, false),
        ] as [([Field: FieldValue], Bool, Bool)])
    func starts(changes: [Field: FieldValue], inV2: Bool, inV3: Bool) throws {
        let v2 = try Query.compile(EQLSeedQueries.v2).stages[0].program.matches(exec(changes))
        let v3 = try Query.compile(EQLSeedQueries.v3).stages[0].program.matches(exec(changes))
        #expect(v2 == inV2, "v2")
        // in v2 any start of these kinds counts whatever its action
        #expect(v3 == inV3, "v3")
    }

    @Test("wait for a connection to the metadata address")
    func connects() throws {
        let query = try Query.compile(EQLSeedQueries.v3)
        for (address, expected) in [
            ("169.254.169.254", true), ("::ffff:169.254.169.254", true), ("169.254.169.253", false),
        ] {
            let event = Event.made(.connect, [.destinationIP: .texts([address])])
            let result = query.stages[1].program.matches(event)
            #expect(result == expected)
        }
    }

    @Test("have a span of a second and two keys")
    func shape() throws {
        for text in [EQLSeedQueries.v2, EQLSeedQueries.v3] {
            let query = try Query.compile(text)
            #expect(query.maxspan == 1_000_000_000)
            #expect(
                query.stages.map { $0.keys.map(\.field) } == [
                    [.hostID, .parentEntityID], [.hostID, .parentEntityID],
                ])
        }
    }
}
