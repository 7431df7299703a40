/// One purpose of use, a code of HL7's v3-ActReason that the compiled-in table knows.
package struct PurposeCode: Hashable, Sendable, CustomStringConvertible {
    /// The code system of every purpose.
    package static let system = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

    /// Break-glass (BTG): an emergency override, covered by nothing but itself.
    package static let breakGlass = known("BTG")
    /// Treatment (TREAT).
    package static let treatment = known("TREAT")

    private static let indices: [String: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(PurposeOfUse.concepts.map(\.code), 0...))

    private let index: UInt8

    /// Takes a code of the table; nil for any other, the abstract `PurposeOfUse` included.
    package init?(code: String) {
        // Unicode's equivalence would let another spelling (a Kelvin sign for K) pass as the code.
        guard code.utf8.allSatisfy({ $0 < 0x80 }), let index = Self.indices[code] else { return nil }
        self.index = index
    }

    /// Takes a code of v3-ActReason; nil for any other system or unknown code.
    package init?(system: String, code: String) {
        guard system == Self.system else { return nil }
        self.init(code: code)
    }

    private init(index: UInt8) {
        self.index = index
    }

    private static func known(_ code: String) -> PurposeCode {
        guard let index = indices[code] else {
            preconditionFailure(
                "the generated table always holds TREAT and BTG; a test compares it with its source")
        }
        return PurposeCode(index: index)
    }

    /// The code, such as `TREAT`.
    package var code: String { PurposeOfUse.concepts[Int(index)].code }

    /// The purpose in words, such as `treatment`.
    package var display: String { PurposeOfUse.concepts[Int(index)].display }

    /// The code.
    package var description: String { code }

    /// Every purpose of the table, each after the one that it is a kind of.
    package static var all: [PurposeCode] {
        PurposeOfUse.concepts.indices.map { PurposeCode(index: UInt8($0)) }
    }

    /// The purpose that this one is a kind of; nil at the top.
    package var parent: PurposeCode? {
        PurposeOfUse.concepts[Int(index)].parent.map { PurposeCode(index: $0) }
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
