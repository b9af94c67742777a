import Events
import Testing

@testable import Probes

@Suite("Short texts")
struct ShortTextTests {
    @Test(
        "writes addresses as IPAddress does",
        arguments: [
            "0.0.0.0", "255.255.255.255", "169.254.169.254", "::", "::1", "1::", "fd00:ec2::254",
            "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "1:2:3:4:5:6:7:8", "fe80::1:0:0:1", "::2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
        ])
    func address(text: String) throws {
        let address = try #require(IPAddress(text))
        let short = ShortText(address)
        let bytes = (0..<short.count).map { short.bytes[$0] }
        #expect(String(decoding: bytes, as: UTF8.self) == address.description)
    }
}
