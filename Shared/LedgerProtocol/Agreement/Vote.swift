package import Cryptography
package import Model

/// The two votes of a round of agreement.
package enum VoteStep: UInt8, CaseIterable, Hashable, Sendable, Comparable {
    /// The first: this validator could rebuild the proposal, or not.
    case prevote = 1
    /// The second: a quorum prevoted it, or not.
    case precommit = 2

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One validator's signed vote at one height, round and step.
package struct Vote: BinaryForm {
    package static let magic = "CSW1"
    /// The number of bytes of every vote.
    package static let byteCount = 147

    /// The network that this is for.
    package let networkID: NetworkID
    /// Prevote or precommit.
    package let step: VoteStep
    /// The height that is being decided.
    package let height: BlockHeight
    /// The round of that height, from 0.
    package let round: UInt32
    /// The SHA-256 of the checkpoint text; nil votes for no block.
    package let blockHash: Digest?
    /// Who votes.
    package let validator: ValidatorIndex
    /// The signature by the consensus key, not yet verified.
    package let signature: Signature

    /// Takes the fields as they are, the signature unverified.
    package init(
        networkID: NetworkID, step: VoteStep, height: BlockHeight, round: UInt32, blockHash: Digest?,
        validator: ValidatorIndex, signature: Signature
    ) {
        self.networkID = networkID
        self.step = step
        self.height = height
        self.round = round
        self.blockHash = blockHash
        self.validator = validator
        self.signature = signature
    }

    /// Signs a vote with the validator's consensus key.
    package static func make(
        networkID: NetworkID, step: VoteStep, height: BlockHeight, round: UInt32, blockHash: Digest?,
        validator: ValidatorIndex, signer: Signer
    ) -> Vote {
        let body = body(
            networkID: networkID, step: step, height: height, round: round, blockHash: blockHash,
            validator: validator)
        return Vote(
            networkID: networkID, step: step, height: height, round: round, blockHash: blockHash,
            validator: validator, signature: signer.sign(DomainTag.vote + body.bytes))
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        networkID = try reader.digest()
        guard let step = VoteStep(rawValue: try reader.integer()) else {
            throw reader.fault(.valueOutOfRange)
        }
        self.step = step
        height = try reader.height()
        round = try reader.integer()
        guard round <= Int32.max else { throw reader.fault(.valueOutOfRange) }
        let hash = try reader.digest()
        blockHash = hash == .zero ? nil : hash
        validator = ValidatorIndex(try reader.integer())
        signature = try reader.signature()
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = body
        writer.append(signature)
        return writer.bytes
    }

    /// Checks network, validator and signature.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ history: NetworkHistory) throws(ProtocolFault) {
        try history.verify(
            signature, of: signedBytes, by: validator, networkID: networkID, noun: "vote")
    }

    /// What the signature covers.
    var signedBytes: [UInt8] { DomainTag.vote + body.bytes }

    private var body: BinaryWriter {
        Self.body(
            networkID: networkID, step: step, height: height, round: round, blockHash: blockHash,
            validator: validator)
    }

    private static func body(
        networkID: NetworkID, step: VoteStep, height: BlockHeight, round: UInt32, blockHash: Digest?,
        validator: ValidatorIndex
    ) -> BinaryWriter {
        var writer = BinaryWriter(magic: magic, capacity: byteCount)
        writer.append(networkID)
        writer.append(step.rawValue)
        writer.append(height.value)
        writer.append(round)
        writer.append(blockHash ?? .zero)
        writer.append(validator.value)
        return writer
    }
}
