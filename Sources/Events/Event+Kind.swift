extension Event {
    /// Sets what all events of a live kind have in common, in words; nothing for a document.
    public mutating func setFacts(of kind: EventKind) {
        let (category, type, action): (StaticString, StaticString, StaticString)
        switch kind {
        case .document: return
        case .exec: (category, type, action) = ("process", "start", "exec")
        case .fork: (category, type, action) = ("process", "start", "fork")
        case .exit: (category, type, action) = ("process", "end", "end")
        case .connect: (category, type, action) = ("network", "start", "connection_attempted")
        }
        header.kind = kind
        set(.eventCategory, text: category)
        set(.eventType, text: type)
        set(.eventAction, text: action)
        set(.eventKind, text: "event")
        set(.eventModule, text: "imdswatch")
        set(.eventDataset, text: "imdswatch.event")
        set(.hostOSType, text: "linux")
        guard kind == .connect else { return }
        set(.networkTransport, text: "tcp")
        set(.networkDirection, text: "egress")
    }
}
