import Testing

@testable import Lab

@Suite("Metadata service of the lab")
struct MetadataServiceTests {
    private func answer(_ request: String) -> String {
        String(decoding: MetadataService().answer(Array(request.utf8)), as: UTF8.self)
    }

    @Test(
        "answers documents by path",
        arguments: [
            ("/latest/meta-data/instance-id", "200 OK", "i-0000000000000demo"),
            ("/latest/meta-data/iam/security-credentials/", "200 OK", "demo-role"),
            ("/latest/meta-data/iam/security-credentials/demo-role", "200 OK", "NOT-A-REAL-KEY"),
            ("/latest/meta-data/instance-id?x=1", "200 OK", "i-0000000000000demo"),
            ("/latest/meta-data/nothing", "404 Not Found", "Not Found"),
        ])
    func documents(path: String, status: String, body: String) {
        let text = answer("GET \(path) HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n"))
        #expect(text.contains(body))
    }

    @Test("states the length of the body it sends")
    func length() throws {
        let text = answer("GET /latest/meta-data/hostname HTTP/1.0\r\n\r\n")
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(parts.count == 2)
        #expect(parts.first?.contains("Content-Length: \(parts.last?.utf8.count ?? -1)") == true)
    }

    @Test("sends no body to HEAD")
    func head() {
        #expect(answer("HEAD /latest/meta-data/hostname HTTP/1.1\r\n\r\n").hasSuffix("\r\n\r\n"))
    }

    @Test("gives a session token only to who names its lifetime")
    func token() {
        let named = answer(
            "PUT /latest/api/token HTTP/1.1\r\nX-AWS-EC2-Metadata-Token-TTL-Seconds:  60 \r\n\r\n")
        #expect(named.hasPrefix("HTTP/1.1 200"))
        #expect(named.hasSuffix(MetadataService.token))
        #expect(answer("PUT /latest/api/token HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 400"))
    }

    @Test("takes its own token, and no other")
    func tokenUse() {
        let path = "GET /latest/meta-data/hostname HTTP/1.1\r\n"
        let good = answer(path + "x-aws-ec2-metadata-token: \(MetadataService.token)\r\n\r\n")
        #expect(good.hasPrefix("HTTP/1.1 200"))
        #expect(answer(path + "x-aws-ec2-metadata-token: stolen\r\n\r\n").hasPrefix("HTTP/1.1 401"))
    }

    @Test(
        "refuses what is no request",
        arguments: [
            ("", 400), ("GET\r\n\r\n", 400), ("GET x HTTP/1.1\r\n\r\n", 400), ("\u{0}\u{1}\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400), ("GET / SIP/2.0\r\n\r\n", 400),
            ("DELETE / HTTP/1.1\r\n\r\n", 405),
        ])
    func refusals(request: String, status: Int) {
        #expect(answer(request).hasPrefix("HTTP/1.1 \(status) "))
    }
}
