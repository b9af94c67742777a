import Events
import Foundation
import Platform
import Processes
import Testing

@Suite("Facts about the host")
struct HostTests {
    private static let dmi = "sys/class/dmi/id/"

    @Test(
        "the cloud is told by firmware and cloud-init",
        arguments: [
            (
                [
                    "sys_vendor": "Amazon EC2", "board_asset_tag": "i-0123456789abcdef0",
                    "product_uuid": "ec2-x",
                ], [:],
                "aws", "i-0123456789abcdef0"
            ),
            (
                ["sys_vendor": "Xen", "bios_version": "4.11.amazon"],
                [
                    "run/cloud-init/instance-data.json":
                        #"{"ds": {"a": [1, "]"]}, "v1": {"cloud_name": "aws", "instance_id": "i-77"}}"#
                ],
                "aws", "i-77"
            ),
            (
                ["product_name": "Google Compute Engine", "sys_vendor": "Google"],
                ["var/lib/cloud/data/instance-id": "8571234\n"], "gcp", "8571234"
            ),
            (
                [
                    "sys_vendor": "Microsoft Corporation", "product_uuid": "ABCD-EF",
                    "chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77",
                ], [:], "azure", "abcd-ef"
            ),
            (["sys_vendor": "Microsoft Corporation", "chassis_asset_tag": "none"], [:], nil, nil),
            (
                ["chassis_asset_tag": "OracleCloud.com"],
                ["var/lib/cloud/data/instance-id": "ocid1.instance.x\n"], "oci",
                "ocid1.instance.x"
            ),
            (["product_name": "Alibaba Cloud ECS"], [:], "alibaba", nil),
            (["sys_vendor": "Hetzner", "product_serial": "4711"], [:], "hetzner", "4711"),
            (["sys_vendor": "DigitalOcean", "product_serial": "99"], [:], "digitalocean", "99"),
            (["product_name": "OpenStack Nova", "product_uuid": "AA-BB"], [:], "openstack", "aa-bb"),
            (["sys_vendor": "QEMU"], ["var/lib/cloud/data/instance-id": "iid-local"], nil, nil),
            ([:], [:], nil, nil),
        ] as [([String: String], [String: String], String?, String?)])
    func cloud(firmware: [String: String], files: [String: String], provider: String?, id: String?) throws {
        var all = files
        for (name, value) in firmware { all[HostTests.dmi + name] = value + "\n" }
        let root = try TemporaryRoot(all)
        let host = HostFacts(root: root.path)
        #expect(host.cloud?.provider == provider)
        #expect(host.cloud?.instanceID == id)
    }

    @Test(
        "the id of the host is never empty",
        arguments: [
            (["etc/machine-id": "0123456789abcdef0123456789abcdef\n"], "0123456789abcdef0123456789abcdef"),
            (
                [
                    "etc/machine-id": "uninitialized\n",
                    "sys/class/dmi/id/product_uuid": "EC2A-1111-2222-3333-4444\n",
                ],
                "ec2a-1111-2222-3333-4444"
            ),
            (
                [
                    "sys/class/dmi/id/product_uuid": "00000000-0000-0000-0000-000000000000\n",
                    "proc/sys/kernel/random/boot_id": "b\n",
                ], "boot-af63df4c8601f1a5"
            ),
        ])
    func identity(files: [String: String], id: String) throws {
        let root = try TemporaryRoot(files)
        #expect(HostFacts(root: root.path).id == id)
    }

    @Test("the distribution is read from os-release")
    func release() throws {
        let root = try TemporaryRoot([
            "usr/lib/os-release":
                "NAME=\"Amazon Linux\"\nVERSION_ID='2023'\nID=amzn\nID_LIKE=\"fedora\"\n# x\n",
            "proc/sys/kernel/hostname": "web-1\n", "proc/sys/kernel/osrelease": "6.1.0-x\n",
        ])
        let host = HostFacts(root: root.path)
        #expect(host.osName == "Amazon Linux" && host.osVersion == "2023" && host.osFamily == "redhat")
        #expect(host.hostname == "web-1" && host.kernel == "6.1.0-x")
        var event = Event()
        host.setFields(of: &event)
        let copied = event.snapshot()
        let copy = try #require(copied)
        #expect(copy.text(.hostOSType) == "linux" && copy.text(.hostName) == "web-1")
        #expect(copy.text(.hostOSFamily) == "redhat")
    }

    @Test("this machine has an id, a boot id and a kernel")
    func real() {
        let host = HostFacts()
        #expect(!host.id.isEmpty && host.bootID.count == 36 && !host.kernel.isEmpty)
        #expect(["x86_64", "aarch64"].contains(host.architecture))
    }

    @Test("names of users are read again when the file has changed, once a second")
    func users() throws {
        let root = try TemporaryRoot([
            "etc/passwd": "a:x:5:5\nb:x:5:5\nbad\n+\n:x:7:\n", "etc/group": "g:x:6:\n",
        ])
        var users = UserNames(root: root.path)
        func name(_ id: UInt32, _ users: borrowing UserNames) -> String? {
            var event = Event()
            users.setUser(.userName, id, of: &event)
            return event.snapshot()?.text(.userName)
        }
        #expect(name(5, users) == "a")
        #expect(name(6, users) == nil && name(7, users) == nil)
        users.refresh(at: 10_000_000_000)
        try root.write("etc/passwd", "new:x:5:5\n")
        users.refresh(at: 10_500_000_000)
        #expect(name(5, users) == "a")
        users.refresh(at: 11_000_000_000)
        #expect(name(5, users) == "new")
        try FileManager.default.removeItem(atPath: root.path + "/etc/passwd")
        users.refresh(at: 13_000_000_000)
        #expect(name(5, users) == "new")
    }

    private static let hex64 = String(repeating: "0123456789abcdef", count: 4)
    private static let hex32 = String(repeating: "0123456789abcdef", count: 2)

    @Test(
        "container ids are found in names of control groups",
        arguments: [
            ("docker-\(hex64).scope", hex64), ("cri-containerd-\(hex64).scope", hex64),
            ("crio-\(hex64).scope", hex64), ("libpod-\(hex64).scope", hex64), (hex64, hex64),
            ("crio-conmon-\(hex64).scope", nil), ("libpod-conmon-\(hex64).scope", nil),
            ("\(hex32)-1234567890", "\(hex32)-1234567890"), ("\(hex32)-x", nil),
            ("lxc.payload.web", "web"), ("machine-web.scope", "web"), ("machine-qemu-1-vm.scope", nil),
            ("docker-short.scope", nil), ("docker.service", nil), ("session-3.scope", nil), ("", nil),
            ("docker-.scope", nil), ("machine-.scope", nil), (String(hex64.dropLast()), nil),
        ] as [(String, String?)])
    func containers(name: String, id: String?) {
        let bytes = Array(name.utf8)
        let range = ContainerID.range(inControlGroup: bytes.span)
        #expect(range.map { String(decoding: bytes[$0], as: UTF8.self) } == id)
    }

    @Test("small files are read whole, cut or refused")
    func files() throws {
        let root = try TemporaryRoot(["file": "0123456789", "empty": "", "sub/x": "y"])
        var bytes = Array("before".utf8)
        let facts = try File.read(root.path + "/file", into: &bytes)
        #expect(bytes == Array("0123456789".utf8))
        #expect(facts.size == 10 && facts.isRegular && facts.owner == getuid())
        try File.read(root.path + "/empty", into: &bytes)
        #expect(bytes.isEmpty)
        #expect(throws: FileError.tooLarge(limit: 9)) {
            try File.read(root.path + "/file", into: &bytes, limit: 9)
        }
        #expect(throws: Never.self) { try File.read(root.path + "/file", into: &bytes, limit: 10) }
        let cut = try File.readStart(root.path + "/file", into: &bytes, limit: 4)
        #expect(bytes == Array("0123".utf8) && !cut.isWhole)
        #expect(throws: FileError.refused(errno: ENOENT)) { try File.read(root.path + "/none", into: &bytes) }
        #expect(try File.names(in: root.path).sorted() == ["empty", "file", "sub"])
        #expect(try File.metadata(of: root.path + "/sub").isDirectory)
        try FileManager.default.createSymbolicLink(atPath: root.path + "/l", withDestinationPath: "a b")
        try File.readLink(root.path + "/l", into: &bytes)
        #expect(bytes == Array("a b".utf8))
        try File.read("/proc/self/status", into: &bytes)
        #expect(bytes.count > 100)
    }

    @Test("boot time and UTC differ by the offset")
    func clocks() {
        let offset = Clock.bootToUTC()
        let difference = Clock.realtime() - (Clock.boottime() + offset)
        #expect(abs(difference) < 50_000_000)
        #expect(Clock.monotonic() <= Clock.monotonic())
    }
}
