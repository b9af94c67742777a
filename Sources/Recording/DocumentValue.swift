internal import Events

/// Converts values to the types of their fields and adds them to an event.
enum DocumentValue {
    /// Adds one value. What cannot be converted is counted.
    static func add(
        _ field: Field, _ type: FieldType, _ text: borrowing Span<UInt8>, isString: Bool,
        to event: inout Event, _ unconverted: inout Int
    ) throws(DocumentError) {
        switch type {
        case .keyword:
            try add(text: text, field, to: &event)
        case .identifier:
            if let number = decimal(text), event.slot(field) == nil {
                event.set(field, integer: number)
            } else {
                try add(text: text, field, to: &event)
            }
        case .long:
            guard let number = decimal(text) ?? wholeNumber(text) else {
                unconverted += 1
                return
            }
            add(integer: number, field, to: &event)
        case .boolean:
            if text.equals("true") {
                add(integer: 1, field, to: &event)
            } else if text.equals("false") || (isString && text.isEmpty) {
                add(integer: 0, field, to: &event)
            } else {
                unconverted += 1
            }
        case .date:
            guard
                let time = decimal(text).map(Timestamp.parse(epoch:)) ?? Timestamp.parse(text)
                    ?? Timestamp.parse(decimal: text)
            else {
                unconverted += 1
                return
            }
            add(integer: time, field, to: &event)
        case .ip:
            guard let address = IPAddress(text: text) else {
                unconverted += 1
                return
            }
            add(address: address, field, to: &event)
        }
    }

    /// An integer without superfluous zeros.
    static func decimal(_ text: borrowing Span<UInt8>) -> Int64? {
        var index = 0
        var isNegative = false
        if text.count > 1, text[0] == UInt8(ascii: "-") {
            isNegative = true
            index = 1
        }
        guard index < text.count, text.count - index <= 19,
            text[index] != UInt8(ascii: "0") || (text.count == 1)
        else { return nil }
        var value: Int64 = 0
        while index < text.count {
            guard (48...57).contains(text[index]) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(text[index]) - 48)
            guard !overflow, !carry else { return nil }
            value = sum
            index += 1
        }
        return isNegative ? -value : value
    }

    /// An integer in another spelling: `80.0`, `8e1`, `080`.
    private static func wholeNumber(_ text: borrowing Span<UInt8>) -> Int64? {
        guard let number = Double(String(text)) else { return nil }
        return Int64(exactly: number.rounded(.towardZero))
    }

    static func add(
        text: borrowing Span<UInt8>, _ field: Field, to event: inout Event
    ) throws(DocumentError) {
        guard let old = event.slot(field) else {
            event.set(field, text: text)
            if event.slot(field)?.isUnknown == true { throw .tooLong(limit: Event.byteLimit) }
            return
        }
        guard append(text, to: old, field, of: &event) else { throw .tooLong(limit: Event.byteLimit) }
    }

    /// Makes a text one more value of a field: one run of bytes, a NUL between
    /// the values and none inside. False if there is no room.
    static func append(
        _ text: borrowing Span<UInt8>, to old: Slot, _ field: Field, of event: inout Event
    ) -> Bool {
        var start = Int(old.payload)
        if old.kind == .integer {
            let digits = Array(String(old.payload).utf8)
            guard let range = event.append(digits.span) else { return false }
            start = range.lowerBound
        } else if old.range.upperBound != event.arena.count
            || (old.count == 1 && event.arena.occurrences(of: 0, in: old.range) > 0)
        {
            let separator: UInt8 = old.count == 1 ? UInt8(ascii: "?") : 0
            guard let range = event.appendCopy(of: old.range, replacing: 0, with: separator) else {
                return false
            }
            start = range.lowerBound
        }
        guard event.append(byte: 0) != nil, event.append(withoutNUL: text) else { return false }
        event.set(
            field, text: start..<event.arena.count, count: Int(old.count) + 1, traits: old.traits)
        return true
    }

    private static func add(integer: Int64, _ field: Field, to event: inout Event) {
        guard let old = event.slot(field) else { return event.set(field, integer: integer) }
        var numbers = [old.payload]
        if old.count > 1 {
            numbers = (0..<Int(old.count)).map {
                event.arena.bytes.span.integer(at: Int(old.payload) + 8 * $0) ?? 0
            }
        }
        numbers.append(integer)
        event.set(field, integers: numbers.span)
    }

    private static func add(address: IPAddress, _ field: Field, to event: inout Event) {
        guard let old = event.slot(field) else { return event.set(field, address: address) }
        guard let copy = event.appendCopy(of: old.range, replacing: 0, with: 0) else { return }
        event.set(field, address: address)
        event.set(
            field,
            Slot(
                kind: .address, payload: Int64(copy.lowerBound), length: old.length + 16,
                count: old.count + 1))
    }
}

extension Event {
    fileprivate mutating func append(withoutNUL text: borrowing Span<UInt8>) -> Bool {
        for index in text.indices where text[index] == 0 {
            for index in text.indices {
                guard append(byte: text[index] == 0 ? UInt8(ascii: "?") : text[index]) != nil else {
                    return false
                }
            }
            return true
        }
        return append(text) != nil
    }
}

extension String {
    /// The text of bytes.
    init(_ bytes: borrowing Span<UInt8>) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        self.init(decoding: copy, as: UTF8.self)
    }
}

extension IPAddress {
    /// Reads an address; of IPv4, the usual form, without making a string.
    init?(text: borrowing Span<UInt8>) {
        if let bits = IPAddress.v4(text) {
            self.init(v4: bits)
        } else {
            self.init(String(text))
        }
    }

    private static func v4(_ text: borrowing Span<UInt8>) -> UInt32? {
        guard (7...15).contains(text.count) else { return nil }
        var bits: UInt32 = 0
        var value: UInt32 = 0
        var digits = 0
        var parts = 0
        for index in text.indices {
            let byte = text[index]
            if byte == UInt8(ascii: ".") {
                guard digits > 0, parts < 3 else { return nil }
                bits = bits << 8 | value
                value = 0
                digits = 0
                parts += 1
            } else {
                guard (48...57).contains(byte), digits < 3, digits == 0 || value > 0 else { return nil }
                value = value * 10 + UInt32(byte) - 48
                guard value <= 255 else { return nil }
                digits += 1
            }
        }
        return parts == 3 && digits > 0 ? bits << 8 | value : nil
    }
}
