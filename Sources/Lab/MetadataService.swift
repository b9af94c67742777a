/// What the lab's metadata service answers: a made-up instance with
/// credentials that open nothing. Pure: a request in, a response out.
struct MetadataService {
    static let roleName = "demo-role"
    static let token = "AQAEA-demo-token-good-in-this-lab-only=="

    /// Bytes that a request may have at most; longer ones are refused.
    static let requestLimit = 16 * 1024

    struct Response: Equatable {
        let status: Int
        let contentType: String
        let body: String

        static func text(_ body: String) -> Response {
            Response(status: 200, contentType: "text/plain", body: body)
        }

        static func json(_ body: String) -> Response {
            Response(status: 200, contentType: "application/json", body: body)
        }

        static func failure(_ status: Int) -> Response {
            Response(status: status, contentType: "text/plain", body: reason(status) + "\n")
        }

        static func reason(_ status: Int) -> String {
            switch status {
            case 200: "OK"
            case 400: "Bad Request"
            case 401: "Unauthorized"
            case 404: "Not Found"
            case 405: "Method Not Allowed"
            default: "Error"
            }
        }

        /// The whole message; every connection carries one.
        func message(withBody: Bool) -> [UInt8] {
            let head = """
                HTTP/1.1 \(status) \(Self.reason(status))\r
                Content-Type: \(contentType)\r
                Content-Length: \(body.utf8.count)\r
                Server: imdswatch-lab\r
                Connection: close\r
                \r

                """
            return Array(head.utf8) + (withBody ? Array(body.utf8) : [])
        }
    }

    /// Whether the bytes so far hold a whole request head.
    static func isComplete(_ bytes: [UInt8]) -> Bool { headEnd(bytes) != nil }

    /// The response message to the bytes of one request.
    func answer(_ bytes: [UInt8]) -> [UInt8] {
        guard let request = Request(bytes) else { return Response.failure(400).message(withBody: true) }
        return respond(to: request).message(withBody: request.method != "HEAD")
    }

    func respond(to request: Request) -> Response {
        switch (request.method, request.path) {
        case ("PUT", "/latest/api/token"):
            guard request.headers["x-aws-ec2-metadata-token-ttl-seconds"] != nil else { return .failure(400) }
            return .text(Self.token)
        case ("GET", _), ("HEAD", _):
            if let token = request.headers["x-aws-ec2-metadata-token"], token != Self.token {
                return .failure(401)
            }
            return document(request.path) ?? .failure(404)
        default:
            return .failure(405)
        }
    }

    private func document(_ path: String) -> Response? {
        switch path {
        case "/": .text("latest\n")
        case "/latest", "/latest/": .text("dynamic\nmeta-data\nuser-data\n")
        case "/latest/meta-data", "/latest/meta-data/":
            .text("hostname\niam/\ninstance-id\ninstance-type\nlocal-ipv4\nplacement/\n")
        case "/latest/meta-data/hostname": .text("lab.internal")
        case "/latest/meta-data/instance-id": .text("i-0000000000000demo")
        case "/latest/meta-data/instance-type": .text("t3.demo")
        case "/latest/meta-data/local-ipv4": .text("10.20.30.40")
        case "/latest/meta-data/placement/region": .text("nowhere-1")
        case "/latest/meta-data/iam/security-credentials", "/latest/meta-data/iam/security-credentials/":
            .text(Self.roleName)
        case "/latest/meta-data/iam/security-credentials/\(Self.roleName)": .json(Self.credentials)
        case "/latest/dynamic/instance-identity/document":
            .json(#"{"instanceId":"i-0000000000000demo","region":"nowhere-1","accountId":"000000000000"}"#)
        case "/latest/user-data": .text("#!/bin/sh\necho nothing to see\n")
        default: nil
        }
    }

    private static let credentials = """
        {"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"NOT-A-REAL-KEY","SecretAccessKey":"not-a-real-secret",\
        "Token":"not-a-real-token","Expiration":"2000-01-01T00:00:00Z"}
        """

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        let blank: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= blank.count else { return nil }
        return (0...(bytes.count - blank.count)).first { bytes[$0..<$0 + blank.count].elementsEqual(blank) }
    }

    /// The head of an HTTP request. A body is of no interest here.
    struct Request {
        let method: String
        /// Without the query.
        let path: String
        /// Names in lower case.
        let headers: [String: String]

        init?(_ bytes: [UInt8]) {
            guard let end = MetadataService.headEnd(bytes) else { return nil }
            var lines = String(decoding: bytes[..<end], as: UTF8.self)
                .split(separator: "\r\n", omittingEmptySubsequences: false)[...]
            let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 3, words[1].hasPrefix("/"), words[2].hasPrefix("HTTP/1.") else { return nil }
            method = String(words[0])
            path = String(words[1].prefix { $0 != "?" })
            var headers: [String: String] = [:]
            for line in lines {
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...]
                headers[line[..<colon].lowercased()] = String(value.trimmingSpaces)
            }
            self.headers = headers
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return drop(while: blank).reversed().drop(while: blank).reversed().reduce(into: "") { $0.append($1) }
    }
}
