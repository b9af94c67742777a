import Foundation
import Output
import Platform
import Testing

@Suite("MessageQueue")
struct MessageQueueTests {
    @Test("gives messages back in order, with their kind and every byte", arguments: [64, 256, 4096])
    func order(capacity: Int) throws {
        let queue = try MessageQueue(capacity: capacity)
        var message: [UInt8] = []
        for round in 0..<500 {
            let first = bytes(round % 24, seed: round)
            let second = bytes((round * 7) % 17, seed: round + 1)
            #expect(queue.send(1, first))
            #expect(queue.send(200, second))
            #expect(queue.pop(into: &message) == 1)
            #expect(message == first)
            #expect(queue.pop(into: &message) == 200)
            #expect(message == second)
            #expect(queue.pop(into: &message) == nil)
        }
        #expect(queue.counters.queued == 1000 && queue.counters.popped == 1000)
    }

    @Test("refuses what does not fit, counts it, and takes more once there is room")
    func full() throws {
        let queue = try MessageQueue(capacity: 1024)
        let message = bytes(120, seed: 1)
        for _ in 0..<8 { #expect(queue.send(0, message)) }
        #expect(!queue.send(0, message))
        #expect(!queue.send(0, [UInt8]()))
        #expect(queue.counters.full == 2)
        var popped: [UInt8] = []
        #expect(queue.pop(into: &popped) == 0)
        #expect(queue.send(0, message))
        #expect(queue.counters.refused == 2 && queue.counters.waiting == 8)
    }

    @Test("keeps a quarter free of low-priority messages")
    func priority() throws {
        let queue = try MessageQueue(capacity: 1024)
        let message = bytes(120, seed: 1)
        for _ in 0..<6 { #expect(queue.send(0, message, priority: .low)) }
        #expect(!queue.send(0, message, priority: .low))
        #expect(queue.send(0, message))
        #expect(queue.send(0, message))
        #expect(!queue.send(0, message))
        let counters = queue.counters
        #expect(counters.fullForLow == 1 && counters.full == 1)
    }

    @Test("takes a message of 1 MiB and refuses a longer one")
    func longest() throws {
        let queue = try MessageQueue()
        let longest = bytes(MessageQueue.longestMessage, seed: 3)
        var popped: [UInt8] = []
        // often enough to wrap at different places
        for _ in 0..<9 {
            #expect(queue.send(7, longest))
            #expect(queue.pop(into: &popped) == 7)
            #expect(popped == longest)
        }
        #expect(!queue.send(7, longest + [0]))
        #expect(queue.counters.tooLong == 1)
    }

    @Test("loses and repeats nothing between two threads, asleep or awake", arguments: [0, 1, 50])
    func stress(pauseEvery: Int) async throws {
        let queue = try MessageQueue(capacity: 4096)
        let total: UInt64 = pauseEvery == 0 ? 300_000 : 3_000
        let result = Result()
        let consumer = try Thread(name: "consumer") {
            var expected: UInt64 = 0
            var message: [UInt8] = []
            var sound = true
            while queue.wait() == .message {
                while let kind = queue.pop(into: &message) {
                    sound = sound && message == body(of: expected) && kind == UInt8(expected % 251)
                    expected += 1
                }
            }
            result.finish(expected, sound)
        }
        for number in 0..<total {
            let message = body(of: number)
            while !queue.send(UInt8(number % 251), message) { sched_yield() }
            // lets the consumer fall asleep between messages
            if pauseEvery > 0, Int(number) % pauseEvery == 0 { usleep(50) }
        }
        queue.close()
        consumer.join()
        #expect(result.value == total)
        #expect(result.isSound)
        #expect(queue.counters.waiting == 0)
    }

    @Test("a sleeping receiver wakes for an announcement, and then for the message")
    func announcement() throws {
        let queue = try MessageQueue(capacity: 4096)
        let result = Result()
        let prepared = try EventDescriptor()
        let number = prepared.number
        let consumer = try Thread(name: "consumer") {
            var message: [UInt8] = []
            var messages: UInt64 = 0
            var announcements = 0
            while true {
                switch queue.wait() {
                case .end: return result.finish(messages, announcements >= 20)
                case .message: while queue.pop(into: &message) != nil { messages += 1 }
                case .announcement:
                    announcements += 1
                    var one: UInt64 = 1
                    _ = unsafe write(number, &one, 8)
                }
            }
        }
        for _ in 0..<20 {
            // only a receiver that sleeps is told
            var isPrepared = false
            for _ in 0..<1_000 where !isPrepared {
                queue.announce()
                isPrepared = prepared.wait(timeout: .milliseconds(10))
            }
            #expect(isPrepared)
            #expect(queue.send(1, bytes(10, seed: 0)))
        }
        queue.close()
        consumer.join()
        #expect(result.value == 20)
        #expect(result.isSound)
    }

    @Test("a sleeping receiver wakes for a single message and for the closing")
    func wakeUp() throws {
        let queue = try MessageQueue(capacity: 4096)
        let result = Result()
        let got = try EventDescriptor()
        let number = got.number
        let consumer = try Thread(name: "consumer") {
            var message: [UInt8] = []
            var count: UInt64 = 0
            while queue.wait() == .message {
                while queue.pop(into: &message) != nil { count += 1 }
                var one: UInt64 = 1
                _ = unsafe write(number, &one, 8)
            }
            result.finish(count, true)
        }
        for _ in 0..<20 {
            usleep(2_000)
            #expect(queue.send(1, bytes(10, seed: 0)))
            let woke = got.wait(timeout: .seconds(10))
            #expect(woke)
        }
        queue.close()
        consumer.join()
        #expect(result.value == 20)
    }
}

/// What a test's thread found out; read after joining it.
private final class Result: @unchecked Sendable {
    private let lock = NSLock()
    private var found: (value: UInt64, sound: Bool) = (0, false)

    var value: UInt64 { lock.withLock { found.value } }
    var isSound: Bool { lock.withLock { found.sound } }

    func finish(_ value: UInt64, _ sound: Bool) { lock.withLock { found = (value, sound) } }
}

extension MessageQueue {
    /// `push` for `#expect`, which cannot be given a span.
    func send(_ kind: UInt8, _ message: [UInt8], priority: Priority = .high) -> Bool {
        push(kind: kind, message.span, priority: priority)
    }
}

private func bytes(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) }
}

private func body(of number: UInt64) -> [UInt8] {
    (0..<number % 90).map { UInt8(truncatingIfNeeded: number &+ $0) }
}
