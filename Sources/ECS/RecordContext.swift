internal import Detection
internal import Events

/// What the encoders of one run share: the host, names, and how lines are to
/// look.
public struct RecordContext: Sendable {
    public var host: HostInfo
    /// Version of the sensor.
    public var version: String
    /// No line is longer than this many bytes; at least `leastLineLimit`.
    public var lineLimit: Int
    /// Whether secrets on command lines are taken out.
    public var redacts: Bool
    let namer: EntityNamer

    public static let defaultLineLimit = 15_000
    /// Room for who did what and when, whatever the values are.
    public static let leastLineLimit = 4_096

    public init(
        host: HostInfo, version: String, lineLimit: Int = RecordContext.defaultLineLimit,
        redacts: Bool = true
    ) {
        self.host = host
        self.version = version
        self.lineLimit = max(RecordContext.leastLineLimit, lineLimit)
        self.redacts = redacts
        namer = EntityNamer(hostID: host.id, bootID: host.bootID)
    }

    static let ecsVersion = "9.4.0"

    /// The id of an event: the document's, else one that follows from host,
    /// boot, time and place in the order, and so is the same each time the
    /// event is written.
    func eventID(of event: EventSnapshot) -> [UInt8] {
        if let given = event.firstText(.eventID), !given.isEmpty { return Array(given) }
        // what entity ids begin with stands for host and boot
        var id: [UInt8] = []
        id.reserveCapacity(48)
        id += namer.origin
        id.append(UInt8(ascii: "-"))
        id.append(hex: UInt64(bitPattern: event.header.time))
        id.append(UInt8(ascii: "-"))
        id.append(hex: event.header.position)
        return id
    }

    /// The id of an alert: follows from the rule and the ids of the matched events.
    func alertID(rule: String, of ids: [[UInt8]]) -> [UInt8] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        for byte in rule.utf8 { add(byte) }
        add(0)
        for id in ids {
            for byte in id { add(byte) }
            add(0)
        }
        var id: [UInt8] = []
        id.reserveCapacity(72)
        for shift in stride(from: 60, through: 0, by: -4) {
            id.append(hexDigit(UInt8(truncatingIfNeeded: hash >> UInt64(shift) & 15)))
        }
        id.append(UInt8(ascii: "-"))
        id += ids.last ?? []
        return id
    }
}

extension LineComposer {
    /// `@timestamp` and `ecs`: what every record begins with.
    mutating func begin(at time: Int64) {
        json.beginObject()
        json.name("@timestamp")
        json.value(time: time)
        json.name("ecs.version")
        json.value(RecordContext.ecsVersion)
    }

    /// `host` and `cloud`. What the event says of its host goes first: in
    /// `replay` it happened on another.
    mutating func host(_ context: RecordContext, of evidence: Evidence? = nil) {
        let host = context.host
        func put(_ composer: inout LineComposer, _ field: Field, _ path: String, _ own: String) {
            guard let given = evidence?.firstText(field) else {
                return composer.text(path, own, TextClass(of: field), name: field.name)
            }
            composer.json.name(path)
            composer.value(given, TextClass(of: field), name: field.name)
        }
        put(&self, .hostID, "host.id", host.id)
        put(&self, .hostHostname, "host.hostname", host.hostname)
        guard shape != .skeleton else {
            put(&self, .hostBootID, "host.boot.id", host.bootID)
            put(&self, .hostOSType, "host.os.type", host.osType)
            noteTruncated("host.*")
            noteTruncated("host.os.*")
            if host.cloudProvider != nil { noteTruncated("cloud.*") }
            return
        }
        put(&self, .hostName, "host.name", host.name)
        put(&self, .hostArchitecture, "host.architecture", host.architecture)
        put(&self, .hostBootID, "host.boot.id", host.bootID)
        put(&self, .hostOSType, "host.os.type", host.osType)
        put(&self, .hostOSKernel, "host.os.kernel", host.kernel)
        put(&self, .hostOSName, "host.os.name", host.osName)
        put(&self, .hostOSVersion, "host.os.version", host.osVersion)
        put(&self, .hostOSFamily, "host.os.family", host.osFamily)
        put(&self, .cloudProvider, "cloud.provider", host.cloudProvider ?? "")
        put(&self, .cloudInstanceID, "cloud.instance.id", host.cloudInstanceID ?? "")
    }

    /// The ends of `imdswatch`: what is to be known about the values above.
    mutating func quality(degraded: Bool) {
        names("imdswatch.truncated", truncated)
        names("imdswatch.unknown", unknown)
        json.name("imdswatch.degraded")
        json.value(degraded)
        if !mutable.isEmpty { names("imdswatch.mutable", mutable) }
        if !redacted.isEmpty { names("imdswatch.redacted", redacted) }
    }

    /// The values of a list field of an event, or what is meant if it has none.
    mutating func eventList(
        _ path: String, _ field: Field, of evidence: Evidence, default texts: [String] = []
    ) {
        let given = evidence.texts(field)
        let values = given.isEmpty ? texts.map { Array($0.utf8)[...] } : given
        guard !values.isEmpty else { return }
        json.name(path)
        self.values(values, .text, name: field.name)
    }

    /// A text field of an event, if it has it.
    mutating func eventText(_ path: String, _ field: Field, of evidence: Evidence) {
        guard let text = evidence.firstText(field) else { return }
        json.name(path)
        value(text, .text, name: field.name)
    }
}
