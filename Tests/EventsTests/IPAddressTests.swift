import Events
import Testing

@Suite("Internet addresses")
struct IPAddressTests {
    @Test(
        "reads and writes canonical text",
        arguments: [
            ("169.254.169.254", "169.254.169.254"),
            ("::ffff:169.254.169.254", "169.254.169.254"),
            ("fd00:ec2::254", "fd00:ec2::254"),
            ("FD00:0EC2:0:0:0:0:0:254", "fd00:ec2::254"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ])
    func canonical(text: String, expected: String) throws {
        #expect(try #require(IPAddress(text)).description == expected)
    }

    @Test(
        "refuses what is not an address",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ":", ":::", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1::2::3", "g::", "12345::", "::1.2.3", "1:", "a.b.c.d",
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "prefixes contain what they cover",
        arguments: [
            ("169.254.0.0/16", "169.254.169.254", true),
            ("169.254.0.0/16", "169.253.255.255", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("fd00:ec2::/32", "fd00:ec2::254", true),
            ("fd00:ec2::254", "fd00:ec2::254", true),
            ("fd00:ec2::254", "fd00:ec2::255", false),
            ("fe80::/64", "fe80::1:2:3:4", true),
            ("fe80::/65", "fe80::8000:0:0:1", false),
        ])
    func prefixes(prefix: String, address: String, expected: Bool) throws {
        let block = try #require(IPPrefix(prefix))
        #expect(block.contains(try #require(IPAddress(address))) == expected)
    }
}
