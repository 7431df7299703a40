import LedgerCore
import LedgerProtocol
import Model

/// One stretch of the ledger that is read and verified in one transaction.
struct LedgerScan: Sendable {
    /// A block that only other validators have.
    struct LostBlock: Sendable {
        let height: BlockHeight
        let reason: String
        /// The cosignature column, for what it is worth.
        let cosignature: [UInt8]?

        var damage: StoreDamage {
            StoreDamage(.block, key: "height \(height)", reason: reason, remedy: .wanted)
        }
    }

    /// A note whose own remains are not enough to make it again.
    struct LostNote: Sendable {
        let block: BuiltBlock
        let reason: String
        /// The cosignatures that are left of it, verified.
        let cosignatures: [CosignatureMessage]
        /// Whether this process never saw it, so that perhaps there never was one.
        let wasNeverSeen: Bool

        func damage(_ remedy: StoreDamage.Remedy) -> StoreDamage {
            StoreDamage(.note, key: "height \(block.height)", reason: reason, remedy: remedy)
        }
    }

    /// How far the scan has come.
    var cursor: ScanCursor
    /// Whether stretches that verified before are recognised, and remembered.
    let recognises: Bool
    var memory: ScrubMemory
    var damages: [StoreDamage] = []
    /// The scan ends here until the block is restored, because what follows is judged by it.
    var lostBlock: LostBlock?
    var lostNotes: [LostNote] = []
    /// Whether everything that is stored was reached, and what belongs to no block was removed.
    var isAtTip = false

    init(from cursor: ScanCursor, recognises: Bool, memory: ScrubMemory) {
        self.cursor = cursor
        self.recognises = recognises
        self.memory = memory
    }

    /// How much was found so far that is not as it must be.
    var findingCount: Int { damages.count + lostNotes.count }
    /// Whether it cannot go on.
    var isOver: Bool { isAtTip || lostBlock != nil }
}
