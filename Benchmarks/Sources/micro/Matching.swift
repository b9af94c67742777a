import EQL
import Events
import Fixtures

extension Benchmarks {
    /// One condition each, on a program start that fails most of them.
    static var matching: [Benchmark] {
        [
            match("match.equal-short", #"process.name == "wget""#),
            match("match.equal-long", #"process.executable == "/usr/bin/python3.11""#),
            match(
                "match.name-list",
                #"process.name : ("curl", "wget", "perl*", "php*", "ruby*", "lua*", "nc", "socat")"#),
            match(
                "match.in-100",
                "process.name in (\((0..<100).map { "\"program\($0)\"" }.joined(separator: ", ")))"),
            match(
                "match.prefixes",
                #"process.executable : ("./*", "/tmp/*", "/var/tmp/*", "/dev/shm/*", "/boot/*")"#),
            match("match.suffix", #"process.executable : ("*/ld.so", "*.so")"#),
            match("match.contains", #"process.command_line : "*169.254.169.254*""#),
            match("match.pieces", #"process.command_line : "*import*pty*spawn*""#),
            match("match.question-mark", #"process.name : "p?thon?.??""#),
            match("match.args", #"process.args : ("-e*", "--exec", "*/etc/shadow")"#),
            match("match.regex", #"process.command_line regex~ ".*(worker|daemon)[0-9]+[.]py.*""#),
            match("match.number", "process.args_count >= 7"),
            match(
                "match.cidr", #"cidrMatch(destination.ip, "10.0.0.0/8", "169.254.0.0/16", "fc00::/7")"#, 15),
            match("match.starts-with", #"startsWith(process.command_line, "/usr/sbin/")"#),
            match("match.length", "length(process.command_line) > 100"),
        ]
    }

    private static func match(_ name: String, _ condition: String, _ event: Int = 6) -> Benchmark {
        Benchmark(name) {
            let program = try Query.compile("any where " + condition).stages[0].program
            let box = EventBox { EventMix.fill(&$0, event) }
            return { count in
                var held = 0
                for _ in 0..<count where program.matches(box.event) { held += 1 }
                precondition(held == 0 || held == count)
            }
        }
    }
}
