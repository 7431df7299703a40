package import Cryptography
import Merkle
package import Model
import TransparencyLog

/// The proof that the network changed: everything that a light client needs to follow it.
///
/// A quorum of the validators in force precommitted the block; the governance entry and, as its last leaf,
/// the block entry are in its tree; the document says what changed, and the block entry names the next set.
/// The checkpoint of the block before shows that the governance entry is of this block and no earlier one.
package struct NetworkChange: BinaryForm {
    package static let magic = "CSN1"

    /// The block entry of the block with the change.
    package let blockEntry: BlockEntry
    /// The checkpoint text of the block before; empty before the first block.
    package let previousText: String
    /// The checkpoint text of the block with the change.
    package let checkpointText: String
    /// The precommits of a quorum for it.
    package let certificate: Certificate
    /// The governance entry.
    package let entry: Entry
    /// Its payload, a governance document.
    package let payload: [UInt8]
    /// The index of the governance entry in the log.
    package let entryIndex: UInt64
    /// The inclusion proof of the governance entry.
    package let entryHashes: [Digest]
    /// The inclusion proof of the block entry, which is the last leaf.
    package let blockEntryHashes: [Digest]

    /// The height of the block; the change is in force from the next one on.
    package var height: BlockHeight { blockEntry.height }

    /// Takes the parts as they are; `NetworkHistory.accept` judges them.
    package init(
        blockEntry: BlockEntry, previousText: String, checkpointText: String, certificate: Certificate,
        entry: Entry, payload: [UInt8], entryIndex: UInt64, entryHashes: [Digest], blockEntryHashes: [Digest]
    ) {
        self.blockEntry = blockEntry
        self.previousText = previousText
        self.checkpointText = checkpointText
        self.certificate = certificate
        self.entry = entry
        self.payload = payload
        self.entryIndex = entryIndex
        self.entryHashes = entryHashes
        self.blockEntryHashes = blockEntryHashes
    }

    /// Makes the proof of a block that holds a governance entry; nil for any other block.
    ///
    /// - Parameters:
    ///   - firstIndex: the index of the block's first leaf.
    ///   - previousText: the checkpoint text of the block before; empty before the first block.
    ///   - node: gives the complete subtree at a level and index, as the proofs ask for it.
    /// - Throws: what `node` throws.
    package static func make(
        of block: FinalBlock, firstIndex: UInt64, previousText: String,
        node: (_ level: Int, _ index: UInt64) throws -> Digest
    ) throws -> NetworkChange? {
        var index = firstIndex
        for submission in block.submissions {
            guard let payload = submission.publicPayloads.first else {
                index += UInt64(submission.entryCount)
                continue
            }
            let leafCount = block.submissions.reduce(1) { $0 + UInt64($1.entryCount) }
            let size = firstIndex + leafCount
            return NetworkChange(
                blockEntry: block.blockEntry, previousText: previousText,
                checkpointText: block.checkpointText, certificate: block.certificate,
                entry: submission.entries[0], payload: payload,
                entryIndex: index,
                entryHashes: try ProofBuilder.inclusion(index: index, treeSize: size, node: node).hashes,
                blockEntryHashes: try ProofBuilder.inclusion(
                    index: size - 1, treeSize: size, node: node
                ).hashes)
        }
        return nil
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        blockEntry = try BlockEntry(decoding: reader.bytes(BlockEntry.byteCount))
        let previousCount = try reader.count(UInt16.self, in: 0...ProtocolLimits.checkpointBytesMax)
        previousText = try reader.text(previousCount)
        let textCount = try reader.count(UInt16.self, in: 1...ProtocolLimits.checkpointBytesMax)
        checkpointText = try reader.text(textCount)
        let certificateCount = try reader.count(UInt32.self, in: 1...ProtocolLimits.recordBytesMax)
        certificate = try Certificate(decoding: reader.bytes(certificateCount))
        guard certificate.height == blockEntry.height else { throw reader.fault(.contradiction) }
        entry = try Entry(decoding: reader.bytes(Entry.byteCount))
        payload = try reader.bytes(
            reader.count(UInt32.self, in: 1...ProtocolLimits.submissionPayloadBytesMax))
        entryIndex = try reader.integer()
        entryHashes = try reader.digests(reader.count(UInt8.self, in: 0...64))
        blockEntryHashes = try reader.digests(reader.count(UInt8.self, in: 0...64))
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: 4_096 + payload.count)
        writer.append(blockEntry.encoded)
        writer.append(count: previousText.utf8.count, as: UInt16.self)
        writer.append(previousText)
        writer.append(count: checkpointText.utf8.count, as: UInt16.self)
        writer.append(checkpointText)
        let certificateBytes = certificate.encoded
        writer.append(count: certificateBytes.count, as: UInt32.self)
        writer.append(certificateBytes)
        writer.append(entry.encoded)
        writer.append(count: payload.count, as: UInt32.self)
        writer.append(payload)
        writer.append(entryIndex)
        writer.append(count: entryHashes.count, as: UInt8.self)
        writer.append(entryHashes)
        writer.append(count: blockEntryHashes.count, as: UInt8.self)
        writer.append(blockEntryHashes)
        return writer.bytes
    }
}

extension NetworkHistory {
    /// Takes the next change to the network when it is proven; one that is known already changes nothing.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package mutating func accept(_ change: NetworkChange) throws(ProtocolFault) {
        let first = change.height.next
        if periods.contains(where: { $0.first == first }) { return }
        guard let last = periods.last, last.first <= change.height else {
            throw ProtocolFault(.wrongPredecessor, "the change at height `\(change.height)` comes too late")
        }
        let network = last.state
        try change.certificate.verify(network)
        let blockHash = FinalBlock.hash(ofCheckpointText: change.checkpointText)
        guard change.certificate.blockHash == blockHash else {
            throw ProtocolFault(.inconsistent, "the certificate is for another block than the change's")
        }
        let checkpoint = try checkpoint(change.checkpointText)
        try verifyPlace(of: change, in: checkpoint)
        let next = try state(after: change, on: network)
        append(next, from: first, treeSizeBefore: checkpoint.size)
    }

    /// Checks that both entries are leaves of this very block.
    private func verifyPlace(
        of change: NetworkChange, in checkpoint: Checkpoint
    ) throws(ProtocolFault) {
        let isFirst = change.height == BlockHeight(1)
        let previous =
            isFirst ? networkID : FinalBlock.hash(ofCheckpointText: change.previousText)
        guard change.blockEntry.previous == previous, isFirst == change.previousText.isEmpty else {
            throw ProtocolFault(.wrongPredecessor, "the change names another block before its own")
        }
        let firstIndex = isFirst ? 0 : try self.checkpoint(change.previousText).size
        guard checkpoint.size > 0, (firstIndex..<checkpoint.size).contains(change.entryIndex) else {
            throw ProtocolFault(.inconsistent, "the change is not in the block that it came with")
        }
        do throws(MerkleError) {
            try InclusionProof(
                leafIndex: checkpoint.size - 1, treeSize: checkpoint.size, hashes: change.blockEntryHashes
            ).verify(leafHash: change.blockEntry.leafHash, root: checkpoint.root)
            try InclusionProof(
                leafIndex: change.entryIndex, treeSize: checkpoint.size, hashes: change.entryHashes
            ).verify(leafHash: change.entry.leafHash, root: checkpoint.root)
        } catch {
            throw ProtocolFault(.wrongRoot, "the change is not in the tree of its block: \(error)")
        }
    }

    private func checkpoint(_ text: String) throws(ProtocolFault) -> Checkpoint {
        let checkpoint: Checkpoint
        do throws(NoteError) { checkpoint = try Checkpoint(parsing: text) } catch {
            throw ProtocolFault(.inconsistent, error.description)
        }
        guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
            throw ProtocolFault(.wrongNetwork, "the checkpoint is of `\(checkpoint.origin)`")
        }
        return checkpoint
    }

    private func state(
        after change: NetworkChange, on network: NetworkState
    ) throws(ProtocolFault) -> NetworkState {
        guard change.entry.kind == .governance,
            change.entry.verify(opening: .zero, payload: change.payload, networkID: networkID)
        else { throw ProtocolFault(.inconsistent, "the payload is not that of the governance entry") }
        let next: NetworkState
        do throws(GovernanceFault) {
            let document = try GovernanceDocument(parsing: change.payload)
            next = try GovernanceRules.apply(document, to: network, at: change.height)
        } catch {
            throw ProtocolFault(.inconsistent, "the change at height `\(change.height)`: \(error)")
        }
        guard change.blockEntry.validatorSet == network.validatorSetHash,
            change.blockEntry.nextValidatorSet == next.validatorSetHash
        else { throw ProtocolFault(.inconsistent, "the block of the change states another validator set") }
        return next
    }
}
