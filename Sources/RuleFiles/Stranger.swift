internal import EQL
internal import Events
internal import Recording

/// Events of a program that nobody can have meant: of a name, in a place, with
/// arguments, user, parent and unit that no file names. A condition that holds for one
/// holds for whatever an attacker starts.
enum Stranger {
    /// Whether a condition on one event holds for one of them.
    static func satisfies(_ query: CompiledQuery) -> Bool {
        guard let program = query.stages.first?.program else { return false }
        var reader = DocumentReader()
        var event = Event()
        return documents.contains { document in
            do throws(DocumentError) {
                try reader.read(document.span, into: &event)
            } catch {
                preconditionFailure("a document of ours: \(error)")
            }
            return program.matches(event)
        }
    }

    /// A program start, and a connection to what rules wait for: an exception for the
    /// address alone holds back all that a rule tells of it.
    private static let documents = [
        document(
            #""event":{"kind":"event","category":["process"],"type":["start"],"action":"exec"}"#),
        document(
            """
            "event":{"kind":"event","category":["network"],"type":["start","connection"],\
            "action":"connection_attempted"},\
            "network":{"direction":"egress","type":"ipv4","transport":"tcp"},\
            "source":{"ip":"10.213.7.9","port":48713},\
            "destination":{"ip":"169.254.169.254","address":"169.254.169.254","port":80}
            """),
    ]

    private static func document(_ facts: String) -> [UInt8] {
        let leaders = ["entry_leader", "session_leader", "group_leader", "parent"]
            .map { #""\#($0)":{\#(program($0))}"# }
        let text = """
            {"@timestamp":"2026-01-01T00:00:00Z","host":{"os":{"type":"linux"}},\(facts),\
            "process":{\(program("process")),"thread":{"id":48231,"name":"q7-thread"},\
            \(leaders.joined(separator: ","))},\
            "user":{"id":"61453","name":"q7-user","effective":{"id":"61453","name":"q7-user"}},\
            "group":{"id":"61457","name":"q7-group"},"service":{"name":"q7-unit"},\
            "imdswatch":{"host_mount_namespace":true,"process":{"invoked_as":"/q7/process/q7-process",\
            "cgroup":{"name":"q7-unit","id":61463},"login_user":{"id":"61453"},\
            "script":false,"memfd":false,"deleted":false}}}
            """
        return Array(text.utf8)
    }

    /// The fields of a process, after the part that it plays.
    private static func program(_ role: String) -> String {
        """
        "pid":48231,"name":"q7-\(role)","executable":"/q7/\(role)/q7-\(role)",\
        "args":["q7-\(role)","q7-argument"],"args_count":2,"command_line":"q7-\(role) q7-argument",\
        "working_directory":"/q7/\(role)/in","interactive":false,\
        "user":{"id":"61453","name":"q7-user"},"real_user":{"id":"61453"},\
        "group":{"id":"61457"},"real_group":{"id":"61457"}
        """
    }
}
