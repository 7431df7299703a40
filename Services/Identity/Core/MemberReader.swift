import Cryptography
import Model

/// Reads the members of an object of an enrolment, with refusals that name the member.
struct MemberReader {
    private let object: JSONValue
    private let names: [String]

    init(_ object: JSONValue, named name: String) throws(EnrolmentRefusal) {
        guard let members = object.members else { throw .malformed(name) }
        self.object = object
        names = members.map(\.name)
    }

    /// Refuses members beyond those that are known, so that nothing is signed that nobody reads.
    func allow(_ known: Set<String>) throws(EnrolmentRefusal) {
        for name in names where !known.contains(name) { throw .unknownMember(MemberReader.shown(name)) }
    }

    func text(_ name: String, bytesMax: Int = 128) throws(EnrolmentRefusal) -> String {
        guard let text = try optionalText(name, bytesMax: bytesMax) else { throw .missingMember(name) }
        return text
    }

    func optionalText(_ name: String, bytesMax: Int = 128) throws(EnrolmentRefusal) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string, (1...bytesMax).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw .malformed(name) }
        return text
    }

    func optionalBytes(_ name: String) throws(EnrolmentRefusal) -> [UInt8]? {
        guard let text = try optionalText(name) else { return nil }
        guard let bytes = Base64.decode(text) else { throw .malformed(name) }
        return bytes
    }

    func object(_ name: String) throws(EnrolmentRefusal) -> JSONValue {
        guard let value = object[name] else { throw .missingMember(name) }
        return value
    }

    func optionalSignature(_ name: String) throws(EnrolmentRefusal) -> Signature? {
        guard let bytes = try optionalBytes(name) else { return nil }
        guard let signature = Signature(bytes) else { throw .malformed(name) }
        return signature
    }

    /// A member's name as an error may repeat it: short and of harmless characters.
    private static func shown(_ name: String) -> String {
        let isHarmless = name.unicodeScalars.allSatisfy { $0.isASCII && $0.properties.isAlphabetic }
        return isHarmless && name.utf8.count <= 32 && !name.isEmpty ? name : "…"
    }
}
