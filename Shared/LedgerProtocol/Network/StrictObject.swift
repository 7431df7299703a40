import Cryptography
import Model

/// A JSON object that has exactly the members that its format names.
struct StrictObject {
    /// Which file it is of, for people.
    let document: String
    let path: String
    let value: JSONValue

    init(
        _ value: JSONValue, document: String = "genesis file", path: String, names: Set<String>,
        optional: Set<String> = []
    ) throws(GenesisFault) {
        self.document = document
        self.value = value
        self.path = path
        guard let members = value.members else {
            throw GenesisFault(.wrongMembers, "`\(path)` of the \(document) must be an object")
        }
        // Names are held byte for byte: Swift's own comparison takes `log\u{212A}ey`, with the Kelvin sign,
        // for `logKey`, so a member that is passed over could stand beside the one that is read.
        let known = Set(names.union(optional).map { Array($0.utf8) })
        for member in members where !known.contains(Array(member.name.utf8)) {
            throw GenesisFault(
                .wrongMembers, "the \(document) has the unknown member `\(place(member.name))`; remove it")
        }
        for name in names.sorted() where value[name] == nil {
            throw GenesisFault(.wrongMembers, "the \(document) lacks the member `\(place(name))`; add it")
        }
    }

    func has(_ name: String) -> Bool { value[name] != nil }

    func value(_ name: String) throws(GenesisFault) -> JSONValue {
        guard let member = value[name] else {
            throw GenesisFault(.wrongMembers, "the \(document) lacks the member `\(place(name))`; add it")
        }
        return member
    }

    func text(_ name: String) throws(GenesisFault) -> String {
        guard let text = try value(name).string else { throw wrong(name, "a string") }
        return text
    }

    func array(_ name: String) throws(GenesisFault) -> [JSONValue] {
        guard let elements = try value(name).array else { throw wrong(name, "an array") }
        return elements
    }

    func elements<Element>(
        _ name: String, _ read: (JSONValue, String) throws(GenesisFault) -> Element
    ) throws(GenesisFault) -> [Element] {
        var elements: [Element] = []
        for (index, element) in try array(name).enumerated() {
            elements.append(try read(element, "\(place(name))[\(index)]"))
        }
        return elements
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(GenesisFault) -> Int {
        guard let number = try value(name).int64, let integer = Int(exactly: number), range.contains(integer)
        else { throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)") }
        return integer
    }

    func participant(_ name: String) throws(GenesisFault) -> ParticipantID {
        guard let id = ParticipantID(try text(name)) else { throw wrong(name, "a lower-case UUID") }
        return id
    }

    func signingKey(_ name: String) throws(GenesisFault) -> PublicSigningKey {
        guard let bytes = Base64.decode(try text(name)), let key = try? PublicSigningKey(bytes) else {
            throw wrong(name, "the Base64 of an Ed25519 public key")
        }
        return key
    }

    func sealingKey(_ name: String) throws(GenesisFault) -> PublicSealingKey {
        guard let bytes = Base64.decode(try text(name)), let key = try? PublicSealingKey(bytes) else {
            throw wrong(name, "the Base64 of an X25519 public key")
        }
        return key
    }

    func time(_ name: String) throws(GenesisFault) -> Timestamp {
        let text = try text(name)
        guard let time = Timestamp(text), time.description == text else {
            throw wrong(name, "a time in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`")
        }
        return time
    }

    func digest(_ name: String) throws(GenesisFault) -> Digest {
        guard let digest = Digest(hex: try text(name)) else {
            throw wrong(name, "64 lower-case hexadecimal digits")
        }
        return digest
    }

    func url(_ name: String) throws(GenesisFault) -> String {
        let url = try text(name)
        guard GenesisRules.isBaseURL(url) else {
            throw wrong(name, "an http or https URL without query, fragment and slash at the end")
        }
        return url
    }

    func wrong(_ name: String, _ expected: String) -> GenesisFault {
        .wrong(place(name), expected, in: document)
    }

    private func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
