internal import Output
internal import Platform

/// How the writer's thread tells the reader's that the output broke.
final class BrokenOutput: Sendable {
    private let descriptor: EventDescriptor

    init() throws(ThreadError) { descriptor = try EventDescriptor() }

    var number: Int32 { descriptor.number }

    func signal() { descriptor.signal() }
}
