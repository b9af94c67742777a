/// Tells one working directory from another as long as a process is in it, whatever
/// it is called: what the kernel knows it by.
public struct DirectoryIdentity: BitwiseCopyable, Sendable, Equatable {
    private let bits: UInt32

    /// It was not told.
    public static let unknown = DirectoryIdentity(bits: 0)

    private init(bits: UInt32) { self.bits = bits }

    /// - Parameters:
    ///   - mount: address of the mount; 0, as `entry`, if it was not told.
    ///   - entry: address of the directory's entry.
    public init(mount: UInt64, entry: UInt64) {
        guard mount | entry != 0 else {
            self = .unknown
            return
        }
        // half of a product: one in four billion is taken for another
        let product = (entry ^ (mount << 21 | mount >> 43)) &* 0x9e37_79b9_7f4a_7c15
        self.init(bits: max(1, UInt32(truncatingIfNeeded: product >> 32)))
    }
}
