import CBPF
import Fixtures
import Testing

@testable import Probes

/// A ring as the kernel would fill it, in ordinary memory: positions and the
/// data twice.
@safe
final class FakeRing {
    let size: Int
    private let consumer = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private let producer = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private let data: UnsafeMutableRawPointer
    private let settings = UnsafeMutablePointer<CBPF.settings>.allocate(capacity: 1)

    init(size: Int = 4096, from position: UInt64 = 0) {
        self.size = size
        unsafe data = .allocate(byteCount: 2 * size, alignment: 8)
        unsafe consumer.initialize(to: position)
        unsafe producer.initialize(to: position)
        unsafe settings.initialize(to: CBPF.settings())
        unsafe data.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * size)
    }

    deinit {
        unsafe consumer.deallocate()
        unsafe producer.deallocate()
        unsafe data.deallocate()
        unsafe settings.deallocate()
    }

    /// The reader must not outlive the ring.
    func makeReader(capacity: Int = 64) -> RingReader {
        unsafe RingReader(
            memory: RingMemory(
                borrowingConsumer: consumer, producer: producer, data: UnsafeRawPointer(data), size: size),
            settings: SettingsMemory(borrowing: settings), capacity: capacity)
    }

    var consumed: UInt64 { unsafe consumer.pointee }
    var produced: UInt64 { unsafe producer.pointee }
    var isArmed: Bool { unsafe settings.pointee.armed != 0 }
    var free: Int { size - Int(produced - consumed) }

    enum State: UInt32 {
        case committed = 0
        case discarded = 0x4000_0000
        case busy = 0x8000_0000
    }

    /// Writes a record and returns the position of its length word.
    @discardableResult
    func add(_ bytes: [UInt8], _ state: State = .committed) -> UInt64 {
        let position = produced
        put(UInt32(bytes.count) | state.rawValue, at: position)
        for (index, byte) in bytes.enumerated() {
            let offset = (Int(position) + 8 + index) & (size - 1)
            unsafe data.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            unsafe data.storeBytes(of: byte, toByteOffset: offset + size, as: UInt8.self)
        }
        unsafe producer.pointee += UInt64((bytes.count + 15) & ~7)
        return position
    }

    /// Changes the length word of a record.
    func put(_ word: UInt32, at position: UInt64) {
        let offset = Int(position) & (size - 1)
        unsafe data.storeBytes(of: word, toByteOffset: offset, as: UInt32.self)
        unsafe data.storeBytes(of: word, toByteOffset: offset + size, as: UInt32.self)
    }

    /// A short record with a time and a pid to know it by.
    @discardableResult
    func add(time: UInt64, pid: UInt32 = 0, flags: UInt32 = 0, _ state: State = .committed) -> UInt64 {
        add(FakeRing.record(time: time, pid: pid, flags: flags), state)
    }

    static func record(time: UInt64, pid: UInt32, flags: UInt32 = 0) -> [UInt8] {
        var record = RecordBuilder(kind: 2)
        record.time = time
        record.process.pid = pid
        record.flags = flags
        return record.bytes
    }
}

extension RingReader {
    /// Takes everything that waits: the pids.
    mutating func drain() -> [UInt32] {
        var pids: [UInt32] = []
        while let pid = next({ $0.integer(UInt32.self, at: 48) ?? 0 }) { pids.append(pid) }
        release()
        return pids
    }
}

extension Span<UInt8> {
    fileprivate func integer(_: UInt32.Type, at offset: Int) -> UInt32? {
        guard offset + 4 <= count else { return nil }
        return (0..<4).reduce(UInt32(0)) { $0 | UInt32(self[offset + $1]) << UInt32(8 * $1) }
    }
}

@Suite("Reading the ring")
struct RingReaderTests {
    @Test("hands records out in order of time; of equal times, in order of the ring")
    func order() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        for (time, pid) in [(30, 1), (10, 2), (20, 3), (10, 4), (40, 5), (20, 6)] as [(UInt64, UInt32)] {
            ring.add(time: time, pid: pid)
        }
        #expect(reader.collect() == 6)
        let pids = reader.drain()
        #expect(pids == [2, 4, 3, 6, 1, 5])
        #expect(reader.reordered == 0)
        #expect(ring.consumed == ring.produced)
    }

    @Test("says what comes next")
    func first() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        #expect(reader.first == nil)
        ring.add(time: 7, flags: 1 << 7)
        reader.collect()
        #expect(reader.first == RingRecord(time: 7, kind: .fork, isWanted: true))
        _ = reader.drain()
        #expect(reader.first == nil)
    }

    @Test("stops at a record that is being written, and goes on when it is")
    func busy() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        ring.add(time: 10, pid: 1)
        let position = ring.add(time: 5, pid: 2, .busy)
        ring.add(time: 20, pid: 3)
        #expect(reader.collect() == 1)
        #expect(reader.collect() == 0)
        let one = reader.drain()
        #expect(one == [1])
        #expect(ring.consumed == position)
        ring.put(UInt32(RecordBuilder.forkSize), at: position)
        #expect(reader.collect() == 2)
        let two = reader.drain()
        #expect(two == [2, 3])
        #expect(reader.reordered == 1)
        #expect(ring.consumed == ring.produced)
    }

    @Test("skips what was discarded, and gives its space back")
    func discarded() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        ring.add([UInt8](repeating: 0, count: 8), .discarded)
        #expect(reader.collect() == 0)
        #expect(ring.consumed == ring.produced)
        ring.add(time: 1, pid: 1)
        ring.add([UInt8](repeating: 0, count: 8), .discarded)
        #expect(reader.collect() == 1)
        let pids = reader.drain()
        #expect(pids == [1])
        #expect(ring.consumed == ring.produced)
        #expect(reader.malformed == 0)
    }

    @Test("gives space back from the beginning of the ring only")
    func release() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        let first = ring.add(time: 20, pid: 1)
        ring.add(time: 10, pid: 2)
        reader.collect()
        _ = reader.next { $0.count }
        reader.release()
        #expect(ring.consumed == first)
        _ = reader.next { $0.count }
        #expect(ring.consumed == first)
        reader.release()
        #expect(ring.consumed == ring.produced)
    }

    @Test("does not forget what was handed out when an earlier record comes late")
    func late() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        ring.add(time: 20, pid: 1)
        reader.collect()
        _ = reader.drain()
        ring.add(time: 10, pid: 2)
        ring.add(time: 20, pid: 3)
        reader.collect()
        let pids = reader.drain()
        #expect(pids == [2, 3])
        #expect(reader.reordered == 1 && reader.late == 0)
    }

    @Test("a record is late only if a wanted one went before it")
    func lateForWanted() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        ring.add(time: 20, pid: 1, flags: 1 << 7)
        ring.add(time: 30, pid: 2)
        reader.collect()
        _ = reader.drain()
        ring.add(time: 25, pid: 3)
        ring.add(time: 15, pid: 4)
        reader.collect()
        _ = reader.drain()
        #expect(reader.reordered == 2 && reader.late == 1)
        // a fork that nobody waits for has the time of its start
        ring.add(time: 15, pid: 5, flags: 1 << 13)
        reader.collect()
        _ = reader.drain()
        #expect(reader.reordered == 3 && reader.late == 1)
    }

    @Test("gathers no more than fits, and loses nothing")
    func capacity() {
        let ring = FakeRing()
        var reader = ring.makeReader(capacity: 4)
        for pid in 1...10 as ClosedRange<UInt32> { ring.add(time: UInt64(pid), pid: pid) }
        #expect(reader.collect() == 4)
        #expect(reader.collect() == 0)
        let first = reader.drain()
        reader.collect()
        let second = reader.drain()
        reader.collect()
        let third = reader.drain()
        #expect(first + second + third == Array(1...10))
    }

    @Test("skips what is too short to be a record")
    func short() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        ring.add([1, 2, 3])
        ring.add(time: 1, pid: 1)
        #expect(reader.collect() == 1)
        let pids = reader.drain()
        #expect(pids == [1])
        #expect(reader.malformed == 1)
        #expect(ring.consumed == ring.produced)
    }

    @Test("a length that goes beyond what was written ends the batch")
    func damaged() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        let position = ring.add(time: 1, pid: 1)
        ring.put(4000, at: position)
        #expect(reader.collect() == 0)
        #expect(reader.malformed == 1)
        #expect(ring.consumed == ring.produced)
        ring.add(time: 2, pid: 2)
        reader.collect()
        let pids = reader.drain()
        #expect(pids == [2])
    }

    @Test("tells how full the ring is")
    func fill() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        ring.add(time: 1)
        ring.add(time: 2)
        #expect(reader.fill == 192)
        reader.collect()
        _ = reader.drain()
        #expect(reader.fill == 0 && reader.peakFill == 192)
    }

    @Test("arms only when the ring is empty")
    func arm() {
        let ring = FakeRing()
        var reader = ring.makeReader()
        var outcome = reader.arm()
        #expect(outcome == .armed && ring.isArmed)
        reader.disarm()
        #expect(!ring.isArmed)

        let position = ring.add(time: 1, pid: 1, .busy)
        outcome = reader.arm()
        #expect(outcome == .busy && !ring.isArmed)
        ring.put(UInt32(RecordBuilder.forkSize), at: position)
        outcome = reader.arm()
        #expect(outcome == .pending && !ring.isArmed)
        reader.collect()
        outcome = reader.arm()
        #expect(outcome == .pending && !ring.isArmed)
        _ = reader.drain()
        outcome = reader.arm()
        #expect(outcome == .armed && ring.isArmed)
    }

    @Test(
        "keeps the order and loses nothing, over many turns of the ring",
        arguments: 1...8 as ClosedRange<UInt64>)
    func manyTurns(seed: UInt64) {
        var random = Noise(state: seed)
        let ring = FakeRing(size: 8192, from: 8192 * 3 - 64)
        var reader = ring.makeReader(capacity: 32)
        var busy: [(position: UInt64, length: Int)] = []
        var sent: UInt32 = 0
        var received: Set<UInt32> = []
        var lastTime: UInt64 = 0
        var inversions: UInt64 = 0
        for round in 0..<3000 {
            let bytes = FakeRing.record(time: UInt64(round) * 10 + random.next() % 60, pid: sent + 1)
            let padded = bytes + [UInt8](repeating: 0xee, count: Int(random.next() % 300))
            if ring.free > padded.count + 16 {
                switch random.next() % 10 {
                case 0: ring.add(padded, .discarded)
                case 1:
                    busy.append((ring.add(padded, .busy), padded.count))
                    sent += 1
                default:
                    ring.add(padded)
                    sent += 1
                }
            }
            if random.next() % 4 == 0, !busy.isEmpty {
                let done = busy.removeFirst()
                ring.put(UInt32(done.length), at: done.position)
            }
            if random.next() % 5 == 0 { reader.collect() }
            for _ in 0..<(random.next() % 8) {
                let record = reader.next { bytes in
                    (bytes.integer(UInt32.self, at: 48) ?? 0, UInt64(bytes.integer(UInt32.self, at: 0) ?? 0))
                }
                guard let (pid, time) = record else { break }
                let isNew = received.insert(pid).inserted
                #expect(isNew)
                if time < lastTime { inversions += 1 } else { lastTime = time }
            }
            if random.next() % 3 == 0 { reader.release() }
        }
        for record in busy { ring.put(UInt32(record.length), at: record.position) }
        while reader.collect() > 0 || reader.count > 0 {
            for pid in reader.drain() { received.insert(pid) }
        }
        #expect(received.count == Int(sent))
        #expect(reader.malformed == 0)
        #expect(inversions <= reader.reordered)
        #expect(ring.consumed == ring.produced)
    }
}
