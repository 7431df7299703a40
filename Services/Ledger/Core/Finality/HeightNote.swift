package import Model
package import TransparencyLog

/// A checkpoint with its quorum of cosignatures, and the height of its block, which the text does not state.
package struct HeightNote: Sendable {
    /// The height of the block that the checkpoint heads.
    package let height: BlockHeight
    /// The signed checkpoint.
    package let note: SignedNote

    /// Joins the parts.
    package init(height: BlockHeight, note: SignedNote) {
        self.height = height
        self.note = note
    }
}
