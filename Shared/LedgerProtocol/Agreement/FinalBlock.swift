package import Cryptography
package import Merkle
package import Model
import TransparencyLog

/// A block with the certificate that makes it final and the submissions that it is made of.
package struct FinalBlock: BinaryForm {
    package static let magic = "CSF1"

    /// The block entry; its height is the block's.
    package let blockEntry: BlockEntry
    /// The checkpoint text that the block gives.
    package let checkpointText: String
    /// The precommits of a quorum.
    package let certificate: Certificate
    /// The submissions in the order of the block.
    package let submissions: [Submission]

    /// The height of the block.
    package var height: BlockHeight { blockEntry.height }
    /// The SHA-256 of the checkpoint text.
    package var blockHash: Digest { Self.hash(ofCheckpointText: checkpointText) }

    /// Takes the parts as they are; `verify` judges them.
    package init(
        blockEntry: BlockEntry, checkpointText: String, certificate: Certificate, submissions: [Submission]
    ) {
        self.blockEntry = blockEntry
        self.checkpointText = checkpointText
        self.certificate = certificate
        self.submissions = submissions
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        let height = try reader.height()
        blockEntry = try BlockEntry(decoding: reader.bytes(BlockEntry.byteCount))
        guard blockEntry.height == height else { throw reader.fault(.contradiction) }
        let textCount = try reader.count(UInt16.self, in: 1...ProtocolLimits.checkpointBytesMax)
        checkpointText = try reader.text(textCount)
        let certificateCount = try reader.count(UInt32.self, in: 1...ProtocolLimits.recordBytesMax)
        certificate = try Certificate(decoding: reader.bytes(certificateCount))
        guard certificate.height == height else { throw reader.fault(.contradiction) }
        let submissionCount = try reader.count(UInt16.self, in: 0...ProtocolLimits.blockSubmissionsMax)
        var submissions: [Submission] = []
        for _ in 0..<submissionCount {
            let count = try reader.count(UInt32.self, in: 1...ProtocolLimits.recordBytesMax)
            submissions.append(try Submission(decoding: reader.bytes(count)))
        }
        try reader.end()
        self.submissions = submissions
    }

    /// Reads the height of an encoded block, and nothing else of it; nil when it does not begin like one.
    package static func height(of bytes: [UInt8]) -> BlockHeight? {
        guard var reader = try? BinaryReader(bytes, magic: magic) else { return nil }
        return try? reader.height()
    }

    package var encoded: [UInt8] {
        let submissionBytes = submissions.reduce(0) { $0 + 4 + $1.encoded.count }
        var writer = BinaryWriter(magic: Self.magic, capacity: 8_192 + submissionBytes)
        writer.append(height.value)
        writer.append(blockEntry.encoded)
        writer.append(count: checkpointText.utf8.count, as: UInt16.self)
        writer.append(checkpointText)
        let certificateBytes = certificate.encoded
        writer.append(count: certificateBytes.count, as: UInt32.self)
        writer.append(certificateBytes)
        writer.append(count: submissions.count, as: UInt16.self)
        for submission in submissions {
            writer.append(count: submission.encoded.count, as: UInt32.self)
            writer.append(submission.encoded)
        }
        return writer.bytes
    }

    /// Checks the block against the one before and gives the head of the chain after it.
    ///
    /// Checked are the certificate, link, time, validator sets, the order and signatures of the
    /// submissions, and that they give the root. That a key's sequences have no gap is for the caller,
    /// who keeps each key's next one.
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(after head: ChainHead) throws(ProtocolFault) -> ChainHead {
        try verifySignatures(head.network)
        return try verifyLink(after: head)
    }

    /// Checks the certificate and the signature of every submission, so that blocks are checked side by side.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verifySignatures(_ network: NetworkState) throws(ProtocolFault) {
        try certificate.verify(network)
        guard certificate.blockHash == blockHash else {
            throw ProtocolFault(
                .inconsistent, "the certificate is for another block than the one it came with")
        }
        for submission in submissions {
            guard let submitter = network.submitter(submission.keyID) else {
                throw ProtocolFault(.inconsistent, "block `\(height)` holds a submission by an unknown key")
            }
            do throws(RefusalCode) {
                try submission.verify(key: submitter.key, networkID: network.networkID)
            } catch {
                throw ProtocolFault(
                    .badSignature, "block `\(height)` holds a submission of `\(submitter.name)`: \(error)")
            }
        }
    }

    /// Checks what `verifySignatures` leaves, under the head's network, and gives the head after the block.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verifyLink(after head: ChainHead) throws(ProtocolFault) -> ChainHead {
        let network = head.network
        guard blockEntry.height == head.height.next, blockEntry.previous == head.hash else {
            throw ProtocolFault(
                .wrongPredecessor, "block `\(height)` does not follow on the block at height `\(head.height)`"
            )
        }
        guard blockEntry.time > head.time else {
            throw ProtocolFault(.inconsistent, "block `\(height)` is not later than the block before")
        }
        let next = try nextNetwork(after: network)
        guard blockEntry.validatorSet == network.validatorSetHash,
            blockEntry.nextValidatorSet == next.validatorSetHash
        else { throw ProtocolFault(.inconsistent, "block `\(height)` states another validator set") }
        let tree = Self.tree(after: head, submissions: submissions, blockEntry: blockEntry)
        guard Self.checkpointText(origin: network.origin, tree: tree) == checkpointText else {
            throw ProtocolFault(.wrongRoot, "the entries of block `\(height)` do not give its checkpoint")
        }
        return ChainHead(height: height, hash: blockHash, time: blockEntry.time, tree: tree, network: next)
    }

    /// Gives the network of the next height.
    private func nextNetwork(after network: NetworkState) throws(ProtocolFault) -> NetworkState {
        guard Self.isInOrder(submissions) else {
            throw ProtocolFault(.inconsistent, "the submissions of block `\(height)` are not in their order")
        }
        do throws(RefusalCode) {
            return try GovernanceRules.nextState(after: submissions, on: network, at: height)
        } catch {
            throw ProtocolFault(.inconsistent, "block `\(height)` holds what it may not: \(error)")
        }
    }
}

extension FinalBlock {
    /// Tells whether submissions ascend by key id and sequence, each key's sequences without a gap.
    package static func isInOrder(_ submissions: [Submission]) -> Bool {
        zip(submissions, submissions.dropFirst()).allSatisfy { earlier, later in
            if earlier.keyID != later.keyID { return earlier.keyID < later.keyID }
            return earlier.sequence < UInt64.max && later.sequence == earlier.sequence + 1
        }
    }

    /// Orders submissions as they lie in a block: by key id, then sequence.
    package static func ordered(_ submissions: [Submission]) -> [Submission] {
        submissions.sorted { ($0.keyID, $0.sequence) < ($1.keyID, $1.sequence) }
    }

    /// Gives the tree after the entries of the submissions and then the block entry.
    package static func tree(
        after head: ChainHead, submissions: [Submission], blockEntry: BlockEntry
    ) -> CompactRange {
        var tree = head.tree
        for submission in submissions {
            for leafHash in submission.leafHashes { tree.append(leafHash) }
        }
        tree.append(blockEntry.leafHash)
        return tree
    }

    /// Writes the header of a block: the C2SP checkpoint of the tree.
    package static func checkpointText(origin: String, tree: CompactRange) -> String {
        Checkpoint(origin: origin, size: tree.size, root: tree.root()).text
    }

    /// Hashes a header, which is what votes agree on.
    package static func hash(ofCheckpointText text: String) -> Digest { SHA256.hash([UInt8](text.utf8)) }
}
