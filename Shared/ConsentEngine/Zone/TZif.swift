/// Says why bytes are not the rules of a zone.
package enum ZoneRulesRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// They do not begin as a TZif file does.
    case notTZif
    /// They are of a version that this reader does not know.
    case unknownVersion(UInt8)
    /// They are more than a zone can need.
    case tooLong(byteCount: Int)
    /// They end too early.
    case truncated
    /// They count leap seconds, which Unix time does not.
    case leapSeconds
    /// They contradict RFC 8536.
    case malformed(String)
    /// The footer is in a form that this reader does not know.
    case unknownFooter(String)

    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .notTZif: "no compiled time zone; give the bytes of a file below /usr/share/zoneinfo"
        case .unknownVersion(let version):
            "time zone in version `\(version)`; compile it as version 2, 3 or 4"
        case .tooLong(let count): "time zone of `\(count)` bytes; at most `\(TZif.bytesMax)` are read"
        case .truncated: "time zone ends too early; compile it again"
        case .leapSeconds: "time zone counts leap seconds; take the one outside the folder right"
        case .malformed(let what): "time zone is malformed at `\(what)`; compile it again"
        case .unknownFooter(let text): "time zone ends in `\(text)`; only dates in the form M are read"
        }
    }
}

extension ZoneRules {
    /// Reads a compiled tz database file (TZif, RFC 8536, versions 1 to 4).
    ///
    /// From version 2 on the 64-bit data and the footer count. Where there is no footer, the last offset
    /// stays.
    /// - Throws: `ZoneRulesRefusal` for bytes that are no zone, or one with leap seconds or an unknown
    ///   footer.
    package init(name: String, tzif bytes: [UInt8]) throws(ZoneRulesRefusal) {
        guard bytes.count <= TZif.bytesMax else { throw .tooLong(byteCount: bytes.count) }
        var reader = TZif(bytes)
        let first = try reader.header()
        var block: TZif.Block
        var footer: ZoneFooter?
        if first.version == 1 {
            block = try reader.block(first, timeBytes: 4)
        } else {
            try reader.skip(first.byteCount(timeBytes: 4))
            block = try reader.block(try reader.header(), timeBytes: 8)
            footer = try reader.footer()
        }
        try reader.end()
        var recurrence: YearlyDaylightTime?
        switch footer {
        case nil: break
        case .fixed(let offset):
            // SPEC RFC 8536 section 3.3: without transitions the footer alone speaks.
            if block.transitions.isEmpty { block.initialOffsetSeconds = offset }
        case .yearly(let rule):
            if block.transitions.isEmpty { block.initialOffsetSeconds = rule.standardOffsetSeconds }
            recurrence = rule
        }
        self.init(
            name: name, initialOffsetSeconds: block.initialOffsetSeconds, transitions: block.transitions,
            recurrence: recurrence)
    }
}

/// Takes a TZif file apart from its beginning to its end.
struct TZif {
    /// The longest file of the tz database has under 4 KiB.
    static let bytesMax = 64 << 10

    /// The counts at the head of a data block.
    struct Header {
        let version: UInt8
        let utIndicatorCount: Int
        let standardIndicatorCount: Int
        let leapCount: Int
        let transitionCount: Int
        let typeCount: Int
        let designationBytes: Int

        func byteCount(timeBytes: Int) -> Int {
            transitionCount * (timeBytes + 1) + typeCount * 6 + designationBytes + leapCount * (timeBytes + 4)
                + standardIndicatorCount + utIndicatorCount
        }
    }

    /// What a data block says.
    struct Block {
        var initialOffsetSeconds: Int64
        let transitions: [ZoneRules.Transition]
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func skip(_ count: Int) throws(ZoneRulesRefusal) {
        guard bytes.count - position >= count else { throw .truncated }
        position += count
    }

    /// Reads a big-endian two's-complement number of 1 to 8 bytes.
    private mutating func number(_ count: Int) throws(ZoneRulesRefusal) -> Int64 {
        let start = position
        try skip(count)
        let value = bytes[start..<position].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let unused = 64 - count * 8
        return Int64(bitPattern: value << unused) >> unused
    }

    private mutating func size() throws(ZoneRulesRefusal) -> Int {
        let value = Int(try number(4))
        // What the file cannot hold is refused before it is multiplied.
        guard value >= 0, value <= Self.bytesMax else { throw .truncated }
        return value
    }

    mutating func header() throws(ZoneRulesRefusal) -> Header {
        guard bytes.count - position >= 44 else { throw position == 0 ? .notTZif : .truncated }
        guard bytes[position..<(position + 4)].elementsEqual("TZif".utf8) else { throw .notTZif }
        let version = bytes[position + 4]
        guard version == 0 || (0x32...0x34).contains(version) else { throw .unknownVersion(version) }
        position += 20
        let header = Header(
            version: version == 0 ? 1 : version - 0x30, utIndicatorCount: try size(),
            standardIndicatorCount: try size(), leapCount: try size(), transitionCount: try size(),
            typeCount: try size(), designationBytes: try size())
        guard header.leapCount == 0 else { throw .leapSeconds }
        return header
    }

    mutating func block(_ header: Header, timeBytes: Int) throws(ZoneRulesRefusal) -> Block {
        guard header.typeCount > 0 else { throw .malformed("types") }
        guard bytes.count - position >= header.byteCount(timeBytes: timeBytes) else { throw .truncated }
        var times: [Int64] = []
        for _ in 0..<header.transitionCount { times.append(try number(timeBytes)) }
        guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .malformed("transitions") }
        let indices = bytes[position..<(position + header.transitionCount)].map(Int.init)
        try skip(header.transitionCount)
        var offsets: [Int64] = []
        for _ in 0..<header.typeCount {
            let offset = try number(4)
            guard ZoneRules.offsetSecondsRange.contains(offset) else { throw .malformed("offset") }
            offsets.append(offset)
            try skip(2)
        }
        guard indices.allSatisfy({ $0 < offsets.count }) else { throw .malformed("type of a transition") }
        try skip(
            header.designationBytes + header.standardIndicatorCount + header.utIndicatorCount)
        return Block(
            // SPEC RFC 8536 section 3.2: the first type counts before the first transition.
            initialOffsetSeconds: offsets[0],
            transitions: zip(times, indices).map {
                ZoneRules.Transition(atSeconds: $0, offsetSeconds: offsets[$1])
            })
    }

    /// Reads the footer; nil when it is empty.
    mutating func footer() throws(ZoneRulesRefusal) -> ZoneFooter? {
        let newline = UInt8(ascii: "\n")
        guard position < bytes.count, bytes[position] == newline else { throw .truncated }
        guard let end = bytes[(position + 1)...].firstIndex(of: newline) else { throw .truncated }
        let text = Array(bytes[(position + 1)..<end])
        position = end + 1
        if text.isEmpty { return nil }
        guard let footer = ZoneFooterReader.read(text) else {
            throw .unknownFooter(String(decoding: text, as: UTF8.self))
        }
        return footer
    }

    func end() throws(ZoneRulesRefusal) {
        guard position == bytes.count else { throw .malformed("end") }
    }
}
