package import Cryptography
package import LedgerProtocol
import Model
import TransparencyLog

/// The row of a block as it is stored; texts as their bytes, since equal strings may differ in them.
package struct BlockRow: Hashable, Sendable {
    /// The height.
    package var height: UInt64
    /// The index of the first leaf.
    package var firstIndex: UInt64
    /// The size of the tree after the block.
    package var treeSize: UInt64
    /// The hash of the header.
    package var blockHash: [UInt8]
    /// The header.
    package var checkpoint: [UInt8]
    /// The own cosignature.
    package var cosignature: [UInt8]?
    /// The block as other validators take it.
    package var finalBlock: [UInt8]

    /// Takes the columns as they are.
    package init(
        height: UInt64, firstIndex: UInt64, treeSize: UInt64, blockHash: [UInt8], checkpoint: [UInt8],
        cosignature: [UInt8]?, finalBlock: [UInt8]
    ) {
        self.height = height
        self.firstIndex = firstIndex
        self.treeSize = treeSize
        self.blockHash = blockHash
        self.checkpoint = checkpoint
        self.cosignature = cosignature
        self.finalBlock = finalBlock
    }

    /// Says what differs from the row that a verified block gives, cosignature and block bytes aside.
    package func difference(from commit: BlockCommit) -> String? {
        let block = commit.block
        if firstIndex != block.firstIndex { return "first_index is not that of its block" }
        if treeSize != block.treeSize { return "tree_size is not that of its block" }
        if blockHash != block.blockHash.bytes { return "block_hash is not that of its block" }
        if !checkpoint.elementsEqual(block.checkpointText.utf8) {
            return "checkpoint is not that of its block"
        }
        return nil
    }
}

/// The row of a key's submissions in a block.
package struct KeyRow: Hashable, Sendable {
    /// The key.
    package var keyID: [UInt8]
    /// The sequence of the first submission.
    package var firstSequence: UInt64
    /// The sequence after the last submission.
    package var nextSequence: UInt64
    /// The index of the first entry.
    package var firstIndex: UInt64

    /// Takes the columns as they are.
    package init(keyID: [UInt8], firstSequence: UInt64, nextSequence: UInt64, firstIndex: UInt64) {
        self.keyID = keyID
        self.firstSequence = firstSequence
        self.nextSequence = nextSequence
        self.firstIndex = firstIndex
    }

    /// The rows that a verified block gives.
    package static func rows(of block: BuiltBlock) -> [KeyRow] {
        ReceiptBuilder.runs(of: block.submissions, firstIndex: block.firstIndex).map {
            KeyRow(
                keyID: $0.keyID.bytes, firstSequence: $0.firstSequence, nextSequence: $0.nextSequence,
                firstIndex: $0.firstIndex)
        }
    }
}

/// What a stored note holds that verifies.
package struct NoteRow: Sendable {
    /// Whether it is, byte for byte, a note that this validator makes: one log signature where it is in
    /// force, then a quorum of cosignatures by their validators' indices.
    package let isSound: Bool
    /// The cosignatures that verify, in the order of their lines; all that a damaged note is still good for.
    package let cosignatures: [CosignatureMessage]

    /// A note that was judged before, byte for byte.
    package static let sound = NoteRow(isSound: true, cosignatures: [])

    private init(isSound: Bool, cosignatures: [CosignatureMessage]) {
        self.isSound = isSound
        self.cosignatures = cosignatures
    }

    /// Judges a note by the checkpoint that its block gives.
    ///
    /// - Parameter logKey: the key with which this validator signs as the log, where it is in force.
    package init(_ bytes: [UInt8], block: BuiltBlock, logKey: PublicSigningKey) {
        let network = block.network
        guard let note = try? SignedNote(parsing: bytes),
            note.text.utf8.elementsEqual(block.checkpointText.utf8)
        else {
            isSound = false
            cosignatures = []
            return
        }
        let messages = note.cosignatures(height: block.height, network: network)
        guard let verified = try? network.verify(note) else {
            isSound = false
            cosignatures = messages.filter {
                (try? $0.verify(network, checkpointText: block.checkpointText)) != nil
            }
            return
        }
        cosignatures = messages
        let logNames = network.isLogKey(logKey) ? [network.origin] : []
        let names = logNames + verified.cosigners.map(\.name)
        isSound =
            verified.publishers.count == logNames.count && verified.cosigners.count == network.quorum
            && note.signatures.map(\.name) == names && note.encoded().utf8.elementsEqual(bytes)
    }

    /// The own cosignature among them.
    package func cosignature(of validator: ValidatorIndex) -> CosignatureMessage? {
        cosignatures.first { $0.validator == validator }
    }
}
