import Cryptography
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import Postgres
import TransparencyLog

/// A block as it was read back, not yet held against the tree.
struct StoredBlock {
    static let columns = "height, first_index, tree_size, block_hash, checkpoint, final_block"

    let firstIndex: UInt64
    let treeSize: UInt64
    let finalBlock: FinalBlock

    /// Decodes a row and holds its columns, its certificate and its block against each other.
    ///
    /// - Throws: `StoreFault` with a halt when they do not fit.
    init(_ row: PostgresRow, history: NetworkHistory) throws {
        let height = UInt64(bitPattern: try row.int(0))
        firstIndex = UInt64(bitPattern: try row.int(1))
        treeSize = UInt64(bitPattern: try row.int(2))
        do {
            finalBlock = try FinalBlock(decoding: try row.bytes(5))
            try finalBlock.certificate.verify(history.state(at: finalBlock.height))
        } catch {
            throw StoreFault.contradiction("block \(height)")
        }
        let checkpoint = try? Checkpoint(parsing: finalBlock.checkpointText)
        let leafCount = finalBlock.submissions.reduce(1) { $0 + UInt64($1.entryCount) }
        let hash = finalBlock.blockHash
        guard finalBlock.height.value == height, finalBlock.certificate.blockHash == hash,
            try row.bytes(3) == hash.bytes,
            try row.text(4).utf8.elementsEqual(finalBlock.checkpointText.utf8),
            checkpoint?.size == treeSize, firstIndex + leafCount == treeSize
        else { throw StoreFault.contradiction("block \(height)") }
    }

    /// The hashes of the block's leaves.
    var leafHashes: [Digest] {
        finalBlock.submissions.flatMap(\.leafHashes) + [finalBlock.blockEntry.leafHash]
    }

    /// Checks that the entries, put on the tree before the block, give the root that the certificate is for.
    ///
    /// - Throws: `StoreFault` with a halt when they do not.
    func verify(on tiles: TileReader, origin: String) throws {
        var range = try tiles.frontier(size: firstIndex)
        for leafHash in leafHashes { range.append(leafHash) }
        guard FinalBlock.checkpointText(origin: origin, tree: range) == finalBlock.checkpointText
        else {
            throw StoreFault.contradiction("the entries of block \(finalBlock.height)")
        }
    }

    /// What receipts at a checkpoint of that size, this block's or a later one, need to know.
    func receiptBlock(treeSize: UInt64) -> ReceiptBuilder.Block {
        ReceiptBuilder.Block(
            height: finalBlock.height, firstIndex: firstIndex, treeSize: treeSize,
            submissions: finalBlock.submissions)
    }
}
