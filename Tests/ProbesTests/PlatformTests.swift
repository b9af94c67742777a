import Glibc
import Platform
import Testing

@Suite("Waiting, signals and capabilities")
struct PlatformTests {
    @Test("reports who has something, and nobody when the time passed")
    func epoll() throws {
        let event = try EventDescriptor()
        let epoll = try Epoll()
        try epoll.add(event.number, token: 7)
        var tokens: [UInt64] = []
        #expect(try epoll.wait(timeout: .zero) { tokens.append($0) } == 0)
        event.signal()
        #expect(try epoll.wait(timeout: nil) { tokens.append($0) } == 1)
        #expect(tokens == [7])
        try epoll.remove(event.number)
        #expect(try epoll.wait(timeout: .zero) { _ in } == 0)
    }

    @Test("an edge is reported once")
    func edge() throws {
        let event = try EventDescriptor()
        let epoll = try Epoll()
        try epoll.add(event.number, token: 1, .edge)
        event.signal()
        #expect(try epoll.wait(timeout: .zero) { _ in } == 1)
        #expect(try epoll.wait(timeout: .zero) { _ in } == 0)
        event.signal()
        #expect(try epoll.wait(timeout: .zero) { _ in } == 1)
    }

    @Test("names a system call that failed")
    func failure() throws {
        let epoll = try Epoll()
        #expect(throws: SystemCallError("epoll_ctl", code: EBADF)) { try epoll.add(-1, token: 0) }
        #expect(SystemCallError.text(of: ENOENT) == "No such file or directory")
    }

    @Test("CAP_SYS_ADMIN stands in for the two that were split from it")
    func capabilities() {
        let admin = Capabilities([.sysAdmin])
        #expect(admin.missing(of: [.bpf, .perfmon, .sysPtrace]) == [.sysPtrace])
        #expect(Capabilities([.bpf]).missing(of: [.bpf, .perfmon]).map(\.name) == ["CAP_PERFMON"])
        #expect(Capability.bpf.name == "CAP_BPF")
        #expect(Capability(number: 63).name == "CAP_63")
    }

    @Test("whole pages go back to the kernel, and nothing beside them")
    func memory() {
        let size = Int(sysconf(Int32(_SC_PAGESIZE)))
        for (start, count) in [(0, 8 * size), (100, 3 * size), (100, size), (5, 10)] {
            var bytes = [UInt8](repeating: 7, count: 8 * size)
            var first = 0
            // SAFETY: the pointer is only looked at.
            unsafe bytes.withUnsafeBytes { first = Int(bitPattern: $0.baseAddress) + start }
            var all = bytes.mutableSpan
            Memory.giveBack(start..<(start + count), of: &all)
            let zeros = bytes.indices.filter { bytes[$0] == 0 }
            let begin = (first + size - 1) / size * size
            let end = (first + count) / size * size
            #expect(zeros.count == max(0, end - begin))
            #expect(zeros.first == (begin < end ? start + begin - first : nil))
        }
    }

    @Test("reads its own capabilities")
    func own() throws {
        let effective = try Capabilities.effective()
        #expect((geteuid() == 0) == effective.grants(.dacReadSearch))
    }

    @Test("a file is replaced whole, with a mode of its own, and not through a link")
    func replace() throws {
        let path = "/tmp/imdswatch-replace-\(getpid())"
        let other = path + ".other"
        defer { for name in [path, other, path + ".new"] { _ = unsafe unlink(name) } }
        var bytes: [UInt8] = []
        try File.replace(other, with: [1].span)
        let links = unsafe [symlink(other, path), symlink(other, path + ".new")]
        #expect(links == [0, 0])
        try File.replace(path, with: Array("two".utf8).span)
        #expect(try File.read(path, into: &bytes).permissions == 0o644)
        #expect(bytes == Array("two".utf8))
        try File.read(other, into: &bytes)
        #expect(bytes == [1])
        #expect(throws: FileError.self) { try File.replace("/tmp/none/\(getpid())", with: [1].span) }
    }
}
