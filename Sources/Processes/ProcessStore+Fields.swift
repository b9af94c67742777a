internal import Events
internal import Platform

extension ProcessStore {
    // MARK: The process

    /// What is known of a process since its exec wins over what an event says
    /// of it as it is now; the working directory stays as it is now.
    mutating func restoreProcess(_ number: UInt32, of event: inout Event) {
        let image = lineage.images[Int(number)]
        if image.executable != 0 {
            let isSame = isText(image.executable, valueOf: .processExecutable, of: &event)
            if !isSame || image.hasInvoked {
                setExecutable(.process, from: number, of: &event, traits: .fromTable)
            }
            if image.invoked != 0 {
                setText(.invokedAs, image.invoked, of: &event, traits: invokedTraits(image))
            }
            if image.flags.contains(.script) {
                event.set(.executableScript, integer: 1, traits: .fromTable)
            }
            if event.header.kind != .connect {
                if image.flags.contains(.deleted) {
                    event.set(.executableDeleted, integer: 1, traits: .fromTable)
                }
                if image.flags.contains(.memory) {
                    event.set(.executableMemory, integer: 1, traits: .fromTable)
                }
            }
        }
        setArguments(.process, from: image, of: &event)
        if image.directory != 0, event.text(.processWorkingDirectory) == nil {
            setText(
                .processWorkingDirectory, image.directory, of: &event,
                traits: image.flags.contains(.directoryCut) ? [.fromTable, .cut] : .fromTable)
        }
        setPrevious(image.previous, of: &event, all: true)
        if image.flags.contains(.users), !event.has(.processUserID) {
            event.set(.processUserID, integer: Int64(image.users.effectiveUser), traits: .fromTable)
            event.set(.processRealUserID, integer: Int64(image.users.realUser), traits: .fromTable)
            event.set(.processGroupID, integer: Int64(image.users.effectiveGroup), traits: .fromTable)
            event.set(.processRealGroupID, integer: Int64(image.users.realGroup), traits: .fromTable)
        }
        if image.flags.contains(.terminal), !event.has(.processInteractive) {
            event.set(.processInteractive, integer: image.terminal == 0 ? 0 : 1, traits: .fromTable)
        }
        if image.cgroup != 0, !event.has(.cgroup) {
            setText(.cgroup, image.cgroup, of: &event)
        }
    }

    mutating func setPrevious(_ previous: UInt32, of event: inout Event, all: Bool) {
        guard previous != 0, all || needs.fields.contains(.processPreviousExecutable) else { return }
        setText(.processPreviousExecutable, previous, of: &event)
    }

    // MARK: The parent

    /// Identity and executable of the parent, as the table knows it; where the
    /// event tells about another process as parent, that is dropped.
    @discardableResult
    mutating func fillParentAsKnown(_ ancestor: UInt32, of event: inout Event) -> Missing {
        let parent = lineage.ancestors[Int(ancestor)].parent
        if parent != 0 {
            let known = lineage.ancestors[Int(parent)]
            if event.header.parent.pid != known.pid
                || event.header.parent.start / ProcessTick.nanoseconds
                    != known.start / ProcessTick.nanoseconds
            {
                if event.has(.parentExecutable) {
                    event.setUnknown(.parentExecutable)
                    event.setUnknown(.parentName)
                }
                event.header.parent = ProcessIdentity(pid: known.pid, start: known.start)
            } else if event.header.parent.start == 0 {
                event.header.parent.start = known.start
            }
        }
        let missing = fillParent(parent, of: &event)
        fillIdentities(of: &event)
        if needs.more { fillMore(parent: parent, self: ancestor, of: &event, all: false) }
        return missing
    }

    /// Executable and name of the parent: the kernel's word, with the further
    /// values that the table knows; else the table's.
    mutating func fillParent(_ parent: UInt32, of event: inout Event) -> Missing {
        let number = lineage.ancestors[Int(parent)].image
        let slot = event.slot(.parentExecutable)
        let isUnknown = slot?.isUnknown ?? false
        let executable = lineage.images[Int(number)].executable
        guard executable != 0 else { return isUnknown ? .parentExecutable : [] }
        if slot != nil, !isUnknown, isText(executable, valueOf: .parentExecutable, of: &event) {
            if lineage.images[Int(number)].hasInvoked {
                setExecutable(.parent, from: number, of: &event, traits: [])
            }
        } else {
            if isUnknown { counters.parentFromTable += 1 }
            setExecutable(.parent, from: number, of: &event, traits: .fromTable)
        }
        return []
    }

    // MARK: Identities

    mutating func fillIdentities(of event: inout Event) {
        event.set(.processEntityID, identity: event.header.process)
        if event.header.parent.isKnown {
            event.set(.parentPID, integer: Int64(event.header.parent.pid))
            event.set(.parentEntityID, identity: event.header.parent)
        }
        if !needs.identityTexts.isEmpty { writeIdentities(of: &event) }
    }

    /// Makes those identities text that rules compare with text.
    mutating func writeIdentities(of event: inout Event) {
        var rest = needs.identityTexts
        while let field = rest.popFirst() {
            guard let slot = event.slot(field), slot.kind == .identity else { continue }
            event.set(field, text: namer.text(of: slot.identity).span, traits: slot.traits)
        }
    }

    // MARK: Pieces

    mutating func setText(
        _ field: Field, _ number: UInt32, of event: inout Event, traits: Slot.Traits = .fromTable
    ) {
        event.set(
            field, text: lineage.texts.heap.memory.bytes.span.extracting(lineage.texts.range(number)),
            traits: traits
        )
    }

    /// Whether value 1 of a field is a text.
    mutating func isText(_ number: UInt32, valueOf field: Field, of event: inout Event) -> Bool {
        guard let slot = event.text(field) else { return false }
        let all = event.arena.bytes.span.extracting(slot.range)
        let end = slot.count > 1 ? all.firstNUL() : all.count
        return lineage.texts.holds(number, all.extracting(0..<end))
    }

    mutating func setExecutable(
        _ role: ProcessRole, from number: UInt32, of event: inout Event, traits: Slot.Traits
    ) {
        let image = lineage.images[Int(number)]
        var traits = traits
        if image.flags.contains(.executableCut) { traits.insert(.cut) }
        if image.flags.contains(.invokedGuessed) { traits.formUnion([.fromTable, .mutable]) }
        if image.flags.contains(.fromProc) {
            traits.insert(.fromProc)
            traits.remove(.fromTable)
        }
        let directory = image.flags.contains(.directoryCut) ? 0 : image.directory
        let bytes = lineage.texts.heap.memory.bytes.span
        event.setExecutable(
            role, resolved: bytes.extracting(lineage.texts.range(image.executable)),
            invoked: bytes.extracting(lineage.texts.range(image.invoked)),
            isScript: image.flags.contains(.script),
            trustsInvoked: !image.flags.contains(.invokedUntrusted),
            directory: bytes.extracting(lineage.texts.range(directory)), traits: traits)
    }

    mutating func setArguments(_ role: ProcessRole, from image: ProcessImage, of event: inout Event) {
        guard image.flags.contains(.arguments) else { return }
        var traits: Slot.Traits = .fromTable
        if image.flags.contains(.argumentsCut) { traits.insert(.cut) }
        if image.flags.contains(.argumentsMutable) { traits.insert(.mutable) }
        let range = lineage.texts.heap.range(image.argumentsBlock, length: Int(image.argumentsLength))
        event.remove(role.args)
        if let field = role.commandLine { event.remove(field) }
        event.setArguments(role, lineage.texts.heap.memory.bytes.span.extracting(range), traits: traits)
        if let field = role.argsCount, image.argumentCount > 0 {
            event.set(field, integer: Int64(image.argumentCount), traits: traits.subtracting(.cut))
        }
    }

    private mutating func invokedTraits(_ image: ProcessImage) -> Slot.Traits {
        image.flags.contains(.invokedGuessed) ? [.fromTable, .mutable] : .fromTable
    }
}
