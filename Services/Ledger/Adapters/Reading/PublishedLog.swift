package import LedgerCore
import LedgerProtocol
import Merkle
package import Model
import Synchronization
package import TransparencyLog

/// What readers are shown: the tree as it is stored, and the newest note whose block is stored.
///
/// A validator decides blocks ahead of its store and may hold a note before the block; nothing of that is
/// published, so that whoever reads a checkpoint finds every tile that it calls for.
package final class PublishedLog: Sendable {
    /// One moment of the log.
    struct View: Sendable {
        /// The tiles at the edge of the stored tree.
        let edge: TileAccumulator
        /// The number of leaves of the stored tree.
        let storedSize: UInt64
        /// The newest note of a stored block; nil before the first.
        let newest: Published?
    }

    /// A note with the checkpoint that it states.
    struct Published: Sendable {
        let height: BlockHeight
        let note: SignedNote
        let checkpoint: Checkpoint
    }

    private struct State {
        var edge: TileAccumulator
        var height: BlockHeight
        var size: UInt64
        var newest: Published?
        var waiting: [BlockHeight: SignedNote] = [:]
    }

    // While it catches up the store takes 64 blocks at once; notes of more heights than this do not wait.
    private static let waitingMax = 128

    private let state: Mutex<State>

    /// Starts with what the store was found to hold.
    package init(_ origin: ValidatorCore.Origin) {
        state = Mutex(
            State(
                edge: origin.tiles, height: origin.chain.height, size: origin.chain.tree.size,
                newest: origin.note.flatMap { note in
                    note.height <= origin.chain.height ? Self.published(note.note, note.height) : nil
                }))
    }

    /// The log at this moment.
    var view: View {
        state.withLock { View(edge: $0.edge, storedSize: $0.size, newest: $0.newest) }
    }

    /// Takes a block that was stored; blocks come in their order, each once.
    package func stored(_ block: BuiltBlock) {
        state.withLock { state in
            guard block.height == state.height.next else { return }
            _ = state.edge.append(block.nodes)
            state.height = block.height
            state.size = block.treeSize
            Self.publish(&state)
        }
    }

    /// Takes a note that has its quorum.
    package func noted(_ note: SignedNote, _ height: BlockHeight) {
        state.withLock { state in
            state.waiting[height] = note
            if state.waiting.count > Self.waitingMax, let oldest = state.waiting.keys.min() {
                state.waiting[oldest] = nil
            }
            Self.publish(&state)
        }
    }

    private static func publish(_ state: inout State) {
        let stored = state.waiting.filter { $0.key <= state.height }
        guard let height = stored.keys.max(), let note = stored[height] else { return }
        for height in stored.keys { state.waiting[height] = nil }
        guard state.newest.map({ $0.height < height }) ?? true else { return }
        state.newest = published(note, height) ?? state.newest
    }

    private static func published(_ note: SignedNote, _ height: BlockHeight) -> Published? {
        (try? Checkpoint(parsing: note.text)).map { Published(height: height, note: note, checkpoint: $0) }
    }
}
