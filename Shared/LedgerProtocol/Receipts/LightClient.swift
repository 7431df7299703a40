import Cryptography
import Merkle
package import Model
package import TransparencyLog

/// The receipt of one entry: the proof that a service keeps and hands on.
package struct EntryReceipt: Hashable, Sendable {
    /// The entry.
    package let id: EntryID
    /// Its index in the log.
    package let index: UInt64
    /// Its inclusion proof with the signed checkpoint.
    package let proof: TlogProof
    /// The height of the block, by the publisher's word.
    package let height: BlockHeight
}

/// Follows the ledger from genesis and trusts no publisher: it believes what a quorum of validators
/// cosigned, and another set of validators only by a proven change.
package struct LightClient: Sendable {
    /// The states of the network that it knows.
    package private(set) var history: NetworkHistory
    /// The largest checkpoint seen; a service stores it and never goes back below it.
    package private(set) var newest: Checkpoint?

    /// Starts with a history that is believed, and where an earlier client stopped.
    package init(history: NetworkHistory, newest: Checkpoint? = nil) {
        self.history = history
        self.newest = newest
    }

    /// Starts from genesis.
    package init(genesis: Genesis) { self.init(history: NetworkHistory(genesis)) }

    /// Takes a history that was proven elsewhere and is at least as long as the own one.
    package mutating func follow(_ history: NetworkHistory) { self.history = history }

    /// Takes the next change to the network, or one that is known.
    ///
    /// - Throws: `ProtocolFault` when it is not proven or does not follow on what is known.
    package mutating func accept(_ change: NetworkChange) throws(ProtocolFault) {
        try history.accept(change)
    }

    /// Checks a receipt record against the submissions that it speaks of, and gives the receipt of every
    /// entry.
    ///
    /// - Parameter submissions: the service's own, one for each item of the record and in its order.
    /// - Throws: `ProtocolFault`: `.wrongSubmission` when they are not those, `.forked` when a
    ///   checkpoint of the same
    ///   size with another root was seen before, others when the record is not to be believed.
    package mutating func accept(
        _ record: ReceiptRecord, submissions: [Submission]
    ) throws(ProtocolFault) -> [EntryReceipt] {
        guard record.networkID == history.networkID else {
            throw ProtocolFault(.wrongNetwork, "the receipt is for another network")
        }
        guard submissions.map(ReceiptRecord.Item.init) == record.items,
            submissions.allSatisfy({ $0.keyID == record.keyID && $0.networkID == record.networkID })
        else { throw ProtocolFault(.wrongSubmission, "the receipt is for other bytes than were submitted") }
        let note: SignedNote
        do throws(NoteError) { note = try SignedNote(parsing: record.note) } catch {
            throw ProtocolFault(.inconsistent, error.description)
        }
        let checkpoint = try history.verify(note).checkpoint
        let leafHashes = submissions.flatMap(\.leafHashes)
        let range: ProvenRange
        do throws(MerkleError) {
            let proof = RangeProof(
                first: record.firstIndex, count: UInt64(leafHashes.count), treeSize: checkpoint.size,
                left: record.left, right: record.right)
            range = try proof.verify(leafHashes: leafHashes, root: checkpoint.root)
        } catch {
            throw ProtocolFault(.wrongRoot, "the entries are not in the cosigned tree: \(error)")
        }
        try advance(to: checkpoint)
        return try receipts(record, entries: submissions.flatMap(\.entries), range: range, note: note)
    }

    private mutating func advance(to checkpoint: Checkpoint) throws(ProtocolFault) {
        guard let newest, newest.size >= checkpoint.size else {
            newest = checkpoint
            return
        }
        guard newest.size > checkpoint.size || newest.root == checkpoint.root else {
            throw ProtocolFault(
                .forked, "two cosigned checkpoints of size `\(newest.size)` differ; keep both as evidence")
        }
    }

    private func receipts(
        _ record: ReceiptRecord, entries: [Entry], range: ProvenRange, note: SignedNote
    ) throws(ProtocolFault) -> [EntryReceipt] {
        var receipts: [EntryReceipt] = []
        receipts.reserveCapacity(entries.count)
        for (offset, entry) in entries.enumerated() {
            do throws(MerkleError) {
                let inclusion = try range.inclusionProof(at: offset)
                let proof = TlogProof(index: inclusion.leafIndex, hashes: inclusion.hashes, checkpoint: note)
                receipts.append(
                    EntryReceipt(
                        id: entry.id, index: inclusion.leafIndex, proof: proof, height: record.height))
            } catch {
                throw ProtocolFault(.wrongRoot, error.description)
            }
        }
        return receipts
    }
}
