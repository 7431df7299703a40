package import Model

/// Says how far an event has come.
package enum EventFinality: Hashable, Sendable {
    /// Accepted by the service; not yet in a final block.
    case pending
    /// In a final block: the entry's index in the log, the block's height and the tree's size after it.
    case final(index: UInt64, height: BlockHeight, treeSize: UInt64)

    /// Whether a quorum of validators committed the entry.
    package var isFinal: Bool {
        switch self {
        case .pending: false
        case .final: true
        }
    }

    /// The entry's index in the log; nil while it is pending.
    package var index: UInt64? {
        switch self {
        case .pending: nil
        case .final(let index, _, _): index
        }
    }
}
