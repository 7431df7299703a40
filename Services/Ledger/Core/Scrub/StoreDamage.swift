/// The tables of a validator's schema.
package enum StoreTable: String, CaseIterable, Hashable, Sendable {
    /// Final blocks.
    case block
    /// Where a key's submissions are.
    case keyBlock = "key_block"
    /// Full tiles of the tree.
    case tile
    /// Checkpoints with their cosignatures.
    case note
    /// Proof of validators' faults.
    case evidence
    /// The network and validator for which the schema is.
    case ledger
    /// The migrations that the schema has had.
    case migration = "schema_migration"
    /// What this validator cosigned last of each log that it witnesses.
    case witnessedLog = "witnessed_log"
    /// What those logs signed and was not cosigned.
    case witnessEvidence = "witness_evidence"
    /// The newest cosignature of each witness of this log.
    case witnessCosignature = "witness_cosignature"
}

/// A stored row that is not what this validator stored.
package struct StoreDamage: Hashable, Sendable, CustomStringConvertible {
    /// What is done about it.
    package enum Remedy: String, Hashable, Sendable {
        /// The row was made again from verified ones, in the transaction that found it.
        case rewritten
        /// The row belongs to nothing and was removed, in the transaction that found it.
        case removed
        /// Only other validators have what it held.
        case wanted = "wanted from the other validators"
        /// Nothing has what it held, and nothing rests on it.
        case lost
    }

    /// The table.
    package let table: StoreTable
    /// The row by its key, as `height 7`.
    package let key: String
    /// What does not fit.
    package let reason: String
    /// What is done about it.
    package let remedy: Remedy

    /// Joins the parts.
    package init(_ table: StoreTable, key: String, reason: String, remedy: Remedy) {
        self.table = table
        self.key = key
        self.reason = reason
        self.remedy = remedy
    }

    package var description: String { "\(table.rawValue), \(key): \(reason)" }
}
