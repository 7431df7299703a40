import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import Postgres
import Synchronization

/// A block as it was read back for its leaves, which the caller holds against the tree.
struct ReadBlock: Sendable {
    let firstIndex: UInt64
    let block: FinalBlock
    let leafHashes: [Digest]

    init(firstIndex: UInt64, block: FinalBlock) {
        self.firstIndex = firstIndex
        self.block = block
        leafHashes = block.submissions.flatMap(\.leafHashes) + [block.blockEntry.leafHash]
    }

    /// The indices of the block's leaves.
    var indices: Range<UInt64> { firstIndex..<firstIndex + UInt64(leafHashes.count) }

    /// The bytes of the leaves at these places of the block, in their order.
    func leaves(_ places: Range<Int>) -> [[UInt8]] {
        var leaves: [[UInt8]] = []
        var start = 0
        for submission in block.submissions {
            let own = places.clamped(to: start..<start + submission.entryCount)
            if !own.isEmpty {
                leaves += submission.entryBytes(own.lowerBound - start..<own.upperBound - start)
            }
            start += submission.entryCount
        }
        if places.contains(start) { leaves.append(block.blockEntry.encoded) }
        return leaves
    }
}

/// Finds the blocks of leaves by their index; the last few are kept, as neighbouring bundles share them.
final class BlockReader: Sendable {
    // A block takes at most 1.2 MB with its leaf hashes.
    private static let blocksMax = 8

    private let recent = Mutex<[ReadBlock]>([])

    /// The blocks that hold these leaves, in their order.
    ///
    /// - Throws: `StoreFault` with a halt when they are not there or do not join; `PostgresFault`.
    func blocks(_ indices: Range<UInt64>, _ session: PostgresSession) throws -> [ReadBlock] {
        let rows = try session.query(
            """
            SELECT height, first_index FROM block WHERE first_index < $2 AND first_index >=
                (SELECT first_index FROM block WHERE first_index <= $1 ORDER BY first_index DESC LIMIT 1)
            ORDER BY first_index
            """, [.int(Int64(bitPattern: indices.lowerBound)), .int(Int64(bitPattern: indices.upperBound))])
        var blocks: [ReadBlock] = []
        for row in rows {
            let height = BlockHeight(UInt64(bitPattern: try row.int(0)))
            let block = try block(height, firstIndex: UInt64(bitPattern: try row.int(1)), session)
            guard blocks.last.map({ $0.indices.upperBound == block.firstIndex }) ?? true else {
                throw StoreFault.contradiction("block \(height)")
            }
            blocks.append(block)
        }
        guard let first = blocks.first, let last = blocks.last, first.firstIndex <= indices.lowerBound,
            last.indices.upperBound >= indices.upperBound
        else { throw StoreFault.contradiction("what is stored of the entries from \(indices.lowerBound)") }
        return blocks
    }

    private func block(
        _ height: BlockHeight, firstIndex: UInt64, _ session: PostgresSession
    ) throws -> ReadBlock {
        // One block is read at a time, so that bundles that are asked for together read theirs once.
        try recent.withLock { recent in
            let known = recent.first { $0.block.height == height && $0.firstIndex == firstIndex }
            if let known { return known }
            let block = try Self.read(height, firstIndex: firstIndex, session)
            if recent.count == Self.blocksMax { recent.removeFirst() }
            recent.append(block)
            return block
        }
    }

    private static func read(
        _ height: BlockHeight, firstIndex: UInt64, _ session: PostgresSession
    ) throws -> ReadBlock {
        let row = try session.query(
            "SELECT final_block FROM block WHERE height = $1", [.int(Int64(bitPattern: height.value))]
        ).first
        guard let bytes = try row?.bytes(0), let final = try? FinalBlock(decoding: bytes),
            final.height == height
        else { throw StoreFault.contradiction("block \(height)") }
        return ReadBlock(firstIndex: firstIndex, block: final)
    }
}
