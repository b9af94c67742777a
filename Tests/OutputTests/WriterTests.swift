import Foundation
import Output
import Platform
import Testing

@Suite("Writer", .serialized)
struct WriterTests {
    @Test("writes each message as one line, also longer ones than a pipe takes at once")
    func lines() throws {
        let pipe = Foundation.Pipe()
        let queue = try MessageQueue()
        let writer = try Writer(queue: queue, output: pipe.output, encoder: Echo())
        let texts = (0..<100).map { String(repeating: "\($0)", count: 1 + $0 * 100) }
        let reading = Reading(pipe.fileHandleForReading)
        for text in texts { #expect(queue.send(0, Array(text.utf8))) }
        let summary = writer.finish(timeout: .seconds(10))
        try pipe.fileHandleForWriting.close()
        #expect(reading.text == texts.map { $0 + "\n" }.joined())
        #expect(summary.isComplete && summary.counters.written == 100 && summary.lost == 0)
        #expect(summary.errno == 0)
    }

    @Test("writes to a file, a socket and a non-blocking pipe", arguments: ["file", "socket", "pipe"])
    func kinds(kind: String) throws {
        let target = try Target(kind)
        let queue = try MessageQueue()
        let writer = try Writer(queue: queue, output: OutputDescriptor(target.writing), encoder: Echo())
        let text = String(repeating: "x", count: 100_000)
        let reading = kind == "file" ? nil : Reading(target.reading)
        for _ in 0..<10 { #expect(queue.send(0, Array(text.utf8))) }
        let summary = writer.finish(timeout: .seconds(20))
        target.closeWriting()
        let result = try reading?.text ?? target.fileText()
        #expect(result == String(repeating: text + "\n", count: 10))
        #expect(summary.counters.written == 10)
    }

    @Test("stops at a closed pipe, says so once, and counts what could not be written")
    func closedPipe() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Foundation.Pipe()
        try pipe.fileHandleForReading.close()
        let queue = try MessageQueue()
        let told = try EventDescriptor()
        let number = told.number
        let writer = try Writer(
            queue: queue, output: pipe.output, encoder: Echo(),
            whenBroken: { errno in
                var value = UInt64(errno)
                _ = unsafe write(number, &value, 8)
            })
        for _ in 0..<5 { #expect(queue.send(0, [65, 66])) }
        let wasTold = told.wait(timeout: .seconds(10))
        #expect(wasTold)
        #expect(queue.send(0, [65, 66]))
        let summary = writer.finish(timeout: .seconds(10))
        #expect(summary.isComplete && summary.errno == EPIPE)
        #expect(summary.counters.written == 0 && summary.counters.failed == 6 && summary.lost == 6)
        let wasToldAgain = told.clear()
        #expect(!wasToldAgain)
    }

    @Test("finishes although nobody reads, and reports what is left")
    func blockedPipe() throws {
        let pipe = Foundation.Pipe()
        let queue = try MessageQueue(capacity: 1 << 18)
        let writer = try Writer(queue: queue, output: pipe.output, encoder: Echo())
        let line = [UInt8](repeating: 97, count: 10_000)
        var accepted: UInt64 = 0
        // a pipe holds 64 KiB
        for _ in 0..<200 where queue.send(0, line) { accepted += 1 }
        #expect(accepted < 200)
        let start = ContinuousClock.now
        let summary = writer.finish(timeout: .milliseconds(300))
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(!summary.isComplete)
        #expect(summary.counters.written <= 6)
        #expect(summary.counters.written + summary.counters.waiting == accepted)
        #expect(summary.counters.queue.full == 200 - accepted)
        // read on: the thread left alone ends by itself
        let reading = Reading(pipe.fileHandleForReading)
        while writer.counters.waiting > 0 { usleep(1000) }
        try pipe.fileHandleForWriting.close()
        #expect(reading.text.count == Int(accepted) * 10_001)
        #expect(writer.finish(timeout: .seconds(1)).counters.written == accepted)
    }

    @Test("a message ends the preparation for it")
    func preparation() throws {
        let pipe = Foundation.Pipe()
        let queue = try MessageQueue()
        let started = try EventDescriptor()
        let writer = try Writer(
            queue: queue, output: pipe.output, encoder: Rehearsing(started: started.number))
        // it may not sleep yet
        repeat { writer.announce() } while !started.wait(timeout: .milliseconds(10))
        #expect(queue.send(0, [65]))
        let summary = writer.finish(timeout: .seconds(20))
        #expect(summary.isComplete && summary.counters.written == 1)
    }

    @Test("counts messages that cannot be encoded, and those with nothing to say")
    func unreadable() throws {
        let pipe = Foundation.Pipe()
        let queue = try MessageQueue()
        let writer = try Writer(queue: queue, output: pipe.output, encoder: Echo())
        #expect(queue.send(9, [1]))
        #expect(queue.send(0, [UInt8]()))
        let counters = writer.finish(timeout: .seconds(10)).counters
        #expect(counters.failed == 1 && counters.skipped == 1 && counters.written == 0)
    }
}

/// Never ends to prepare by itself.
private struct Rehearsing: MessageEncoder {
    let started: Int32

    func encode(kind: UInt8, message: borrowing Span<UInt8>, into line: inout [UInt8]) -> Bool {
        line.append(66)
        return true
    }

    func prepare(_ scratch: inout [UInt8], while isWanted: () -> Bool) {
        var value: UInt64 = 1
        _ = unsafe write(started, &value, 8)
        while isWanted() { usleep(100) }
    }
}

/// Writes messages as they are; kind 9 is one that it cannot read.
private struct Echo: MessageEncoder {
    mutating func encode(kind: UInt8, message: borrowing Span<UInt8>, into line: inout [UInt8]) -> Bool {
        for index in message.indices { line.append(message[index]) }
        return kind != 9
    }
}

extension Foundation.Pipe {
    fileprivate var output: OutputDescriptor {
        OutputDescriptor(fileHandleForWriting.fileDescriptor)
    }
}

/// Everything that can be read until the end, read on a thread of its own.
private final class Reading: @unchecked Sendable {
    private let handle: FileHandle
    private let done = DispatchSemaphore(value: 0)
    private var data = Data()

    init(_ handle: FileHandle) {
        self.handle = handle
        Foundation.Thread.detachNewThread { [self] in
            data = (try? handle.readToEnd()) ?? Data()
            done.signal()
        }
    }

    /// Waits for the end.
    var text: String {
        done.wait()
        return String(decoding: data, as: UTF8.self)
    }
}

/// Somewhere to write to.
private struct Target {
    var writing: Int32
    var reading: FileHandle
    private var path: String?

    init(_ kind: String) throws {
        if kind == "file" {
            let path = FileManager.default.temporaryDirectory.path + "/imdswatch-\(UUID().uuidString)"
            writing = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            reading = FileHandle.nullDevice
            self.path = path
            return
        }
        var ends: [Int32] = [-1, -1]
        if kind == "socket" {
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            ends.swapAt(0, 1)
        } else {
            try #require(unsafe pipe(&ends) == 0)
        }
        // somebody else may have made standard output non-blocking
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        writing = ends[1]
        reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    }

    func closeWriting() { close(writing) }

    func fileText() throws -> String {
        let path = try #require(path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try String(contentsOfFile: path, encoding: .utf8)
    }
}
