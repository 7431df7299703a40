package import Cryptography
package import LedgerProtocol
package import Model
package import TransparencyLog

/// What a validator asks its shell to do; the shell does it in order.
package enum ValidatorAction: Sendable {
    /// Make the sign-state durable; nothing that follows may happen if that fails.
    case persist(SignState)
    /// Send a message; losing it costs time only.
    case send(OutboundMessage)
    /// Store the block in one transaction, after all blocks before it, and report it as committed.
    case commit(BlockCommit)
    /// Store the note of a height whose block is or is being stored.
    case keep(note: SignedNote, height: BlockHeight)
    /// Answer from the store.
    case answer(StoredQuestion)
    /// Keep and show proof of a validator's fault.
    case report(DoubleVote)
    /// A block was decided: how long, in milliseconds, each submission had waited that was held here.
    case measure(waitsMilliseconds: [Int64])
    /// The network has changed: verify what comes from now on by this history.
    case enter(NetworkHistory)
    /// Stop signing for good; the process stays, is not ready and says why.
    case halt(HaltCause)
}

/// Why a validator must not go on.
package enum HaltCause: String, Error, Hashable, Sendable, CustomStringConvertible {
    /// The database is not what this validator signed for.
    case storeContradictsRoot =
        "the stored ledger does not give its own root; restore it from the other validators"
    /// A quorum decided another block than the one that this validator cosigned.
    case cosignedAnother =
        "the network decided another block than this validator cosigned; keep both as evidence of a fork"
    /// The network names other keys for this validator's index.
    case keysNotInForce =
        "the network has other keys for this validator's number; start it with its own number and keys"
    /// The entries that a quorum agreed on give another root, or have another effect, here.
    case divergedFromQuorum =
        "the same entries give another block here than a quorum signed; read the report beside the sign-state"

    package var description: String { rawValue }
}

/// A message on its way to a topic of the ledger.
package struct OutboundMessage: Hashable, Sendable {
    /// Whether the bus is enough.
    package enum Way: Hashable, Sendable {
        /// The bus, and the others directly while the bus is suspected.
        case bus
        /// The bus, and the others directly as well: somebody missed something.
        case direct
        /// The same, and a reason to suspect the bus: it was sent before and led to nothing.
        case repeated
    }

    /// Where it goes.
    package let topic: Topic
    /// What the broker compacts and partitions by; the ledger's topics have one partition.
    package let key: [UInt8]?
    /// The message.
    package let bytes: [UInt8]
    /// Which ways it takes.
    package let way: Way

    /// Joins the parts.
    package init(topic: Topic, key: [UInt8]? = nil, bytes: [UInt8], way: Way = .bus) {
        self.topic = topic
        self.key = key
        self.bytes = bytes
        self.way = way
    }
}

/// Everything that the store keeps of a block.
package struct BlockCommit: Sendable {
    /// The block.
    package let block: BuiltBlock
    /// What makes it final.
    package let certificate: Certificate
    /// This validator's own cosignature; nil for a height whose cosignature was lost with an older database.
    package let cosignature: CosignatureMessage?
    /// The tiles that became full.
    package let tiles: [FullTile]

    /// Joins the parts.
    package init(
        block: BuiltBlock, certificate: Certificate, cosignature: CosignatureMessage?, tiles: [FullTile]
    ) {
        self.block = block
        self.certificate = certificate
        self.cosignature = cosignature
        self.tiles = tiles
    }

    /// The block as other validators take it.
    package var finalBlock: FinalBlock {
        FinalBlock(
            blockEntry: block.entry, checkpointText: block.checkpointText, certificate: certificate,
            submissions: block.submissions)
    }
}

/// A question that only the store can answer.
package enum StoredQuestion: Hashable, Sendable {
    /// Send final blocks from this height up to the other one, as many as one answer holds.
    case finalBlocks(from: BlockHeight, through: BlockHeight)
    /// Say what became of a submission whose sequence is in a final block.
    case submission(keyID: KeyID, sequence: UInt64, hash: Digest)
    /// Send the cosignatures of a height again.
    case cosignatures(BlockHeight)
    /// Publish the receipts of a height, whose note is complete.
    case receipts(BlockHeight)
}
