/// Says whose signatures make a checkpoint trusted, as a C2SP tlog-policy file does.
package struct TlogPolicy: Hashable, Sendable {
    /// A log that the policy accepts; its key's name is the origin.
    package struct Log: Hashable, Sendable {
        /// The key, of type 0x01.
        package let key: NoteVerifierKey
        /// Where the log is read, if the file says so.
        package let url: String?

        /// Joins a key and an address.
        package init(key: NoteVerifierKey, url: String? = nil) {
            self.key = key
            self.url = url
        }
    }

    /// A witness, by the name that it has in the file alone.
    package struct Witness: Hashable, Sendable {
        /// The name in the file.
        package let name: String
        /// The key, of type 0x04.
        package let key: NoteVerifierKey
        /// Where it takes checkpoints, if the file says so.
        package let url: String?

        /// Joins a name, a key and an address.
        package init(name: String, key: NoteVerifierKey, url: String? = nil) {
            self.name = name
            self.key = key
            self.url = url
        }
    }

    /// A group that has witnessed a checkpoint when enough of its members have.
    package struct Group: Hashable, Sendable {
        /// The name in the file.
        package let name: String
        /// How many members must have witnessed, at least 1.
        package let threshold: Int
        /// The names of witnesses and of groups further up.
        package let members: [String]

        /// Joins the parts.
        package init(name: String, threshold: Int, members: [String]) {
            self.name = name
            self.threshold = threshold
            self.members = members
        }
    }

    /// The most bytes of a file, and the most logs, witnesses and groups; the text asks for 32 of each.
    package static let byteCountMax = 65_536
    /// The most logs, witnesses and groups, each.
    package static let countMax = 128

    /// The accepted logs.
    package private(set) var logs: [Log] = []
    /// The known witnesses.
    package private(set) var witnesses: [Witness] = []
    /// The groups, each after those that it names.
    package private(set) var groups: [Group] = []
    /// The witness or group that must have witnessed, `none` for no one; nil in a part of a file.
    package private(set) var quorum: String?

    /// The quorum that demands no witness.
    package static let noQuorum = "none"

    // SPEC tlog-policy: names are bytes; `==` on strings would equate different spellings.
    private var names: Set<[UInt8]> = [[UInt8](noQuorum.utf8)]
    private var members: Set<[UInt8]> = []

    /// Joins the parts of a policy.
    ///
    /// - Throws: `NoteError.unsoundPolicy` at the first part that breaks the C2SP text.
    package init(
        logs: [Log], witnesses: [Witness], groups: [Group], quorum: String?
    ) throws(NoteError) {
        for log in logs { try add(log) }
        for witness in witnesses { try add(witness) }
        for group in groups { try add(group) }
        if let quorum { try set(quorum: quorum) }
    }

    /// Reads a policy file, or with `isPart` one that may lack the quorum.
    ///
    /// - Throws: `NoteError.unsoundPolicy` or `.malformedKey` at the first line that breaks the C2SP text.
    package init(parsing bytes: [UInt8], isPart: Bool = false) throws(NoteError) {
        // SPEC tlog-policy: tab and newline are the only control characters.
        guard bytes.count <= Self.byteCountMax,
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 || $0 == NoteText.newline }),
            let lines = NoteText.lines(of: bytes)
        else {
            throw .unsoundPolicy("the file is too long, holds a control character or ends within a line")
        }
        for line in lines {
            let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).map { NoteText.string($0) }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            try add(words, line: NoteText.string(line))
        }
        guard isPart || quorum != nil else { throw .unsoundPolicy("the line `quorum` is missing") }
    }

    /// The policy as a file.
    package var text: String {
        var text = ""
        for log in logs { text += "log \(log.key.vkey)\(log.url.map { " \($0)" } ?? "")\n" }
        for witness in witnesses {
            text += "witness \(witness.name) \(witness.key.vkey)\(witness.url.map { " \($0)" } ?? "")\n"
        }
        for group in groups {
            text += "group \(group.name) \(group.threshold) \(group.members.joined(separator: " "))\n"
        }
        return text + (quorum.map { "quorum \($0)\n" } ?? "")
    }

    /// Gives the checkpoint when the policy trusts the note.
    ///
    /// Signatures of keys that are not listed are passed over; a listed key's signature that does not
    /// verify refuses the whole note.
    /// - Throws: `NoteError` that says what is missing or wrong.
    package func verify(_ note: SignedNote) throws(NoteError) -> Checkpoint {
        guard let quorum, !logs.isEmpty else { throw .unsoundPolicy("it names no log or no quorum") }
        let checkpoint = try Checkpoint(parsing: note.text, extensionLines: .ignored)
        var isSigned = false
        for log in logs where NoteText.same(log.key.name, checkpoint.origin) {
            if try note.isSigned(by: log.key) { isSigned = true }
        }
        guard isSigned else { throw .logSignatureMissing(origin: checkpoint.origin) }
        var witnessed: Set<[UInt8]> = []
        for witness in witnesses where try note.isSigned(by: witness.key) {
            witnessed.insert([UInt8](witness.name.utf8))
        }
        var last = (valid: 0, needed: 1)
        for group in groups {
            let valid = group.members.count { witnessed.contains([UInt8]($0.utf8)) }
            if valid >= group.threshold { witnessed.insert([UInt8](group.name.utf8)) }
            if NoteText.same(group.name, quorum) { last = (valid, group.threshold) }
        }
        guard NoteText.same(quorum, Self.noQuorum) || witnessed.contains([UInt8](quorum.utf8)) else {
            throw .quorumNotReached(valid: last.valid, needed: last.needed)
        }
        return checkpoint
    }

    private mutating func add(_ words: [String], line: String) throws(NoteError) {
        switch (words[0], words.count) {
        case ("log", 2...3):
            try add(Log(key: try NoteVerifierKey(vkey: words[1]), url: words.count > 2 ? words[2] : nil))
        case ("witness", 3...4):
            let key = try NoteVerifierKey(vkey: words[2])
            try add(Witness(name: words[1], key: key, url: words.count > 3 ? words[3] : nil))
        case ("group", 4...):
            let members = Array(words[3...])
            let threshold: Int? =
                switch words[2] {
                case "any": 1
                case "all": members.count
                default: NoteText.decimal(words[2].utf8).flatMap { Int(exactly: $0) }
                }
            guard let threshold else { throw .unsoundPolicy("`\(words[2])` is not a threshold") }
            try add(Group(name: words[1], threshold: threshold, members: members))
        case ("quorum", 2): try set(quorum: words[1])
        default: throw .unsoundPolicy("`\(line)` is no line of a policy")
        }
    }

    private mutating func add(_ log: Log) throws(NoteError) {
        guard log.key.kind == .log else { throw .unsoundPolicy("a log's key has type 0x01") }
        guard !logs.contains(where: { $0.key.key == log.key.key }) else {
            throw .unsoundPolicy("the key of the log `\(log.key.name)` is listed twice")
        }
        logs.append(log)
        try requireRoom(logs.count)
    }

    private mutating func add(_ witness: Witness) throws(NoteError) {
        guard witness.key.kind == .cosignature else { throw .unsoundPolicy("a witness's key has type 0x04") }
        guard !witnesses.contains(where: { $0.key.key == witness.key.key }) else {
            throw .unsoundPolicy("the key of the witness `\(witness.name)` is listed twice")
        }
        try define(witness.name)
        witnesses.append(witness)
        try requireRoom(witnesses.count)
    }

    private mutating func add(_ group: Group) throws(NoteError) {
        guard (1...max(group.members.count, 1)).contains(group.threshold), !group.members.isEmpty else {
            throw .unsoundPolicy("the group `\(group.name)` demands nothing or too much")
        }
        for member in group.members {
            // SPEC tlog-policy: a name is defined above its use and is a member at most once.
            let name = [UInt8](member.utf8)
            guard !NoteText.same(member, Self.noQuorum), names.contains(name) else {
                throw .unsoundPolicy(
                    "the group `\(group.name)` names `\(member)`, which is not defined above")
            }
            guard members.insert(name).inserted else {
                throw .unsoundPolicy("`\(member)` is a member twice")
            }
        }
        try define(group.name)
        groups.append(group)
        try requireRoom(groups.count)
    }

    private mutating func set(quorum name: String) throws(NoteError) {
        guard quorum == nil else { throw .unsoundPolicy("the line `quorum` stands there twice") }
        guard names.contains([UInt8](name.utf8)) else {
            throw .unsoundPolicy("the quorum `\(name)` is not defined above")
        }
        quorum = name
    }

    private mutating func define(_ name: String) throws(NoteError) {
        guard names.insert([UInt8](name.utf8)).inserted else {
            throw .unsoundPolicy("`\(name)` is defined twice")
        }
    }

    private func requireRoom(_ count: Int) throws(NoteError) {
        guard count <= Self.countMax else {
            throw .unsoundPolicy("it has more than \(Self.countMax) logs, witnesses or groups")
        }
    }
}
