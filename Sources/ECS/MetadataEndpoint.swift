internal import Events

/// A service of a cloud provider that hands out what an instance may know,
/// credentials among it.
///
/// Addresses are facts from the providers' own documentation.
enum MetadataEndpoint: String, CaseIterable {
    /// The instance metadata service of EC2, Google Cloud, Azure, Oracle and
    /// most others.
    case imds
    case imdsIPv6 = "imds_ipv6"
    /// Task metadata and task credentials of Amazon ECS.
    case ecs
    /// Pod identities of Amazon EKS.
    case eks
    case eksIPv6 = "eks_ipv6"
    case googleIPv6 = "gcp_ipv6"
    /// Azure's host services: certificates and the goal state of the agent.
    case wireserver
    case alibaba
    case oracleIPv6 = "oci_ipv6"
    case oracleLegacy = "oci_legacy"
    case tencent
    case scaleway
    case scalewayIPv6 = "scaleway_ipv6"
    case openstackIPv6 = "openstack_ipv6"
    case akamaiIPv6 = "akamai_ipv6"

    var address: String {
        switch self {
        case .imds: "169.254.169.254"
        case .imdsIPv6: "fd00:ec2::254"
        case .ecs: "169.254.170.2"
        case .eks: "169.254.170.23"
        case .eksIPv6: "fd00:ec2::23"
        case .googleIPv6: "fd20:ce::254"
        case .wireserver: "168.63.129.16"
        case .alibaba: "100.100.100.200"
        case .oracleIPv6: "fd00:c1::a9fe:a9fe"
        case .oracleLegacy: "192.0.0.192"
        case .tencent: "169.254.0.23"
        case .scaleway: "169.254.42.42"
        case .scalewayIPv6: "fd00:42::42"
        case .openstackIPv6: "fe80::a9fe:a9fe"
        case .akamaiIPv6: "fd00:a9fe:a9fe::1"
        }
    }

    /// The endpoint at an address, or nil.
    init?(at address: IPAddress) {
        guard let endpoint = MetadataEndpoint.byAddress[address] else { return nil }
        self = endpoint
    }

    private static let byAddress: [IPAddress: MetadataEndpoint] = {
        var table: [IPAddress: MetadataEndpoint] = [:]
        for endpoint in allCases {
            if let address = IPAddress(endpoint.address) { table[address] = endpoint }
        }
        return table
    }()
}
