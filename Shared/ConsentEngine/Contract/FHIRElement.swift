import Model

/// One object of a FHIR document and its path; every read is strict, so that nothing is passed over by
/// its shape.
struct FHIRElement {
    let path: String
    private let value: JSONValue
    private let members: [JSONMember]

    init(_ value: JSONValue, path: String) throws(ContractRefusal) {
        // SPEC FHIR R4 ele-1: an element must have content; an empty one could mean "none" or "any".
        guard let members = value.members, !members.isEmpty else { throw .malformed(path: path) }
        self.path = path
        self.value = value
        self.members = members
    }

    /// Returns the path of a member.
    func path(_ name: String) -> String { "\(path).\(name)" }

    /// Tells whether a member is stated.
    func has(_ name: String) -> Bool { value[name] != nil }

    /// Refuses the first member that is not among those allowed. `id` is an element's own name and means
    /// nothing.
    func allowOnly(
        _ names: Set<String>, reason: ContractRefusal.ElementReason = .unsupported
    ) throws(ContractRefusal) {
        for member in members where member.name != "id" && !names.contains(member.name) {
            throw .element(path: path(member.name), reason: reason)
        }
    }

    /// Returns a code, reference, URI or date; nil when it is not stated.
    func token(_ name: String) throws(ContractRefusal) -> String? {
        guard let value = value[name] else { return nil }
        // Printable ASCII only: then Unicode's canonical equivalence cannot make two different texts
        // equal.
        guard let text = value.string, !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed(path: path(name))
        }
        return text
    }

    func requiredToken(_ name: String) throws(ContractRefusal) -> String {
        guard let text = try token(name) else { throw .missing(path: path(name)) }
        return text
    }

    /// Returns an integer; nil when the number is none.
    func requiredInteger(_ name: String) throws(ContractRefusal) -> Int64? {
        guard let value = value[name] else { throw .missing(path: path(name)) }
        guard case .number(let number) = value else { throw .malformed(path: path(name)) }
        return number.int64
    }

    /// Returns a member that is an object; nil when it is not stated.
    func element(_ name: String) throws(ContractRefusal) -> FHIRElement? {
        guard let value = value[name] else { return nil }
        return try FHIRElement(value, path: path(name))
    }

    func requiredElement(_ name: String) throws(ContractRefusal) -> FHIRElement {
        guard let element = try element(name) else { throw .missing(path: path(name)) }
        return element
    }

    /// Returns a member that is a list of objects; empty when it is not stated, never when it is.
    func elements(_ name: String) throws(ContractRefusal) -> [FHIRElement] {
        guard let value = value[name] else { return [] }
        guard let array = value.array, !array.isEmpty else { throw .malformed(path: path(name)) }
        var elements: [FHIRElement] = []
        for (index, item) in array.enumerated() {
            elements.append(try FHIRElement(item, path: "\(path(name))[\(index)]"))
        }
        return elements
    }

    func requiredElements(_ name: String) throws(ContractRefusal) -> [FHIRElement] {
        let elements = try elements(name)
        guard !elements.isEmpty else { throw .missing(path: path(name)) }
        return elements
    }

    /// Reads this element as a Coding.
    func coding() throws(ContractRefusal) -> (system: String, code: String) {
        // `version` is left out on purpose: another version of a code system may draw its hierarchy
        // otherwise.
        try allowOnly(["system", "code", "display", "userSelected"])
        return (try requiredToken("system"), try requiredToken("code"))
    }

    /// Reads this CodeableConcept as one code of the system that is allowed in its place.
    func onlyCoding(of system: String) throws(ContractRefusal) -> String {
        try allowOnly(["coding", "text"])
        let codings = try requiredElements("coding")
        guard codings.count == 1 else { throw .element(path: path("coding"), reason: .ambiguous) }
        let coding = try codings[0].coding()
        guard coding.system == system else {
            throw .badCode(path: path, code: "\(coding.system)|\(coding.code)")
        }
        return coding.code
    }

    /// Holds this CodeableConcept against the one coding that is allowed in its place.
    func requireCoding(_ system: String, _ code: String) throws(ContractRefusal) {
        let stated = try onlyCoding(of: system)
        guard stated == code else { throw .badCode(path: path, code: "\(system)|\(stated)") }
    }

    /// Reads this element as a literal reference `<type>/<id>` to one of the types given.
    func reference(to types: Set<String>) throws(ContractRefusal) -> String {
        try allowOnly(["reference", "type", "display"])
        let text = try requiredToken("reference")
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, types.contains(String(Substring(parts[0]))), Self.isID(parts[1]) else {
            throw .badCode(path: path("reference"), code: text)
        }
        if let type = try token("type"), type != String(Substring(parts[0])) {
            throw .element(path: path("type"), reason: .ambiguous)
        }
        return text
    }

    /// SPEC FHIR R4 `id`: 1 to 64 letters, digits, hyphens and dots.
    private static func isID(_ text: Substring.UTF8View) -> Bool {
        (1...64).contains(text.count)
            && text.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }

    /// Refuses a `modifierExtension` anywhere below: it says that what it stands in means something else.
    /// On a provision it may state a condition, and is read there.
    static func refuseModifierExtensions(
        in value: JSONValue, path: String, isProvision: Bool = false
    ) throws(ContractRefusal) {
        switch value {
        case .null, .bool, .number, .string: return
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                try refuseModifierExtensions(
                    in: element, path: "\(path)[\(index)]", isProvision: isProvision)
            }
        case .object(let members):
            for member in members {
                let memberPath = "\(path).\(member.name)"
                if member.name == "modifierExtension" {
                    if isProvision { continue }
                    throw .element(path: memberPath, reason: .unsupported)
                }
                try refuseModifierExtensions(
                    in: member.value, path: memberPath, isProvision: member.name == "provision")
            }
        }
    }
}
