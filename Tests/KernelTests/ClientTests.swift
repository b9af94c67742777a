import Foundation
import Testing

extension KernelTests {
    @Suite("Real clients", .serialized)
    struct Clients {
        private static let url = "http://169.254.169.254/latest/meta-data/"

        @Test(
            "raise one alert each, with their own evidence",
            arguments: [
                ["curl", "-s", url],
                ["wget", "-q", "-t", "1", "-T", "2", "-O", "-", url],
                ["python3", "-c", "import urllib.request as u; u.urlopen('\(url)')"],
                ["perl", "-MIO::Socket::INET", "-e", "IO::Socket::INET->new('169.254.169.254:80')"],
                ["nc", "-w", "1", "169.254.169.254", "80"],
                ["socat", "-", "TCP:169.254.169.254:80"],
                ["openssl", "s_client", "-connect", "169.254.169.254:443"],
                ["busybox", "wget", "-q", "-O", "-", url],
                ["gawk", #"BEGIN { s = "/inet/tcp/0/169.254.169.254/80"; print "" |& s }"#],
                ["lua5.4", "-e", "require('socket').connect('169.254.169.254', 80)"],
                ["ncat", "-w", "1", "169.254.169.254", "80"],
                ["php", "-r", "@file_get_contents('\(url)');"],
                ["ruby", "-rsocket", "-e", "TCPSocket.new('169.254.169.254', 80)"],
                ["telnet", "169.254.169.254", "80"],
            ])
        func alert(command: [String]) throws {
            let executable = try #require(resolve(command[0]), "\(command[0]) is not installed: make setup")
            var (alerts, result) = try raisedAlerts(command)
            // on a busy machine an interpreter may load for longer than the rule's second
            for _ in 0..<2 where alerts.isEmpty { (alerts, result) = try raisedAlerts(command) }
            #expect(alerts.count == 1)
            let alert = try #require(alerts.first)
            #expect(alert.int("process.pid") == result.child)
            #expect(alert.string("process.executable") == executable)
            #expect(alert.strings("process.args") == command)
            #expect(alert.int("process.args_count") == command.count)
            #expect(alert.string("process.command_line") == command.joined(separator: " "))
            #expect(alert.string("process.working_directory") == "/")
            #expect(alert.int("process.parent.pid") == result.arena)
            #expect(try alert.string("process.parent.executable") == TestProgram.arena.path)
            #expect(alert.string("destination.ip") == "169.254.169.254")
            #expect(alert.int("destination.port") == (command[0] == "openssl" ? 443 : 80))
            #expect(alert.bool("imdswatch.same_process") == true)
        }

        @Test("are seen by name where nothing on the command line gives the address away")
        func hiddenAddress() throws {
            let (alerts, _) = try raisedAlerts(
                ["curl", "-s", "http://metadata.internal/"],
                items: [.text("/etc/hosts", "169.254.169.254 metadata.internal\n")])
            #expect(alerts.count == 1)
            #expect(alerts.first?.string("destination.ip") == "169.254.169.254")
        }

        @Test("raise nothing at another address")
        func otherAddress() throws {
            let (alerts, _) = try raisedAlerts(["curl", "-s", "http://10.20.30.40/"])
            #expect(alerts.isEmpty)
        }

        @Test("under a shell are found with the shell as parent")
        func shell() throws {
            let (alerts, result) = try raisedAlerts(["sh", "-c", "curl -s \(Self.url); exit 0"], status: 0)
            #expect(alerts.count == 1)
            #expect(alerts.first?.int("process.parent.pid") == result.child)
            #expect(alerts.first?.string("process.name") == "curl")
        }

        /// Where the arena finds a program, without symbolic links.
        private func resolve(_ name: String) -> String? {
            let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            let found = folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
            return found.map { URL(filePath: $0).resolvingSymlinksInPath().path() }
        }
    }
}
