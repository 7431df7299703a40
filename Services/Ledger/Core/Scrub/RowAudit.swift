/// A row that follows from nothing else that is stored.
package protocol RememberedRow: Hashable, Sendable {
    associatedtype Key: Hashable & Sendable

    /// The primary key.
    var key: Key { get }
    /// The key as people read it.
    var name: String { get }
}

/// What is thought of a row that is not the one remembered.
package enum RowVerdict: Hashable, Sendable {
    /// It shows by itself that it is genuine.
    case believed
    /// It does not.
    case refused
    /// What it is judged by is damaged itself; it is looked at again.
    case undecided
}

/// Remembers the rows of a table that nothing else vouches for, from their first sight on.
package struct RowAudit<Row: RememberedRow>: Sendable {
    private var remembered: [Row.Key: Row] = [:]

    /// Remembers nothing yet.
    package init() {}

    /// Compares what is stored with what is remembered.
    ///
    /// - Parameter verdict: judges a row that is not the one remembered for its key, or that is new.
    /// - Returns: the rows to remove, and those to write again after that.
    package mutating func judge(
        _ rows: [Row], by verdict: (_ row: Row, _ known: Row?) -> RowVerdict
    ) -> (removals: [Row], rewrites: [Row]) {
        var removals: [Row] = []
        var stored: Set<Row.Key> = []
        for row in rows {
            let known = remembered[row.key]
            switch known == row ? .believed : verdict(row, known) {
            case .believed:
                remembered[row.key] = row
                stored.insert(row.key)
            case .undecided: stored.insert(row.key)
            case .refused: removals.append(row)
            }
        }
        let rewrites = remembered.filter { !stored.contains($0.key) }.values.sorted { $0.name < $1.name }
        return (removals, rewrites)
    }
}
