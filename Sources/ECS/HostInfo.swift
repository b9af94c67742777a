/// What every record says about the host. Empty texts are facts not known:
/// their keys are left out.
public struct HostInfo: Sendable, Equatable {
    /// The machine id, or what stands in for it.
    public var id: String
    public var hostname: String
    public var name: String
    /// `x86_64` or `aarch64`.
    public var architecture: String
    public var bootID: String
    public var osType: String
    /// The kernel release.
    public var kernel: String
    public var osName: String
    public var osVersion: String
    public var osFamily: String
    public var cloudProvider: String?
    public var cloudInstanceID: String?

    public init(
        id: String = "", hostname: String = "", name: String = "", architecture: String = "",
        bootID: String = "", osType: String = "linux", kernel: String = "", osName: String = "",
        osVersion: String = "", osFamily: String = "", cloudProvider: String? = nil,
        cloudInstanceID: String? = nil
    ) {
        self.id = id
        self.hostname = hostname
        self.name = name
        self.architecture = architecture
        self.bootID = bootID
        self.osType = osType
        self.kernel = kernel
        self.osName = osName
        self.osVersion = osVersion
        self.osFamily = osFamily
        self.cloudProvider = cloudProvider
        self.cloudInstanceID = cloudInstanceID
    }
}
