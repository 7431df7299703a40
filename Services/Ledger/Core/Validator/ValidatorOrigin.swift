package import Cryptography
package import LedgerProtocol
package import Model

extension ValidatorCore {
    /// What a validator finds in its store and sign-state when it starts.
    package struct Origin: Sendable {
        /// The newest stored block, its tree rebuilt and checked.
        package let chain: ChainHead
        /// Every state of the network up to the one after that block.
        package let history: NetworkHistory
        /// The tiles at the edge of that tree.
        package let tiles: TileAccumulator
        /// Each key's next sequence.
        package let nextSequences: [KeyID: UInt64]
        /// Stored checkpoints without a note, with the own cosignature.
        package let open: [(height: BlockHeight, checkpointText: String, cosignature: CosignatureMessage?)]
        /// The newest note.
        package let note: HeightNote?
        /// The sign-state.
        package let signState: SignState

        /// Joins the parts.
        package init(
            chain: ChainHead, history: NetworkHistory, tiles: TileAccumulator, nextSequences: [KeyID: UInt64],
            open: [(height: BlockHeight, checkpointText: String, cosignature: CosignatureMessage?)],
            note: HeightNote?, signState: SignState
        ) {
            self.chain = chain
            self.history = history
            self.tiles = tiles
            self.nextSequences = nextSequences
            self.open = open
            self.note = note
            self.signState = signState
        }

        /// The origin of a validator that has stored nothing.
        package init(genesis: Genesis, signState: SignState) {
            self.init(
                chain: ChainHead(genesis), history: NetworkHistory(genesis), tiles: TileAccumulator(),
                nextSequences: [:], open: [], note: nil,
                signState: signState)
        }
    }
}
