/// Writes the compact form of contracts: fixed small numbers, texts with their length, UUIDs as 16 bytes.
struct PackedWriter {
    fileprivate(set) var bytes: [UInt8] = []

    init() {}

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Writes a count or number below 2^32, seven bits a byte.
    mutating func number(_ value: Int) {
        var rest = UInt32(value)
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func int64(_ value: Int64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Writes an interval: which ends it has, then these.
    mutating func interval(_ interval: Interval) {
        byte((interval.start == nil ? 0 : 1) | (interval.end == nil ? 0 : 2))
        if let start = interval.start { int64(start) }
        if let end = interval.end { int64(end) }
    }

    /// Writes a text: 16 bytes for a UUID, 32 for a digest in hexadecimal, one for a policy of PCF, else its
    /// UTF-8 form.
    mutating func text(_ text: String) {
        Self.withUTF8(of: text) { self.text($0) }
    }

    /// Calls a function with the bytes of a text, which is not copied where it lies in one piece.
    fileprivate static func withUTF8(of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard text.utf8.withContiguousStorageIfAvailable(body) == nil else { return }
        var copy = text
        copy.withUTF8(body)
    }

    private mutating func text(_ utf8: UnsafeBufferPointer<UInt8>) {
        switch utf8.count {
        case 36 where uuid(UnsafeRawBufferPointer(utf8)): return
        case 64 where digest(UnsafeRawBufferPointer(utf8)): return
        default: break
        }
        if let policy = PackedText.policy(utf8) {
            bytes.append(PackedText.policyMark)
            bytes.append(policy)
        } else if utf8.count < PackedText.policyMark {
            bytes.append(UInt8(utf8.count))
            bytes += utf8
        } else {
            bytes.append(PackedText.longMark)
            number(utf8.count)
            bytes += utf8
        }
    }

    /// Writes the bytes of a UUID behind their mark; what is none is not written.
    ///
    /// Lower case only, here and for digests, so that unpacking gives back what was packed.
    private mutating func uuid(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let packed = PackedText.uuid(text) else { return false }
        bytes.append(PackedText.uuidMark)
        withUnsafeBytes(of: packed) { bytes += $0 }
        return true
    }

    private mutating func digest(_ text: UnsafeRawBufferPointer) -> Bool {
        let start = bytes.count
        bytes.append(PackedText.digestMark)
        for place in stride(from: 0, to: 64, by: 8) {
            guard let packed = PackedText.packed(PackedText.digits(text, place, place + 4)) else {
                bytes.removeSubrange(start...)
                return false
            }
            withUnsafeBytes(of: packed) { bytes += $0 }
        }
        return true
    }

    /// Writes a reference `<type>/<id>`, or `urn:uuid:<id>` under the type that stands for any; one that is
    /// no literal reference is its own id.
    mutating func reference(_ reference: String) {
        Self.withUTF8(of: reference) { self.reference($0) }
    }

    private mutating func reference(_ utf8: UnsafeBufferPointer<UInt8>) {
        let prefix = PackedText.uuidPrefix.utf8
        if utf8.first == prefix.first, utf8.starts(with: prefix) {
            byte(PackedText.anyType)
            text(UnsafeBufferPointer(rebasing: utf8[prefix.count...]))
        } else if let slash = utf8.firstIndex(of: UInt8(ascii: "/")),
            let type = ResourceTypes.index(of: UnsafeBufferPointer(rebasing: utf8[..<slash]))
        {
            byte(type)
            text(UnsafeBufferPointer(rebasing: utf8[(slash + 1)...]))
        } else {
            byte(PackedText.anyType)
            text(utf8)
        }
    }

    mutating func append(_ other: PackedWriter) {
        number(other.bytes.count)
        bytes += other.bytes
    }
}

/// How texts are told apart in the compact form.
enum PackedText {
    static let uuidMark: UInt8 = 0xFF
    static let digestMark: UInt8 = 0xFE
    static let longMark: UInt8 = 0xFD
    static let policyMark: UInt8 = 0xFC
    /// The policy URIs that most contracts name; in this order they are numbered.
    private static let policies = ImplicitPolicy.allCases.map(\.rawValue)
    static let uuidPrefix = "urn:uuid:"
    /// The type of a reference that names none.
    static let anyType: UInt8 = 0xFF

    static func policy(_ utf8: UnsafeBufferPointer<UInt8>) -> UInt8? {
        // Most texts are shorter than any URI.
        guard utf8.count > 32 else { return nil }
        return policies.firstIndex { $0.utf8.elementsEqual(utf8) }.map(UInt8.init)
    }

    static func policy(_ number: UInt8) -> String { policies[Int(number)] }

    /// The bytes of a UUID, packed; nil for a text of 36 bytes that is none.
    static func uuid(_ text: UnsafeRawBufferPointer) -> (UInt32, UInt32, UInt32, UInt32)? {
        let hyphen = UInt8(ascii: "-")
        guard text[8] == hyphen, text[13] == hyphen, text[18] == hyphen, text[23] == hyphen,
            let first = packed(digits(text, 0, 4)), let second = packed(digits(text, 9, 14)),
            let third = packed(digits(text, 19, 24)), let fourth = packed(digits(text, 28, 32))
        else { return nil }
        return (first, second, third, fourth)
    }

    /// Whether a hyphen stands at this place of a UUID.
    static func isHyphenated(_ position: Int) -> Bool {
        position == 8 || position == 13 || position == 18 || position == 23
    }

    /// Two times four digits of a text, the first in the lowest byte.
    static func digits(_ text: UnsafeRawBufferPointer, _ first: Int, _ second: Int) -> UInt64 {
        UInt64(text.loadUnaligned(fromByteOffset: first, as: UInt32.self).littleEndian)
            | UInt64(text.loadUnaligned(fromByteOffset: second, as: UInt32.self).littleEndian) << 32
    }

    /// Packs eight digits, the first in the lowest byte, into four bytes in their order; nil when one is
    /// none.
    ///
    /// All eight at once and without branches on them, which no processor could foresee.
    static func packed(_ digits: UInt64) -> UInt32? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let values = (digits & 0x0F0F_0F0F_0F0F_0F0F) &+ ((digits >> 6) & ones) &* 9
        let letters = ((values &+ 0x0606_0606_0606_0606) >> 4) & ones
        guard values & 0xF0F0_F0F0_F0F0_F0F0 == 0,
            values &+ 0x3030_3030_3030_3030 &+ letters &* 0x27 == digits
        else { return nil }
        let pairs = ((values << 4) | (values >> 8)) & 0x00FF_00FF_00FF_00FF
        let quads = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: quads | (quads >> 16)).littleEndian
    }

    /// The digit of a value below 16.
    static func digit(_ nibble: UInt8) -> UInt8 {
        nibble &+ 0x30 &+ (nibble > 9 ? 0x27 : 0)
    }
}

/// Reads the compact form from left to right; what the writer made is trusted.
///
/// It holds a pointer, since counting references costs more than reading does; so it lives only within
/// `CompiledContract.read`.
struct PackedReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var position: Int

    mutating func byte() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    @inline(__always)
    mutating func number() -> Int {
        let first = byte()
        return first < 0x80 ? Int(first) : longNumber(Int(first & 0x7F))
    }

    private mutating func longNumber(_ lowest: Int) -> Int {
        var value = lowest
        var shift = 7
        while true {
            let next = byte()
            value |= Int(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    mutating func int64() -> Int64 {
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
        position += 8
        return Int64(bitPattern: value)
    }

    mutating func interval() -> Interval {
        let ends = byte()
        let start = ends & 1 == 0 ? nil : int64()
        let end = ends & 2 == 0 ? nil : int64()
        return Interval(start: start, end: end)
    }

    /// Moves over a text and returns where it lies, its mark included.
    mutating func skipText() -> Range<Int> {
        let start = position
        switch byte() {
        case PackedText.uuidMark: position += 16
        case PackedText.digestMark: position += 32
        case PackedText.longMark:
            let count = number()
            position += count
        case PackedText.policyMark: position += 1
        case let count: position += Int(count)
        }
        return start..<position
    }

    mutating func text() -> String {
        switch byte() {
        case PackedText.uuidMark: return hexadecimal(byteCount: 16, isUUID: true)
        case PackedText.digestMark: return hexadecimal(byteCount: 32, isUUID: false)
        case PackedText.longMark: return utf8(number())
        case PackedText.policyMark: return PackedText.policy(byte())
        case let count: return utf8(Int(count))
        }
    }

    private mutating func hexadecimal(byteCount: Int, isUUID: Bool) -> String {
        let start = position
        position += byteCount
        return String(unsafeUninitializedCapacity: byteCount * 2 + (isUUID ? 4 : 0)) { utf8 in
            var count = 0
            for byte in bytes[start..<start + byteCount] {
                if isUUID, PackedText.isHyphenated(count) {
                    utf8[count] = UInt8(ascii: "-")
                    count += 1
                }
                utf8[count] = PackedText.digit(byte >> 4)
                utf8[count + 1] = PackedText.digit(byte & 15)
                count += 2
            }
            return count
        }
    }

    private mutating func utf8(_ count: Int) -> String {
        defer { position += count }
        return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }

    mutating func reference() -> String {
        let type = byte()
        var reference = ResourceTypes.all[Int(type)]
        reference.append("/")
        reference.append(text())
        return reference
    }

    /// Moves over a reference and tells whether it is one of those given.
    mutating func takesReference(among candidates: PackedReferences) -> Bool {
        let start = position
        position += 1
        _ = skipText()
        return candidates.contain(
            UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start..<position]))
    }
}

/// References of a request in the form in which contracts hold theirs, each behind its length in two bytes.
///
/// It holds a pointer, and so lives only within `RequestKeys.read`.
struct PackedReferences {
    let bytes: UnsafeRawBufferPointer

    /// Tells whether a packed reference is one of these.
    func contain(_ wanted: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while position < bytes.count {
            let start = position + 2
            position = start + (Int(bytes[position]) | Int(bytes[position + 1]) << 8)
            if Self.isSame(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), wanted) { return true }
        }
        return false
    }

    /// Compares eight bytes at a time, then what is left over.
    private static func isSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var offset = 0
        while offset + 8 <= left.count {
            let word = left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard word == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
            offset += 8
        }
        while offset < left.count {
            guard left[offset] == right[offset] else { return false }
            offset += 1
        }
        return true
    }
}

extension PackedWriter {
    /// Length, type, and a UUID with its mark.
    private static let usualReferenceBytes = 20

    init(referenceCount: Int) {
        bytes.reserveCapacity(referenceCount * Self.usualReferenceBytes)
    }

    /// Writes a list of references and returns where it lies.
    mutating func references(_ first: String?, _ others: [String], _ more: [String] = []) -> Range<Int> {
        let start = bytes.count
        if let first { counted(first) }
        for reference in others { counted(reference) }
        for reference in more { counted(reference) }
        return start..<bytes.count
    }

    /// Writes a reference behind its length in two bytes; one that is longer than any contract's is left out.
    private mutating func counted(_ reference: String) {
        Self.withUTF8(of: reference) { utf8 in
            if usual(utf8) { return }
            let start = bytes.count
            bytes.append(0)
            bytes.append(0)
            self.reference(utf8)
            guard let length = UInt16(exactly: bytes.count - start - 2) else {
                bytes.removeSubrange(start...)
                return
            }
            bytes[start] = UInt8(truncatingIfNeeded: length)
            bytes[start + 1] = UInt8(truncatingIfNeeded: length >> 8)
        }
    }

    /// Writes a reference by type and UUID, as most are, in one piece; what is none is not written.
    private mutating func usual(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        let slash = utf8.count - 37
        guard slash > 0, utf8[slash] == UInt8(ascii: "/"),
            let uuid = PackedText.uuid(
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(utf8)[(slash + 1)...])),
            let type = ResourceTypes.index(of: UnsafeBufferPointer(rebasing: utf8[..<slash]))
        else { return false }
        let length = UInt16(Self.usualReferenceBytes - 2).littleEndian
        withUnsafeBytes(of: (length, type, PackedText.uuidMark, uuid)) { bytes += $0 }
        return true
    }
}
