internal import Events
internal import Platform
internal import Recording

extension Replay {
    /// Lines that are longer are broken.
    private static let longestLine = 4 << 20
    private static let blockSize = 256 << 10

    // MARK: In file order

    mutating func readInOrder() throws(ReplayError) {
        for source in sources {
            let file = try source.open()
            try readLines(of: source, file, noting: nil, copy: file)
            guard mayContinue() else { return }
        }
    }

    private func mayContinue() -> Bool { !isBrokenOff && outlet.mayContinue() }

    private var isBrokenOff: Bool { replay.isStrict && outcome.counters.broken > 0 }

    /// - Parameters:
    ///   - input: the number under which lines are noted; nil if they are taken.
    ///   - copy: gets the bytes, unless they are in a file already.
    private mutating func readLines(
        of source: ReplaySource, _ file: borrowing InputFile, noting input: Int?, copy: borrowing InputFile
    ) throws(ReplayError) {
        var lines = LineBuffer(blockSize: Replay.blockSize, longestLine: Replay.longestLine)
        let copies = input != nil && !file.metadata.isRegular
        var number = 0
        while let count = try readBlock(of: source, file, into: &lines, copies, copy) {
            takeLines(&lines, atEnd: count == 0, of: source, &number, noting: input)
            if count == 0 { break }
        }
    }

    /// Reads more; nil if there is no reason to go on.
    private mutating func readBlock(
        of source: ReplaySource, _ file: borrowing InputFile, into lines: inout LineBuffer,
        _ copies: Bool, _ copy: borrowing InputFile
    ) throws(ReplayError) -> Int? {
        while mayContinue() {
            if !file.metadata.isRegular { file.waitUntilReadable(or: outlet.signalDescriptor) }
            guard outlet.mayContinue() else { return nil }
            var isThere = true
            let count: Int
            do throws(SystemCallError) {
                count = try lines.fill { (bytes, range) throws(SystemCallError) in
                    let count = try file.read(into: &bytes, range)
                    isThere = count != nil
                    if copies, let count {
                        try copy.write(bytes, range.lowerBound..<(range.lowerBound + count))
                    }
                    return count ?? 0
                }
            } catch {
                throw .unreadable(source.name, errno: error.code)
            }
            guard isThere else { continue }
            outcome.counters.bytes += UInt64(count)
            let now = Clock.realtime()
            sink.created = now
            progress.advance(by: count, outcome.counters.events, alerts: sink.counters.sent)
            return count
        }
        return nil
    }

    private mutating func takeLines(
        _ lines: inout LineBuffer, atEnd: Bool, of source: ReplaySource, _ number: inout Int,
        noting input: Int?
    ) {
        while !isBrokenOff {
            var next = lines.next()
            if next == .empty, atEnd { next = lines.rest() }
            switch next {
            case .empty: return
            case .tooLong:
                number += 1
                outcome.counters.lines += 1
                tellBroken(source, number, "longer than \(Replay.longestLine) bytes")
            case .line(let range):
                number += 1
                let line = withoutMark(lines, range, number)
                if let input {
                    let offset = lines.lineStart + line.lowerBound - range.lowerBound
                    note(
                        lines.bytes.span.extracting(line), of: source, number: number, input: input,
                        offset: offset)
                } else {
                    take(lines.bytes.span.extracting(line), of: source, number: number)
                }
            }
        }
    }

    /// The first line without the mark that some programs begin a file with.
    private func withoutMark(
        _ lines: borrowing LineBuffer, _ range: Range<Int>, _ number: Int
    ) -> Range<Int> {
        guard number == 1, range.count >= 3, lines.bytes[range.lowerBound] == 0xef,
            lines.bytes[range.lowerBound + 1] == 0xbb, lines.bytes[range.lowerBound + 2] == 0xbf
        else { return range }
        return range.dropFirst(3)
    }

    // MARK: In the order of time

    /// Notes time and place of each event, sorts the notes, and reads the lines
    /// again. What is no file is copied to one.
    mutating func readSorted() throws(ReplayError) {
        var windows: [LineWindow] = []
        for (input, source) in sources.enumerated() {
            let file = try source.open()
            if file.metadata.isRegular {
                try readLines(of: source, file, noting: input, copy: file)
                windows.append(LineWindow(file))
            } else {
                let copy = try temporaryFile()
                try readLines(of: source, file, noting: input, copy: copy)
                windows.append(LineWindow(copy))
            }
        }
        guard mayContinue() else { return }
        notes.sort()
        unconvertedBefore = reader.unconverted
        progress.beginPass()
        var done = 0
        for index in notes.indices {
            let note = notes[index]
            done += Int(note.count)
            if done >= Replay.blockSize {
                guard outlet.mayContinue() else { return }
                sink.created = Clock.realtime()
                progress.advance(by: done, outcome.counters.events, alerts: sink.counters.sent)
                done = 0
            }
            let source = sources[note.input]
            let window = windows[note.input]
            var range: Range<Int>?
            do throws(SystemCallError) {
                range = try window.range(of: note)
            } catch {
                throw .unreadable(source.name, errno: error.code)
            }
            guard let range else { throw .shortened(source.name) }
            let bytes = window.bytes
            take(bytes.span.extracting(range), of: source, number: 0)
        }
    }

    /// Notes an event; other lines are dealt with at once.
    private mutating func note(
        _ line: borrowing Span<UInt8>, of source: ReplaySource, number: Int, input: Int, offset: Int
    ) {
        guard !line.isBlank else { return }
        do throws(DocumentError) {
            guard try reader.read(line, into: &event) == .event else {
                outcome.counters.lines += 1
                outcome.counters.other += 1
                return
            }
        } catch {
            outcome.counters.lines += 1
            tellBroken(source, number, error.text, compressed: line.looksCompressed)
            return
        }
        guard
            let note = SortedLine(
                time: event.header.time, input: input, offset: offset, count: line.count)
        else {
            outcome.counters.lines += 1
            tellBroken(source, number, "too far behind in the file")
            return
        }
        notes.append(note)
    }

    private func temporaryFile() throws(ReplayError) -> InputFile {
        do throws(SystemCallError) {
            return try .temporary(in: replay.temporaryDirectory)
        } catch {
            throw .noTemporaryFile(replay.temporaryDirectory, errno: error.code)
        }
    }
}
