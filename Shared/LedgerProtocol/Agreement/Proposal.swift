package import Cryptography
package import Model

/// A block that a validator proposes for one height and round: submissions by their hashes, and the header.
package struct Proposal: BinaryForm {
    package static let magic = "CSP1"

    /// The parts of a proposal without its signature.
    package struct Content: Hashable, Sendable {
        /// The network that this is for.
        package let networkID: NetworkID
        /// The round of the height, from 0.
        package let round: UInt32
        /// The round in which a quorum prevoted this block before; nil for a new block.
        package let validRound: UInt32?
        /// Who proposes.
        package let proposer: ValidatorIndex
        /// The hashes of the submissions, in the order of the block.
        package let submissionHashes: [Digest]
        /// The block entry; its height is the proposal's.
        package let blockEntry: BlockEntry
        /// The checkpoint text that the block gives.
        package let checkpointText: String
        /// The prevotes of the valid round, ascending by validator; empty without one.
        package let prevotes: [Vote]

        /// Takes the parts as they are.
        package init(
            networkID: NetworkID, round: UInt32, validRound: UInt32?, proposer: ValidatorIndex,
            submissionHashes: [Digest], blockEntry: BlockEntry, checkpointText: String, prevotes: [Vote]
        ) {
            self.networkID = networkID
            self.round = round
            self.validRound = validRound
            self.proposer = proposer
            self.submissionHashes = submissionHashes
            self.blockEntry = blockEntry
            self.checkpointText = checkpointText
            self.prevotes = prevotes
        }
    }

    /// Everything but the signature.
    package let content: Content
    /// The signature by the consensus key, not yet verified.
    package let signature: Signature
    /// The bytes as received or made.
    package let encoded: [UInt8]

    /// The height that is proposed for.
    package var height: BlockHeight { content.blockEntry.height }
    /// The round of that height.
    package var round: UInt32 { content.round }
    /// Who proposes.
    package var proposer: ValidatorIndex { content.proposer }
    /// The SHA-256 of the checkpoint text, on which votes agree.
    package var blockHash: Digest { SHA256.hash([UInt8](content.checkpointText.utf8)) }

    /// Signs a proposal with the validator's consensus key and reads it back.
    ///
    /// - Throws: `DecodingFault` when the limits or the rules of the form are not kept.
    package static func make(_ content: Content, signer: Signer) throws(DecodingFault) -> Proposal {
        guard content.submissionHashes.count <= ProtocolLimits.blockSubmissionsMax,
            content.prevotes.count <= ProtocolLimits.validatorsMax, content.round <= Int32.max,
            content.validRound ?? 0 <= Int32.max,
            content.checkpointText.utf8.count <= ProtocolLimits.checkpointBytesMax
        else { throw DecodingFault(.countOutOfRange, form: magic, byteOffset: 0) }
        var writer = body(of: content)
        writer.append(signer.sign(DomainTag.proposal + writer.bytes))
        return try Proposal(decoding: writer.bytes)
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        let networkID = try reader.digest()
        let height = try reader.height()
        let round: UInt32 = try reader.integer()
        guard round <= Int32.max else { throw reader.fault(.valueOutOfRange) }
        let validRound: Int32 = try reader.integer()
        guard validRound >= -1, validRound < Int64(round) else { throw reader.fault(.valueOutOfRange) }
        let proposer = ValidatorIndex(try reader.integer())
        let submissionCount = try reader.count(UInt16.self, in: 0...ProtocolLimits.blockSubmissionsMax)
        let hashes = try reader.digests(submissionCount)
        guard Set(hashes).count == hashes.count else { throw reader.fault(.wrongOrder) }
        let blockEntry = try BlockEntry(decoding: reader.bytes(BlockEntry.byteCount))
        guard blockEntry.height == height else { throw reader.fault(.contradiction) }
        let textCount = try reader.count(UInt16.self, in: 1...ProtocolLimits.checkpointBytesMax)
        let text = try reader.text(textCount)
        let prevoteCount = try reader.count(UInt16.self, in: 0...ProtocolLimits.validatorsMax)
        guard (prevoteCount > 0) == (validRound >= 0) else { throw reader.fault(.contradiction) }
        var prevotes: [Vote] = []
        for _ in 0..<prevoteCount {
            let vote = try Vote(decoding: reader.bytes(Vote.byteCount))
            if let last = prevotes.last, last.validator >= vote.validator { throw reader.fault(.wrongOrder) }
            prevotes.append(vote)
        }
        signature = try reader.signature()
        try reader.end()
        content = Content(
            networkID: networkID, round: round, validRound: validRound < 0 ? nil : UInt32(validRound),
            proposer: proposer, submissionHashes: hashes, blockEntry: blockEntry, checkpointText: text,
            prevotes: prevotes)
        encoded = bytes
    }

    /// Checks network and signatures, also of the prevotes that it carries for a valid round.
    ///
    /// Whether those are a quorum, whether it is this proposer's turn and whether the block can be rebuilt
    /// is for the agreement to judge, by the validators in force at the height.
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ history: NetworkHistory) throws(ProtocolFault) {
        let signed = DomainTag.proposal + encoded.dropLast(Signature.byteCount)
        try history.verify(
            signature, of: signed, by: proposer, networkID: content.networkID, noun: "proposal")
        guard let validRound = content.validRound else { return }
        let blockHash = blockHash
        for vote in content.prevotes {
            guard vote.step == .prevote, vote.height == height, vote.round == validRound,
                vote.blockHash == blockHash
            else { throw ProtocolFault(.inconsistent, "a prevote of the proposal is for something else") }
            try vote.verify(history)
        }
    }

    /// Says whether it is the proposer's turn and, for a valid round, a quorum in force prevoted the block.
    package func isInForce(_ network: NetworkState) -> Bool {
        guard network.proposer(height: height, round: round) == proposer else { return false }
        guard content.validRound != nil else { return true }
        return content.prevotes.count >= network.quorum
            && content.prevotes.allSatisfy { network.validator($0.validator) != nil }
    }

    package static func == (left: Proposal, right: Proposal) -> Bool { left.encoded == right.encoded }

    package func hash(into hasher: inout Hasher) { hasher.combine(signature) }

    private static func body(of content: Content) -> BinaryWriter {
        let capacity = 512 + 32 * content.submissionHashes.count + Vote.byteCount * content.prevotes.count
        var writer = BinaryWriter(magic: magic, capacity: capacity)
        writer.append(content.networkID)
        writer.append(content.blockEntry.height.value)
        writer.append(content.round)
        writer.append(content.validRound.map { Int32($0) } ?? -1)
        writer.append(content.proposer.value)
        writer.append(count: content.submissionHashes.count, as: UInt16.self)
        writer.append(content.submissionHashes)
        writer.append(content.blockEntry.encoded)
        writer.append(count: content.checkpointText.utf8.count, as: UInt16.self)
        writer.append(content.checkpointText)
        writer.append(count: content.prevotes.count, as: UInt16.self)
        for vote in content.prevotes { writer.append(vote.encoded) }
        return writer
    }
}
