/// A code of HL7's v3-Confidentiality that says how confidential data are: U < L < M < N < R < V.
package enum Confidentiality: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    /// Unrestricted (U).
    case unrestricted
    /// Low (L).
    case low
    /// Moderate (M).
    case moderate
    /// Normal (N).
    case normal
    /// Restricted (R).
    case restricted
    /// Very restricted (V).
    case veryRestricted

    /// The code system.
    package static let system = ConfidentialityCodes.table.system

    /// Takes one of the six codes; nil for any other.
    package init?(code: String) {
        guard let index = ConfidentialityCodes.table.index(of: code) else { return nil }
        self.init(rawValue: index)
    }

    /// The code, such as `N`.
    package var code: String { ConfidentialityCodes.table.concepts[Int(rawValue)].code }

    /// The code in words, such as `normal`.
    package var display: String { ConfidentialityCodes.table.concepts[Int(rawValue)].display }

    /// Orders from least to most confidential.
    package static func < (left: Confidentiality, right: Confidentiality) -> Bool {
        left.rawValue < right.rawValue
    }
}
