internal import Events
internal import Platform

/// One process in the line of parents of another: who it was, and of which
/// image, when its child started its program.
struct Ancestor: Sendable {
    var start: UInt64
    var pid: UInt32
    /// 0: nothing is known but the identity.
    var image: UInt32 = 0
    /// The parent as of the last exec; 0 if it is not known.
    var parent: UInt32 = 0
    var references: UInt32 = 0
    /// What the parent was when it forked this process.
    var origin = ForkOrigin()
    /// At least the number of ancestors in the line from here, itself included.
    var depth: UInt8 = 1
}

/// What a process was when it forked another: its program may have been started by
/// another user, and elsewhere.
struct ForkOrigin: Sendable {
    /// Whose rights it had; nil if the fork was not seen.
    var users: UserSet?
    var place = DirectoryIdentity.unknown
    /// The text of that place, where the child's program told it; else 0.
    var directory: UInt32 = 0
}

/// The ids that say whose rights a process has.
struct UserSet: Sendable, Equatable {
    var effectiveUser: UInt32 = 0
    var realUser: UInt32 = 0
    var effectiveGroup: UInt32 = 0
    var realGroup: UInt32 = 0
}

/// Images and the lines of ancestors that lead to them, in bounded arrays with
/// counted references: what no process and no line names any more is free.
///
/// Images and ancestors are named by numbers; 0 is none.
struct Lineage: ~Copyable {
    /// A line that would be longer is cut to half of this.
    static let depthLimit: UInt8 = 32
    /// What is counted for an ancestor whose own parents are to be learnt.
    static let unknownDepth: UInt8 = 20

    var texts: TextPool
    private(set) var images: Slab<ProcessImage>
    private(set) var ancestors: Slab<Ancestor>
    private var freeImage: UInt32 = 0
    private var freeAncestor: UInt32 = 0
    let imageLimit: Int
    let ancestorLimit: Int
    private(set) var imageCount = 0
    private(set) var ancestorCount = 0

    init(processes: Int, bytes: Int) {
        texts = TextPool(limit: bytes)
        imageLimit = processes * 2
        ancestorLimit = processes * 4
        // number 0 is none
        images = Slab(capacity: imageLimit + 1)
        images.append(ProcessImage())
        ancestors = Slab(capacity: ancestorLimit + 1)
        ancestors.append(Ancestor(start: 0, pid: 0))
    }

    // MARK: Images

    /// Takes over the references that the image holds; 0 if there is no room.
    mutating func add(_ image: ProcessImage) -> UInt32 {
        let number: UInt32
        if freeImage != 0 {
            number = freeImage
            freeImage = images[Int(number)].executable
            images[Int(number)] = image
        } else if imageCount < imageLimit {
            number = UInt32(images.count)
            images.append(image)
        } else {
            discard(image)
            return 0
        }
        imageCount += 1
        images[Int(number)].references = 1
        return number
    }

    mutating func retain(image: UInt32) {
        if image != 0 { images[Int(image)].references += 1 }
    }

    mutating func release(image number: UInt32) {
        guard number != 0 else { return }
        images[Int(number)].references -= 1
        guard images[Int(number)].references == 0 else { return }
        discard(images[Int(number)])
        images[Int(number)].executable = freeImage
        images[Int(number)].flags = []
        freeImage = number
        imageCount -= 1
    }

    private mutating func discard(_ image: ProcessImage) {
        texts.release(image.executable)
        texts.release(image.invoked)
        texts.release(image.directory)
        texts.release(image.cgroup)
        texts.release(image.previous)
        if image.argumentsLength > 0 {
            texts.heap.release(image.argumentsBlock, length: Int(image.argumentsLength))
        }
    }

    /// Gives up the arguments of an image. Returns whether it had any.
    mutating func dropArguments(ofImage number: UInt32) -> Bool {
        let image = images[Int(number)]
        guard image.references > 0, image.argumentsLength > 0 else { return false }
        texts.heap.release(image.argumentsBlock, length: Int(image.argumentsLength))
        images[Int(number)].argumentsLength = 0
        images[Int(number)].flags.subtract([.arguments, .argumentsCut, .argumentsMutable])
        return true
    }

    /// Sets the executable of an image that has none. The reference is taken over.
    mutating func learn(executable: UInt32, traits: ProcessImage.Flags, ofImage number: UInt32) {
        images[Int(number)].executable = executable
        images[Int(number)].flags.formUnion(traits)
    }

    // MARK: Ancestors

    /// Takes over the references to `image`, `parent` and the directory of its origin;
    /// 0 if there is no room.
    mutating func add(_ ancestor: Ancestor) -> UInt32 {
        var ancestor = ancestor
        ancestor.references = 1
        ancestor.depth = max(ancestor.depth, min(ancestors[Int(ancestor.parent)].depth, .max - 1) + 1)
        let number: UInt32
        if freeAncestor != 0 {
            number = freeAncestor
            freeAncestor = ancestors[Int(number)].parent
            ancestors[Int(number)] = ancestor
        } else if ancestorCount < ancestorLimit {
            number = UInt32(ancestors.count)
            ancestors.append(ancestor)
        } else {
            release(image: ancestor.image)
            texts.release(ancestor.origin.directory)
            release(ancestor: ancestor.parent)
            return 0
        }
        ancestorCount += 1
        return number
    }

    mutating func retain(ancestor: UInt32) {
        if ancestor != 0 { ancestors[Int(ancestor)].references += 1 }
    }

    /// Lines are bounded, so this ends.
    mutating func release(ancestor: UInt32) {
        var number = ancestor
        while number != 0 {
            ancestors[Int(number)].references -= 1
            guard ancestors[Int(number)].references == 0 else { return }
            let gone = ancestors[Int(number)]
            release(image: gone.image)
            texts.release(gone.origin.directory)
            ancestors[Int(number)] = Ancestor(start: 0, pid: 0, parent: freeAncestor)
            freeAncestor = number
            ancestorCount -= 1
            number = gone.parent
        }
    }

    /// Gives an ancestor the image that it lacked; the reference is taken over.
    mutating func learn(image: UInt32, of ancestor: UInt32) {
        let old = ancestors[Int(ancestor)].image
        ancestors[Int(ancestor)].image = image
        release(image: old)
    }

    /// Gives an ancestor the parent that it lacked; the reference is taken over.
    mutating func learn(parent: UInt32, of ancestor: UInt32) {
        guard ancestors[Int(ancestor)].parent == 0, parent != 0,
            lower(lineOf: parent, below: ancestor)
        else { return release(ancestor: parent) }
        ancestors[Int(ancestor)].parent = parent
    }

    /// Children have counted on the depth of an ancestor, so it cannot grow
    /// when a line is put above it: the line must fit. What is counted there
    /// for parents still to be learnt may shrink. A circle never fits.
    private mutating func lower(lineOf parent: UInt32, below ancestor: UInt32) -> Bool {
        var length: UInt8 = 0
        var number = parent
        while number != 0 {
            length += 1
            guard length < ancestors[Int(ancestor)].depth, number != ancestor else { return false }
            number = ancestors[Int(number)].parent
        }
        number = parent
        var depth = ancestors[Int(ancestor)].depth
        while number != 0 {
            depth -= 1
            if ancestors[Int(number)].depth <= depth { break }
            ancestors[Int(number)].depth = depth
            number = ancestors[Int(number)].parent
        }
        return true
    }

    /// Gives an ancestor the origin that it lacked.
    mutating func learn(origin: ForkOrigin, of ancestor: UInt32) {
        guard ancestors[Int(ancestor)].origin.users == nil else { return }
        texts.release(ancestors[Int(ancestor)].origin.directory)
        ancestors[Int(ancestor)].origin = origin
    }

    mutating func learn(start: UInt64, of ancestor: UInt32) {
        ancestors[Int(ancestor)].start = start
    }

    /// A copy of an ancestor whose line is half as long as is allowed. The
    /// caller owns one reference, as it did to `ancestor`, which is given back.
    mutating func shortened(_ ancestor: UInt32) -> UInt32 {
        var copies = InlineArray<16, UInt32>(repeating: 0)
        var count = 0
        var number = ancestor
        while number != 0, count < copies.count {
            copies[count] = number
            count += 1
            number = ancestors[Int(number)].parent
        }
        var parent: UInt32 = 0
        while count > 0 {
            count -= 1
            var copy = ancestors[Int(copies[count])]
            retain(image: copy.image)
            texts.retain(copy.origin.directory)
            copy.parent = parent
            copy.depth = 1
            parent = add(copy)
            if parent == 0 { return ancestor }
        }
        release(ancestor: ancestor)
        return parent
    }
}
