/// One purpose of use: a code of HL7's v3-ActReason, or one of a system that a custodian has registered.
package struct PurposeCode: Hashable, Sendable, CustomStringConvertible {
    /// The code system of the standard purposes.
    package static let system = PurposeOfUse.table.system

    /// Other URIs under which the codes of v3-ActReason are found; taken, never written.
    private static let otherSystems: Set<String> = [
        "http://terminology.hl7.org/ValueSet/v3-PurposeOfUse", "http://hl7.org/fhir/v3/ActReason",
        "http://hl7.org/fhir/ValueSet/v3-PurposeOfUse", "urn:oid:2.16.840.1.113883.5.8",
    ]

    /// Break-glass (BTG): an emergency override, covered by nothing but itself.
    package static let breakGlass = known("BTG")
    /// Treatment (TREAT).
    package static let treatment = known("TREAT")

    /// What a purpose is.
    enum Value: Hashable, Sendable {
        /// A concept of the table, by its index.
        case standard(UInt8)
        /// A code of another system, without a hierarchy.
        case registered(Coding)
    }

    let value: Value

    /// Takes a code of v3-ActReason or, for any other system, `<system>|<code>`; nil for an unknown code, the
    /// abstract `PurposeOfUse` included.
    package init?(code: String) {
        if let index = PurposeOfUse.table.index(of: code) {
            self.init(index: index)
            return
        }
        guard let bar = code.utf8.lastIndex(of: UInt8(ascii: "|")) else { return nil }
        self.init(
            system: String(code[..<bar]), code: String(code[code.index(after: bar)...]))
    }

    /// Takes a code of v3-ActReason under any of its URIs, or a code of another system; nil for an unknown
    /// code and for what is no coding.
    package init?(system: String, code: String) {
        if system == Self.system || Self.otherSystems.contains(system) {
            guard let index = PurposeOfUse.table.index(of: code) else { return nil }
            self.init(index: index)
            return
        }
        guard let coding = Coding(system: system, code: code) else { return nil }
        self.init(.registered(coding))
    }

    init(index: UInt8) {
        self.init(.standard(index))
    }

    private init(_ value: Value) {
        self.value = value
    }

    private static func known(_ code: String) -> PurposeCode {
        guard let index = PurposeOfUse.table.index(of: code) else {
            preconditionFailure(
                "the generated table always holds TREAT and BTG; a test compares it with its source")
        }
        return PurposeCode(index: index)
    }

    /// The code, such as `TREAT`; `<system>|<code>` for a system other than v3-ActReason.
    package var code: String {
        switch value {
        case .standard(let index): PurposeOfUse.table.concepts[Int(index)].code
        case .registered(let coding): coding.description
        }
    }

    /// The purpose in words, such as `treatment`.
    package var display: String {
        switch value {
        case .standard(let index): PurposeOfUse.table.concepts[Int(index)].display
        case .registered(let coding): coding.code
        }
    }

    /// The code system when it is not v3-ActReason.
    package var registeredSystem: String? {
        guard case .registered(let coding) = value else { return nil }
        return coding.system
    }

    /// The code.
    package var description: String { code }

    /// Every purpose of the table, each after the one that it is a kind of.
    package static var all: [PurposeCode] {
        PurposeOfUse.table.concepts.indices.map { PurposeCode(index: UInt8($0)) }
    }

    /// The purpose that this one is a kind of; nil at the top.
    package var parent: PurposeCode? {
        guard case .standard(let index) = value else { return nil }
        return PurposeOfUse.table.concepts[Int(index)].parent.map { PurposeCode(index: $0) }
    }

    /// Tells whether a provision that names `other` speaks about this purpose.
    ///
    /// INVARIANT: break-glass is covered only where it is named, never through ETREAT or TREAT above it.
    package func isCovered(by other: PurposeCode) -> Bool {
        if self == other { return true }
        if self == .breakGlass { return false }
        return parent?.isCovered(by: other) ?? false
    }
}
