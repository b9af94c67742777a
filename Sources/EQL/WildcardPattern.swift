/// A pattern of `:` and `like`: `*` is any run of characters, also an empty
/// one, `?` is exactly one. Literal text is a pattern without wildcards.
struct WildcardPattern: Sendable, Hashable {
    /// A piece between two stars: bytes, and where a `?` stands among them.
    struct Segment: Sendable, Hashable {
        var bytes: [UInt8]
        /// As many flags as bytes; nil if there is no `?`.
        var wild: [Bool]?
    }

    /// At least one; a star stands between each two.
    private(set) var segments: [Segment]

    /// Whether case is ignored; then the bytes are folded.
    let folds: Bool

    /// Reads wildcards.
    init(_ pattern: String, folds: Bool = true) {
        self.folds = folds
        segments = Array(pattern.utf8).split(
            separator: UInt8(ascii: "*"), omittingEmptySubsequences: false
        ).map { piece in
            let bytes = folds ? piece.map(foldedCase) : Array(piece)
            let wild = bytes.map { $0 == UInt8(ascii: "?") }
            return Segment(bytes: bytes, wild: wild.contains(true) ? wild : nil)
        }
        // runs of stars are one
        if segments.count > 2 {
            segments =
                [segments[0]] + segments[1..<(segments.count - 1)].filter { !$0.bytes.isEmpty }
                + [segments[segments.count - 1]]
        }
    }

    /// Text that stands for itself, with a star before or after it.
    init(literal: [UInt8], folds: Bool, starBefore: Bool = false, starAfter: Bool = false) {
        self.folds = folds
        let text = Segment(bytes: folds ? literal.map(foldedCase) : literal, wild: nil)
        let empty = Segment(bytes: [], wild: nil)
        segments = (starBefore ? [empty] : []) + [text] + (starAfter ? [empty] : [])
        if literal.isEmpty, segments.count == 3 { segments = [empty, empty] }
    }

    /// The literal text, if there is no wildcard.
    var exact: [UInt8]? {
        segments.count == 1 && segments[0].wild == nil ? segments[0].bytes : nil
    }
}

/// A byte with an ASCII letter in lower case.
@inline(__always)
func foldedCase(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}
