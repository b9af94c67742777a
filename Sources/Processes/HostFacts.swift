public import Events
internal import Platform

/// What does not change about the host while the sensor runs: read once.
public struct HostFacts: Sendable {
    /// The machine id; else the DMI product UUID; else a hash of the boot id.
    /// Never empty.
    public var id: String
    /// The kernel's random number of this boot.
    public var bootID: String
    public var hostname: String
    public var kernel: String
    public var architecture: String
    /// From os-release; empty where it says nothing.
    public var osName: String
    public var osVersion: String
    public var osFamily: String
    /// nil if this is no cloud instance that is known.
    public var cloud: CloudInstance?

    /// - Parameter root: where the file system of the host is.
    public init(root: String = "") {
        var files = SmallFiles(root: root)
        bootID = files.line("/proc/sys/kernel/random/boot_id") ?? ""
        hostname = files.line("/proc/sys/kernel/hostname") ?? ""
        kernel = files.line("/proc/sys/kernel/osrelease") ?? ""
        #if arch(arm64)
            architecture = "aarch64"
        #else
            architecture = "x86_64"
        #endif
        let release = OSRelease(files.text("/etc/os-release") ?? files.text("/usr/lib/os-release") ?? "")
        osName = release["NAME"] ?? ""
        osVersion = release["VERSION_ID"] ?? release["BUILD_ID"] ?? ""
        osFamily = release.family
        cloud = CloudInstance(&files)
        id = Self.identify(&files, bootID: bootID)
    }

    /// Gives an event the fields that tell about the host. To be fixed there
    /// as constants.
    public func setFields(of event: inout Event) {
        event.set(.hostOSType, text: "linux")
        let values: [(Field, String)] = [
            (.hostID, id), (.hostName, hostname), (.hostHostname, hostname),
            (.hostArchitecture, architecture), (.hostOSKernel, kernel), (.hostOSName, osName),
            (.hostOSVersion, osVersion), (.hostOSFamily, osFamily), (.hostBootID, bootID),
            (.cloudProvider, cloud?.provider ?? ""), (.cloudInstanceID, cloud?.instanceID ?? ""),
        ]
        for (field, value) in values where !value.isEmpty {
            event.set(field, text: Array(value.utf8).span)
        }
    }

    private static func identify(_ files: inout SmallFiles, bootID: String) -> String {
        if let id = files.line("/etc/machine-id"), isIdentifier(id) { return id }
        if let id = files.line("/sys/class/dmi/id/product_uuid")?.lowercased(), isIdentifier(id) { return id }
        // not stable across boots, but tells this host from others
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bootID.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return "boot-" + String(hash, radix: 16)
    }

    /// Images that were never started have none or a placeholder; some boards
    /// say nothing but zeros, or `f`s.
    private static func isIdentifier(_ id: String) -> Bool {
        let digits = id.filter { $0 != "-" }
        return digits.utf8.count >= 16 && digits.allSatisfy(\.isHexDigit) && Set(digits).count > 1
    }
}

/// Files of a line or two, under a root.
struct SmallFiles {
    private let root: String
    private var buffer: [UInt8] = []

    init(root: String) { self.root = root }

    mutating func bytes(_ path: String) -> [UInt8]? {
        guard (try? File.read(root + path, into: &buffer, limit: 4 << 20)) != nil else { return nil }
        return buffer
    }

    mutating func text(_ path: String) -> String? {
        bytes(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first line without spaces around it; nil if that is nothing.
    mutating func line(_ path: String) -> String? {
        guard let line = bytes(path)?.split(separator: UInt8(ascii: "\n")).first else { return nil }
        let space = UInt8(ascii: " ")
        var trimmed = line
        while let last = trimmed.last, last <= space { trimmed.removeLast() }
        while let first = trimmed.first, first <= space { trimmed.removeFirst() }
        return trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
    }
}

/// The assignments of an os-release file.
struct OSRelease {
    private var values: [String: String] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "="), line.first != "#" else { continue }
            var value = line[line.index(after: equals)...]
            if let quote = value.first, quote == "\"" || quote == "'", value.count > 1, value.last == quote {
                value = value.dropFirst().dropLast()
            }
            values[String(line[..<equals])] = Self.unescaped(value)
        }
    }

    subscript(key: String) -> String? {
        guard let value = values[key], !value.isEmpty else { return nil }
        return value
    }

    /// What this distribution descends from, in the words of ECS.
    var family: String {
        let names = [self["ID"] ?? ""] + (self["ID_LIKE"] ?? "").split(separator: " ").map(String.init)
        let families: [(String, Set<String>)] = [
            ("debian", ["debian", "ubuntu"]),
            ("redhat", ["rhel", "fedora", "centos", "amzn", "ol", "rocky", "almalinux"]),
            ("suse", ["suse", "opensuse", "sles"]),
            ("arch", ["arch"]),
        ]
        for name in names {
            if let (family, _) = families.first(where: { $0.1.contains(name) }) { return family }
        }
        return names[0]
    }

    private static func unescaped(_ value: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in value {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
