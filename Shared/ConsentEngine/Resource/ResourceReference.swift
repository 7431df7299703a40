import Model

/// What a FHIR Reference points at, as far as it can be told without looking anything up.
enum ResourceReference: Hashable {
    /// `Type/id`; a version is left out, since an old version belongs to the same resource.
    case literal(type: String, text: String)
    /// `urn:uuid:<id>`, with the type where the Reference states it.
    case uuid(String, type: String?)
    /// An absolute URL, a condition, something contained, an identifier or a display: cannot be told.
    case unknown(type: String?)

    init(_ value: JSONValue) {
        let stated = value["type"]?.string.flatMap { Self.isType($0.utf8[...]) ? $0 : nil }
        guard let text = value["reference"]?.string, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            self = .unknown(type: value["reference"] == nil ? stated : nil)
            return
        }
        let read = Self.read(text)
        switch read {
        case .uuid(let text, _): self = .uuid(text, type: stated)
        case .literal(let type, _): self = stated == nil || stated == type ? read : .unknown(type: nil)
        case .unknown(let type):
            // Two statements that contradict each other leave nothing to rely on.
            self = .unknown(type: type == nil || stated == nil || type == stated ? type ?? stated : nil)
        }
    }

    private static func read(_ text: String) -> ResourceReference {
        let bytes = text.utf8
        if bytes.starts(with: "urn:uuid:".utf8) {
            return isUUID(bytes.dropFirst(9)) ? .uuid(text, type: nil) : .unknown(type: nil)
        }
        if bytes.first == UInt8(ascii: "#") { return .unknown(type: nil) }
        if let mark = bytes.firstIndex(of: UInt8(ascii: "?")) {
            let type = bytes[..<mark]
            return .unknown(type: isType(type) ? String(Substring(type)) : nil)
        }
        var parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.count >= 4, parts[parts.count - 2].elementsEqual("_history".utf8),
            isID(parts[parts.count - 1])
        {
            parts.removeLast(2)
        }
        guard parts.count >= 2, isType(parts[parts.count - 2]), isID(parts[parts.count - 1]) else {
            return .unknown(type: nil)
        }
        let type = String(Substring(parts[parts.count - 2]))
        guard parts.count == 2 else { return .unknown(type: type) }
        return .literal(type: type, text: "\(type)/\(Substring(parts[1]))")
    }

    /// The reference as it is compared; nil when it cannot be told.
    var text: String? {
        switch self {
        case .literal(_, let text), .uuid(let text, _): text
        case .unknown: nil
        }
    }

    /// The type pointed at; nil when it is not stated.
    var type: String? {
        switch self {
        case .literal(let type, _): type
        case .uuid(_, let type), .unknown(let type): type
        }
    }

    /// SPEC FHIR R4 `id`: 1 to 64 letters, digits, hyphens and dots.
    static func isID(_ text: Substring.UTF8View) -> Bool {
        (1...64).contains(text.count)
            && text.allSatisfy {
                isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".")
            }
    }

    /// Tells whether a text has the form of a type's name: letters, the first a capital.
    static func isType(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, (0x41...0x5A).contains(first) else { return false }
        return text.count <= 64 && text.allSatisfy(isLetter)
    }

    /// Lower case only (RFC 4122 section 3), so that one resource has one name.
    private static func isUUID(_ text: Substring.UTF8View) -> Bool {
        text.count == 36
            && text.enumerated().allSatisfy { index, byte in
                [8, 13, 18, 23].contains(index)
                    ? byte == UInt8(ascii: "-")
                    : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
