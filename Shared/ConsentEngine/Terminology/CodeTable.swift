/// A part of a public code system, compiled in.
struct CodeTable: Sendable {
    /// One concept: its code, its display and the index of the concept that it is a kind of.
    struct Concept: Sendable {
        let code: String
        let display: String
        let parent: UInt8?

        init(_ code: String, _ display: String, _ parent: UInt8? = nil) {
            self.code = code
            self.display = display
            self.parent = parent
        }
    }

    /// The URI of the code system.
    let system: String
    /// The version of the code system that the table was made from.
    let version: String
    /// SHA-256 of the rows, in hexadecimal.
    let digest: String
    /// The concepts, each after the one that it is a kind of.
    let concepts: [Concept]
    private let indices: [String: UInt8]

    init(system: String, version: String, digest: String, concepts: [Concept]) {
        self.system = system
        self.version = version
        self.digest = digest
        self.concepts = concepts
        indices = Dictionary(uniqueKeysWithValues: zip(concepts.map(\.code), 0...))
    }

    /// Finds a code; nil when the table does not hold it.
    func index(of code: String) -> UInt8? {
        // Unicode's equivalence would let another spelling (a Kelvin sign for K) pass as the code.
        code.utf8.allSatisfy { $0 < 0x80 } ? indices[code] : nil
    }

    /// Tells whether a concept is another one or a kind of it.
    func isKind(_ index: UInt8, of other: UInt8) -> Bool {
        if index == other { return true }
        return concepts[Int(index)].parent.map { isKind($0, of: other) } ?? false
    }
}

/// The code systems by which decisions are made.
package enum Terminology {
    static let tables = [
        PurposeOfUse.table, InformationSensitivity.table, ConfidentialityCodes.table,
    ]

    /// The tables, each as `<system>|<version>#<SHA-256 of its rows>`; part of every decision.
    package static let identifiers = tables.map { "\($0.system)|\($0.version)#\($0.digest)" }
}
