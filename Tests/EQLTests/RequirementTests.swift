import EQL
import Events
import Fixtures
import Testing

@Suite("Requirements")
struct RequirementTests {
    private func requirement(_ query: String) throws -> Requirement {
        try Query.compile(query).requirement
    }

    @Test(
        "name the kinds of events that can match",
        arguments: [
            ("any where true", .all),
            ("any where false", []),
            ("process where true", [.exec, .fork, .exit]),
            ("network where true", .connect),
            ("file where true", []),
            (#"process where event.action == "exec""#, .exec),
            (#"process where event.action : "EX*""#, .exec),
            (#"process where event.action in ("exec", "fork")"#, [.exec, .fork]),
            (#"process where event.action != "exec""#, [.fork, .exit]),
            (#"process where not event.action in ("exec", "end")"#, .fork),
            (#"process where event.type == "start""#, [.exec, .fork]),
            (#"process where event.type == "end""#, .exit),
            (#"process where event.type == "start" and event.action == "exec""#, .exec),
            (#"process where event.type == "change""#, []),
            (#"process where event.action == "exec" or user.id == 0"#, [.exec, .fork, .exit]),
            (#"any where event.category == "network" or event.action == "end""#, [.connect, .exit]),
            (#"any where not (event.category == "network" or event.action == "end")"#, [.exec, .fork]),
            (#"any where not (event.category == "network" and user.id == 0)"#, .all),
            (#"any where destination.port == 80"#, .connect),
            (#"any where destination.port != 80"#, .all),
            (#"any where destination.port != null"#, .connect),
            (#"any where destination.port == null"#, .all),
            (#"process where destination.port == 80"#, []),
            (#"process where process.exit_code == 0"#, .exit),
            (#"process where length(event.action) == 4"#, [.exec, .fork, .exit]),
            (#"process where event.action == "exec" and ?foo == 1"#, []),
            (#"process where event.action regex "e.*""#, [.exec, .exit]),
            (#"any where host.os.type == "linux" and event.kind == "event""#, .all),
            (#"any where host.os.type in ("windows", "linux")"#, .all),
            (#"any where host.os.type == "windows""#, []),
            (#"any where host.os.type != "linux""#, []),
            (#"any where event.kind == "alert""#, []),
            (#"any where event.module == "endpoint""#, []),
            (#"any where event.dataset : "imdswatch.*""#, .all),
            (#"any where event.dataset == "endpoint.events.process" or process.pid == 1"#, .all),
            (#"any where network.transport == "tcp""#, .connect),
            (#"any where network.transport != "tcp""#, [.exec, .fork, .exit]),
            (#"network where network.transport == "udp""#, []),
            (#"network where network.direction in ("egress", "outbound")"#, .connect),
            (#"network where network.direction : "ingress""#, []),
            (#"any where user.id in ("root", "S-1-5-18")"#, []),
            (#"any where user.id : "*root*""#, []),
            (#"any where user.id : ("root", "1?0*")"#, .all),
            (#"any where user.id == "0" or group.id == 0"#, .all),
            (#"any where user.id != "root""#, .all),
            (#"any where user.id > "root""#, .all),
            (#"any where user.id like ("root", "a*")"#, []),
            (#"any where user.id in~ ("ROOT", "-1")"#, []),
            (#"any where not not user.id == "root""#, []),
            (#"any where not user.id == "root""#, .all),
            (#"any where user.id == "5?""#, []),
            (#"any where user.id == "root" or process.pid == 1"#, .all),
        ] as [(String, Requirement.Kinds)])
    func kinds(query: String, expected: Requirement.Kinds) throws {
        #expect(try requirement(query).kinds == expected)
    }

    @Test(
        "name the destinations that can match",
        arguments: [
            ("network where true", nil),
            ("process where true", []),
            (#"network where destination.ip == "169.254.169.254""#, ["169.254.169.254/32"]),
            (#"network where destination.ip == "::ffff:a9fe:a9fe""#, ["169.254.169.254/32"]),
            (#"network where destination.ip : "169.254.169.254""#, ["169.254.169.254/32"]),
            (#"network where destination.ip : "169.254.*""#, nil),
            (#"network where destination.ip : ("10.0.0.1", "169.254.*")"#, nil),
            (
                #"network where destination.ip in ("10.0.0.1", "fd00:ec2::254")"#,
                ["10.0.0.1/32", "fd00:ec2::254"]
            ),
            (#"network where cidrMatch(destination.ip, "10.0.0.0/8", "10.1.0.0/16")"#, ["10.0.0.0/8"]),
            (#"network where not cidrMatch(destination.ip, "10.0.0.0/8")"#, nil),
            (#"network where destination.ip != "10.0.0.1""#, nil),
            (#"network where not (not destination.ip == "10.0.0.1")"#, ["10.0.0.1/32"]),
            (#"network where destination.ip == "10.0.0.1" or user.id == 0"#, nil),
            (#"network where destination.ip == "10.0.0.1" and user.id == 0"#, ["10.0.0.1/32"]),
            (
                #"network where cidrMatch(destination.ip, "10.0.0.0/8") and destination.ip in ("10.1.1.1", "1.1.1.1")"#,
                ["10.1.1.1/32"]
            ),
            (#"network where destination.ip == "10.0.0.1" and destination.ip == "10.0.0.2""#, []),
            (#"network where destination.address == "10.0.0.1""#, ["10.0.0.1/32"]),
            (#"network where destination.address : "10.0.0.*""#, nil),
            (#"network where startsWith(destination.address, "10.")"#, nil),
            (#"any where destination.ip == "10.0.0.1" or event.action == "exec""#, ["10.0.0.1/32"]),
            (#"any where destination.ip == "10.0.0.1" or user.id == 0"#, nil),
            (
                #"network where destination.ip >= "10.0.0.2" and destination.ip <= "10.0.0.4""#,
                ["10.0.0.2/31", "10.0.0.4/32"]
            ),
        ] as [(String, [String]?)])
    func destinations(query: String, expected: [String]?) throws {
        let destinations = try requirement(query).destinations
        let prefixes = expected.map { Set($0.compactMap { IPPrefix($0) }) }
        #expect(destinations == prefixes.map { .only($0) } ?? .any)
    }

    @Test("name the fields that conditions and keys read")
    func fields() throws {
        let needed = try requirement(
            #"""
            sequence by host.id
              [process where not process.name : "x" and length(process.args) > 3]
              [network where destination.ip != null or ?foo == 1]
            until [process where user.id == 0]
            """#)
        #expect(needed.fields == FieldSet([.hostID, .processName, .processArgs, .destinationIP, .userID]))
        #expect(needed.identityTexts.isEmpty)
    }

    @Test(
        "want text for identities that are compared with text",
        arguments: [
            ("process.entity_id != null", []),
            (#"process.entity_id : "a*""#, [.processEntityID]),
            (#"process.parent.entity_id != "a""#, [.parentEntityID]),
            (#"length(process.entry_leader.entity_id) > 3"#, [.entryLeaderEntityID]),
        ] as [(String, [Field])])
    func identities(condition: String, expected: [Field]) throws {
        #expect(try requirement("process where " + condition).identityTexts == FieldSet(expected))
    }

    @Test(
        "name the environment variables",
        arguments: [
            ("process.name == \"x\"", []),
            (
                #"process.env_vars like ("LD_PRELOAD=?*", "LD_LIBRARY_PATH=*")"#,
                ["LD_PRELOAD", "LD_LIBRARY_PATH"]
            ),
            (#"process.env_vars : "LD_PRELOAD=/tmp/*""#, ["LD_PRELOAD"]),
            (#"not process.env_vars == "HTTP_PROXY=x""#, ["HTTP_PROXY"]),
            (#"process.env_vars == "HTTP_PROXY""#, []),
            (#"process.env_vars like "LD_*=x""#, nil),
            (#"process.env_vars like "LD_?RELOAD=x""#, nil),
            (#"process.env_vars like "*=x""#, nil),
            (#"process.env_vars != null"#, nil),
            (#"process.env_vars regex "LD_PRELOAD=.*""#, nil),
            (#"length(process.env_vars) > 3"#, nil),
            (#"startsWith(process.env_vars, "PATH=/tmp")"#, ["PATH"]),
        ] as [(String, Set<String>?)])
    func environment(condition: String, expected: Set<String>?) throws {
        #expect(try requirement("process where " + condition).environment == expected)
    }

    @Test("of the default rule are exec and one destination")
    func defaultRule() throws {
        let query = try Query.compile(EQLSeedQueries.v3)
        #expect(query.stages.map(\.requirement.kinds) == [.exec, .connect])
        let prefix = try #require(IPPrefix("169.254.169.254"))
        #expect(query.requirement.destinations == .only([prefix]))
        #expect(query.requirement.environment == [])
    }

    @Test(
        "of the tests that are left, where some are granted",
        arguments: [
            (#"any where process.name == "a""#, true),
            (#"any where not process.name == "a""#, true),
            (#"any where process.name == null and user.id == 7"#, true),
            (#"any where process.name == "a" and user.id == 8"#, false),
            (#"any where process.name == "a" or user.id == 8"#, true),
            (#"any where not (process.name == "a" or user.id == 7)"#, false),
            (#"any where not (process.name == "a" and user.id == 7)"#, true),
            (#"any where not (not process.name == "a" or user.id == 8)"#, true),
            (#"any where length(process.name) == 99 and user.id == 7"#, true),
            (#"any where not endsWith(process.name, "x") and user.id == 8"#, false),
        ])
    func granting(query: String, holds: Bool) throws {
        let name = FieldSet([.processName])
        let rest = try Query.compile(query) { $0.fields == name }
        #expect(rest.stages[0].accepts([.processName: "b", .userID: 7]) == holds)
        #expect(!rest.requirement.fields.contains(.processName))
    }

    @Test(
        "of tests tell texts that satisfy them",
        arguments: [
            (#"process.name : ("a*b?", "*c*d", "e")"#, true, ["awbw", "/d/wcwd", "e"]),
            (#"not endsWith(process.name, "/x")"#, false, ["/d/w/x"]),
            (#"indexOf(process.name, "/x") == 0"#, true, ["/xw", "/d/x", "/d/w/xw"]),
            (#"process.name regex "a+""#, true, []), ("process.name != null", true, []),
        ])
    func examples(condition: String, isWanted: Bool, examples: [String]) throws {
        var found: [[String]] = []
        _ = try Query.compile("any where \(condition)") { test in
            #expect(test.isWanted == isWanted)
            found.append(test.examples(below: "/d", word: "w"))
            return false
        }
        #expect(found == [examples])
    }
}
