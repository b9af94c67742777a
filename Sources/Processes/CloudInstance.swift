/// The cloud instance that the host is, as its firmware and cloud-init say.
/// Nobody is asked over the network.
public struct CloudInstance: Sendable, Equatable {
    /// As ECS names providers: `aws`, `gcp`, `azure`, `oci`, …
    public var provider: String
    /// nil where neither the firmware nor cloud-init tells.
    public var instanceID: String?

    public init(provider: String, instanceID: String?) {
        self.provider = provider
        self.instanceID = instanceID
    }

    /// cloud-init's name of a cloud, and the provider's name in ECS.
    private static let cloudInitNames: [String: String] = [
        "aws": "aws", "gce": "gcp", "azure": "azure", "oracle": "oci", "aliyun": "alibaba",
        "openstack": "openstack", "hetzner": "hetzner", "digitalocean": "digitalocean",
        "vultr": "vultr", "scaleway": "scaleway", "akamai": "akamai", "upcloud": "upcloud",
    ]

    init?(_ files: inout SmallFiles) {
        let firmware = Firmware(&files)
        let data = files.bytes("/run/cloud-init/instance-data.json") ?? []
        let named = JSONText.string(at: ["v1", "cloud_name"], in: data.span)
        guard let provider = firmware.provider ?? named.flatMap({ Self.cloudInitNames[$0.lowercased()] })
        else { return nil }
        self.provider = provider
        let fromFirmware = firmware.instanceID(of: provider)
        instanceID =
            fromFirmware ?? JSONText.string(at: ["v1", "instance_id"], in: data.span)
            ?? files.line("/var/lib/cloud/data/instance-id") ?? firmware.fallbackID(of: provider)
    }
}

/// What /sys/class/dmi/id says; absent values are empty.
private struct Firmware {
    let vendor, product, boardVendor, biosVendor, biosVersion: String
    let boardTag, chassisTag, serial, uuid: String

    init(_ files: inout SmallFiles) {
        func read(_ name: String) -> String { files.line("/sys/class/dmi/id/" + name) ?? "" }
        vendor = read("sys_vendor")
        product = read("product_name")
        boardVendor = read("board_vendor")
        biosVendor = read("bios_vendor")
        biosVersion = read("bios_version")
        boardTag = read("board_asset_tag")
        chassisTag = read("chassis_asset_tag")
        serial = read("product_serial")
        uuid = read("product_uuid").lowercased()
    }

    var provider: String? {
        if vendor == "Amazon EC2" || boardVendor == "Amazon EC2" || biosVendor == "Amazon EC2" {
            return "aws"
        }
        // Xen instances: the version of the firmware names its maker
        if vendor == "Xen", biosVersion.hasSuffix(".amazon") { return "aws" }
        if product == "Google Compute Engine" || product == "Google" { return "gcp" }
        // on premises Hyper-V has the same vendor and product, but not the tag
        if chassisTag == "7783-7084-3265-9085-8269-3286-77" { return "azure" }
        if chassisTag == "OracleCloud.com" { return "oci" }
        if product == "Alibaba Cloud ECS" || vendor == "Alibaba Cloud" { return "alibaba" }
        switch vendor {
        case "Hetzner": return "hetzner"
        case "DigitalOcean": return "digitalocean"
        case "OpenStack Foundation": return "openstack"
        case "Vultr": return "vultr"
        case "Scaleway": return "scaleway"
        case "Akamai", "Linode": return "akamai"
        case "UpCloud": return "upcloud"
        default: break
        }
        if product == "OpenStack Nova" || product == "OpenStack Compute" { return "openstack" }
        return nil
    }

    /// The provider's own id of the instance, where the firmware has it.
    func instanceID(of provider: String) -> String? {
        switch provider {
        case "aws": boardTag.hasPrefix("i-") ? boardTag : nil
        case "hetzner", "digitalocean", "vultr": serial.isEmpty ? nil : serial
        case "openstack": uuid.isEmpty ? nil : uuid
        default: nil
        }
    }

    /// What stands for it, if nobody knows better: Azure's id is the UUID,
    /// though some generations of firmware swap bytes.
    func fallbackID(of provider: String) -> String? {
        provider == "azure" && !uuid.isEmpty ? uuid : nil
    }
}

/// Just enough JSON to take one string out of a document.
enum JSONText {
    private static let depthLimit = 64

    /// The string at a path of keys; nil if there is none or the text is broken
    /// before it.
    static func string(at path: [String], in bytes: borrowing Span<UInt8>) -> String? {
        var cursor = 0
        return find(path[...], in: bytes, at: &cursor)
    }

    private static func find(
        _ path: ArraySlice<String>, in bytes: borrowing Span<UInt8>, at cursor: inout Int
    ) -> String? {
        skipSpace(bytes, &cursor)
        guard let key = path.first else { return string(bytes, &cursor) }
        guard take(UInt8(ascii: "{"), bytes, &cursor) else { return nil }
        while true {
            skipSpace(bytes, &cursor)
            guard let name = string(bytes, &cursor) else { return nil }
            skipSpace(bytes, &cursor)
            guard take(UInt8(ascii: ":"), bytes, &cursor) else { return nil }
            if name == key { return find(path.dropFirst(), in: bytes, at: &cursor) }
            guard skipValue(bytes, &cursor) else { return nil }
            skipSpace(bytes, &cursor)
            guard take(UInt8(ascii: ","), bytes, &cursor) else { return nil }
        }
    }

    private static func take(_ byte: UInt8, _ bytes: borrowing Span<UInt8>, _ cursor: inout Int) -> Bool {
        guard cursor < bytes.count, bytes[cursor] == byte else { return false }
        cursor += 1
        return true
    }

    private static func skipSpace(_ bytes: borrowing Span<UInt8>, _ cursor: inout Int) {
        while cursor < bytes.count, bytes[cursor] <= UInt8(ascii: " ") { cursor += 1 }
    }

    /// A string; what its escapes stand for is left out, except for the plain ones.
    private static func string(_ bytes: borrowing Span<UInt8>, _ cursor: inout Int) -> String? {
        guard take(UInt8(ascii: "\""), bytes, &cursor) else { return nil }
        var text: [UInt8] = []
        while cursor < bytes.count {
            let byte = bytes[cursor]
            cursor += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), cursor < bytes.count {
                text.append(bytes[cursor])
                cursor += 1
            } else {
                text.append(byte)
            }
        }
        return nil
    }

    /// Brackets are counted, strings are stepped over.
    private static func skipValue(_ bytes: borrowing Span<UInt8>, _ cursor: inout Int) -> Bool {
        var depth = 0
        while cursor < bytes.count, depth <= depthLimit {
            switch bytes[cursor] {
            case UInt8(ascii: "\""):
                guard string(bytes, &cursor) != nil else { return false }
                if depth == 0 { return true }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
                if depth == 0 {
                    cursor += 1
                    return true
                }
            case UInt8(ascii: ",") where depth == 0: return true
            default: break
            }
            cursor += 1
        }
        return false
    }
}
