/// A code of HL7's v3-ActCode that says why data are sensitive, one of those below
/// InformationSensitivityPolicy.
package struct SensitivityCode: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The code system.
    package static let system = InformationSensitivity.table.system

    let index: UInt8

    /// Takes a code such as `HIV`; nil for one that is no sensitivity.
    package init?(code: String) {
        guard let index = InformationSensitivity.table.index(of: code) else { return nil }
        self.index = index
    }

    init(index: UInt8) {
        self.index = index
    }

    /// The code, such as `HIV`.
    package var code: String { InformationSensitivity.table.concepts[Int(index)].code }

    /// The sensitivity in words.
    package var display: String { InformationSensitivity.table.concepts[Int(index)].display }

    /// The code.
    package var description: String { code }

    /// Every sensitivity of the table, each after the one that it is a kind of.
    package static var all: [SensitivityCode] {
        InformationSensitivity.table.concepts.indices.map { SensitivityCode(index: UInt8($0)) }
    }

    /// The sensitivity that this one is a kind of; nil at the top.
    package var parent: SensitivityCode? {
        InformationSensitivity.table.concepts[Int(index)].parent.map { SensitivityCode(index: $0) }
    }

    /// Tells whether this is the other sensitivity or a kind of it.
    package func isCovered(by other: SensitivityCode) -> Bool {
        InformationSensitivity.table.isKind(index, of: other.index)
    }

    /// Orders by code, byte by byte.
    package static func < (left: SensitivityCode, right: SensitivityCode) -> Bool {
        precedes(left.code, right.code)
    }
}
