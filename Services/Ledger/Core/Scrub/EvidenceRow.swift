package import LedgerProtocol
import Model

/// A stored double vote, column by column.
package struct EvidenceRow: RememberedRow {
    /// The primary key: validator, height, round and step.
    package let key: [Int64]
    /// The vote that was seen first.
    package let first: [UInt8]
    /// The other one.
    package let second: [UInt8]

    /// Takes the columns as they are.
    package init(key: [Int64], first: [UInt8], second: [UInt8]) {
        self.key = key
        self.first = first
        self.second = second
    }

    /// The key as people read it.
    package var name: String {
        zip(["validator", "height", "round", "step"], key).map { "\($0) \($1)" }.joined(separator: ", ")
    }

    /// Whether the votes prove a fault, and the one that the key names.
    package func isProof(to history: NetworkHistory) -> Bool {
        guard let first = try? Vote(decoding: first), let second = try? Vote(decoding: second),
            let proof = DoubleVote(checking: first, second), (try? proof.verify(history)) != nil
        else { return false }
        return key == [
            Int64(first.validator.value), Int64(bitPattern: first.height.value), Int64(first.round),
            Int64(first.step.rawValue),
        ]
    }
}
