package import Cryptography
package import LedgerProtocol
import Merkle
package import Model
package import TransparencyLog

/// Makes the receipt records of a block: one for each key that has entries in it.
package enum ReceiptBuilder {
    /// What receipts need to know of a block, built now or read back.
    package struct Block: Sendable {
        /// The height of the block.
        package let height: BlockHeight
        /// The index of its first leaf.
        package let firstIndex: UInt64
        /// The number of leaves of the log after the block.
        package let treeSize: UInt64
        /// The submissions in the order of the block.
        package let submissions: [Submission]

        /// Joins the parts.
        package init(
            height: BlockHeight, firstIndex: UInt64, treeSize: UInt64, submissions: [Submission]
        ) {
            self.height = height
            self.firstIndex = firstIndex
            self.treeSize = treeSize
            self.submissions = submissions
        }

        /// Takes them of a block that was just built.
        package init(_ block: BuiltBlock) {
            self.init(
                height: block.height, firstIndex: block.firstIndex, treeSize: block.treeSize,
                submissions: block.submissions)
        }
    }

    /// Where a key's entries lie in a block.
    package struct Run: Hashable, Sendable {
        /// The key.
        package let keyID: KeyID
        /// The index of the key's first entry in the log.
        package let firstIndex: UInt64
        /// The key's submissions.
        package let submissions: [Submission]

        /// How many entries the key has in the block.
        package var entryCount: Int { submissions.reduce(0) { $0 + $1.entryCount } }
        /// The sequence with which the key goes on.
        package var nextSequence: UInt64 { (submissions.last?.sequence ?? 0) + 1 }
        /// The sequence of the key's first submission in the block.
        package var firstSequence: UInt64 { submissions.first?.sequence ?? 0 }
    }

    /// Splits a block into its keys' runs, in their order.
    package static func runs(of submissions: [Submission], firstIndex: UInt64) -> [Run] {
        var runs: [Run] = []
        var index = firstIndex
        for group in groups(of: submissions) {
            let run = Run(keyID: group[0].keyID, firstIndex: index, submissions: group)
            runs.append(run)
            index += UInt64(run.entryCount)
        }
        return runs
    }

    /// Makes the record of each key that `isWanted`.
    ///
    /// - Parameter node: gives the complete subtree at a level and index, as the proof asks for it.
    /// - Throws: what `node` throws.
    package static func records(
        of block: Block, note: SignedNote, networkID: NetworkID, isWanted: (KeyID) -> Bool,
        node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> [ReceiptRecord] {
        let noteBytes = [UInt8](note.encoded().utf8)
        var records: [ReceiptRecord] = []
        for run in runs(of: block.submissions, firstIndex: block.firstIndex) where isWanted(run.keyID) {
            let proof = try RangeProof.make(
                first: run.firstIndex, count: UInt64(run.entryCount), treeSize: block.treeSize, node: node)
            records.append(
                ReceiptRecord(
                    networkID: networkID, keyID: run.keyID, height: block.height,
                    items: run.submissions.map { ReceiptRecord.Item($0) }, firstIndex: run.firstIndex,
                    nextSequence: run.nextSequence, left: proof.left, right: proof.right,
                    note: noteBytes))
        }
        return records
    }

    private static func groups(of submissions: [Submission]) -> [[Submission]] {
        var groups: [[Submission]] = []
        for submission in submissions {
            if groups.last?[0].keyID == submission.keyID {
                groups[groups.count - 1].append(submission)
            } else {
                groups.append([submission])
            }
        }
        return groups
    }
}
