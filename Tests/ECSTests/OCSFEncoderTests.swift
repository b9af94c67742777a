import Detection
import ECS
import Events
import Fixtures
import Testing

@Suite("OCSFEncoder")
struct OCSFEncoderTests {
    @Test("writes a detection finding")
    func golden() throws {
        let line = try line(Sample.alert([Sample.exec(), Sample.connect()]))
        try expectGolden("ocsf", line)
    }

    @Test("has what the class requires, and stays within the line", arguments: [10, 10_000, 100_000])
    func required(size: Int) throws {
        let long = FieldValue.texts([String(repeating: "\u{1b}", count: size)])
        let event = try Sample.connect([
            .processCommandLine: long, .processExecutable: long, .parentExecutable: long, .userName: long,
            .invokedAs: long, .serviceName: long, .processRealUserName: long,
        ])
        let line = try line(Sample.alert([event, event, event]))
        #expect(line.text.utf8.count <= 15_000)
        for name in [
            "activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata.version",
            "metadata.product.name", "finding_info.uid", "finding_info.title", "device.type_id", "evidences",
        ] {
            #expect(line[name] != nil, "\(name)")
        }
        #expect(line.number("type_uid") == line.number("class_uid").map { $0 * 100 + 1 })
    }

    @Test("keeps of each event what the schema has no attribute for")
    func unmapped() throws {
        let event = try Sample.connect([
            .hostMountNamespace: false, .executableMemory: true, .executableScript: true, .userID: 0,
            .serviceName: "app.service", .processRealUserName: "web",
        ])
        let degraded = try Sample.exec([.executableDeleted: true]) { $0.header.degraded = true }
        let line = try line(Sample.alert([degraded, event]))
        for (name, value) in [
            ("host_mount_namespace", "false"), ("memfd", "true"), ("script", "true"), ("degraded", "true"),
            ("deleted", "true"),
            ("invoked_as", #""curl""#), ("service_name", #""app.service""#), ("real_user_id", #""1000""#),
            ("real_user_name", #""web""#),
        ] {
            #expect(line.text.contains("\"\(name)\":\(value)"), "\(name)")
        }
        #expect(try self.line(Sample.alert([event])).text.contains(#""degraded":false"#))
    }

    private func line(_ alert: Alert) throws -> Line {
        var bytes: [UInt8] = []
        OCSFEncoder(Sample.context).append(alert, rule: Sample.rule, to: &bytes)
        return try Line(bytes)
    }
}
