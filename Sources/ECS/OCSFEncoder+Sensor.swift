public import Detection

/// What the sensor says of itself, as OCSF base events (class 0), since the
/// schema has no class for a product's own counters. What it has no attribute
/// for stands under `unmapped`, under the names that ECS records use.
extension OCSFEncoder {
    /// Appends the line of one record of statistics, without a newline.
    public func append(_ record: StatsRecord, to line: inout [UInt8]) {
        LineFitter.append(record, to: &line, limit: context.lineLimit) { exceptions, composer in
            let isLoss = record.action == "loss"
            begin(at: record.timestamp, severity: isLoss ? .high : .informational, &composer)
            composer.text("message", record.words, .text, name: "message")
            composer.text("unmapped.action", record.action, .text, name: "unmapped.action")
            for use in record.hooks {
                composer.text("unmapped.hooks." + use.family, use.hook, .text, name: "unmapped.hooks")
            }
            composer.text("unmapped.rules.hash", record.rulesHash, .identifier, name: "unmapped.rules.hash")
            composer.json.name("unmapped.rules.loaded")
            composer.json.value(record.rulesLoaded)
            composer.exceptions(of: record, first: exceptions, prefix: "unmapped")
            composer.counters(of: record, prefix: "unmapped")
            end(&composer)
        }
    }

    /// Appends the line of one flood of alerts, without a newline.
    ///
    /// - Parameters:
    ///   - timestamp: now, in nanoseconds since 1970, UTC.
    ///   - rules: the rules that the sources' indices count in.
    public func append(_ flood: AlertFlood, timestamp: Int64, rules: [Rule], to line: inout [UInt8]) {
        LineFitter.append(to: &line, limit: context.lineLimit) { composer in
            begin(at: timestamp, severity: .high, &composer)
            let message = FloodEncoder(context).message(of: flood, rules)
            composer.text("message", message, .text, name: "message")
            composer.text("unmapped.action", "alerts_suppressed", .text, name: "unmapped.action")
            composer.json.name("unmapped.flood.count")
            composer.json.value(flood.count)
            composer.json.name("unmapped.flood.others")
            composer.json.value(flood.others)
            composer.flood(flood.top, rules, name: "unmapped.flood.top")
            end(&composer)
        }
    }

    /// `severity_id`.
    private enum EventSeverity: Int {
        case informational = 1
        case high = 4
    }

    private func begin(at time: Int64, severity: EventSeverity, _ composer: inout LineComposer) {
        composer.json.beginObject()
        for (name, number) in [
            ("activity_id", 99), ("category_uid", 0), ("class_uid", 0), ("type_uid", 99),
            ("severity_id", severity.rawValue), ("time", Int(time / 1_000_000)),
        ] {
            composer.json.name(name)
            composer.json.value(number)
        }
        composer.json.name("activity_name")
        composer.json.value("Report")
        composer.json.name("metadata.version")
        composer.json.value(OCSFEncoder.schemaVersion)
        composer.json.name("metadata.product.name")
        composer.json.value("imdswatch")
        composer.text("metadata.product.version", context.version, .text, name: "metadata.product.version")
        composer.text("device.hostname", context.host.hostname, .identifier, name: "device.hostname")
        composer.text("device.uid", context.host.id, .identifier, name: "device.uid")
    }

    private func end(_ composer: inout LineComposer) {
        composer.names("unmapped.truncated", composer.truncated)
        composer.json.endObject()
    }
}
