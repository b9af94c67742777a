internal import Events

/// The words that events of the sensor are described with. They stand once in
/// the constant part of the event; slots point at them.
struct Vocabulary {
    private static let text: StaticString =
        "processnetworkstartendexecforkconnection_attemptedeventimdswatch.eventegressipv4ipv6tcpsuccessfailureunknown"

    /// Where a word stands in the text.
    struct Word {
        fileprivate let start: Int
        fileprivate let length: Int

        static let process = Word(start: 0, length: 7)
        static let network = Word(start: 7, length: 7)
        static let start = Word(start: 14, length: 5)
        static let end = Word(start: 19, length: 3)
        static let exec = Word(start: 22, length: 4)
        static let fork = Word(start: 26, length: 4)
        static let connectionAttempted = Word(start: 30, length: 20)
        static let event = Word(start: 50, length: 5)
        static let module = Word(start: 55, length: 9)
        static let dataset = Word(start: 55, length: 15)
        static let egress = Word(start: 70, length: 6)
        static let ipv4 = Word(start: 76, length: 4)
        static let ipv6 = Word(start: 80, length: 4)
        static let tcp = Word(start: 84, length: 3)
        static let success = Word(start: 87, length: 7)
        static let failure = Word(start: 94, length: 7)
        static let unknown = Word(start: 101, length: 7)
    }

    /// Where the text stands in the event.
    private var offset = 0

    /// Puts the words, and the constants made of them, into an event.
    mutating func prepare(_ event: inout Event) {
        guard let range = event.append(Vocabulary.text.description.utf8.span) else { return }
        offset = range.lowerBound
        set(.eventKind, .event, of: &event)
        set(.eventModule, .module, of: &event)
        set(.eventDataset, .dataset, of: &event)
    }

    @inline(__always)
    func set(_ field: Field, _ word: Word, of event: inout Event) {
        event.set(
            field, Slot(kind: .text, payload: Int64(offset + word.start), length: UInt32(word.length)))
    }
}
