import Cryptography
package import LedgerProtocol
import Model

/// The bytes of a sign-state: big endian, strict, and closed by their SHA-256, since no flipped bit may pass.
extension SignState: BinaryForm {
    package static let magic = "CSK1"
    // A proposal names at most 65,535 submissions by 32 bytes and carries the prevotes of 100 validators.
    private static let proposalBytesMax = 4 << 20

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        let bodyCount = bytes.count - Digest.byteCount
        guard bodyCount > 0, SHA256.hash(Array(bytes[..<bodyCount])).bytes == Array(bytes[bodyCount...])
        else {
            throw DecodingFault(.contradiction, form: Self.magic, byteOffset: max(bodyCount, 0))
        }
        var reader = try BinaryReader(Array(bytes[..<bodyCount]), magic: Self.magic)
        self.init(networkID: try reader.digest(), validator: ValidatorIndex(try reader.integer()))
        height = BlockHeight(try reader.integer())
        proposal = try Self.proposal(&reader)
        prevote = try Self.vote(.prevote, &reader)
        precommit = try Self.vote(.precommit, &reader)
        lock = try Self.flag(&reader) ? Lock(round: reader.integer(), blockHash: reader.digest()) : nil
        valid = try Self.valid(&reader)
        if try Self.flag(&reader) {
            let count = try reader.count(UInt16.self, in: 1...Int(UInt16.max))
            cosignature = try CosignatureMessage(decoding: reader.bytes(count))
        }
        guard messages.allSatisfy({ $0.height == height }) else { throw reader.fault(.contradiction) }
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: 4_096)
        writer.append(networkID)
        writer.append(validator.value)
        writer.append(height.value)
        Self.append(proposal?.encoded, as: UInt32.self, to: &writer)
        for vote in [prevote, precommit] {
            writer.append(vote == nil ? 0 : 1 as UInt8)
            writer.append(vote?.encoded ?? [])
        }
        writer.append(lock == nil ? 0 : 1 as UInt8)
        if let lock {
            writer.append(lock.round)
            writer.append(lock.blockHash)
        }
        Self.append(valid?.proposal.encoded, as: UInt32.self, to: &writer)
        if let valid {
            writer.append(valid.round)
            writer.append(count: valid.prevotes.count, as: UInt16.self)
            for prevote in valid.prevotes { writer.append(prevote.encoded) }
        }
        Self.append(cosignature?.encoded, as: UInt16.self, to: &writer)
        let body = writer.bytes
        return body + SHA256.hash(body).bytes
    }

    /// One byte that says whether a value follows, then its length and bytes.
    private static func append<Length: FixedWidthInteger>(
        _ bytes: [UInt8]?, as length: Length.Type, to writer: inout BinaryWriter
    ) {
        writer.append(bytes == nil ? 0 : 1 as UInt8)
        guard let bytes else { return }
        writer.append(count: bytes.count, as: length)
        writer.append(bytes)
    }

    private static func flag(_ reader: inout BinaryReader) throws(DecodingFault) -> Bool {
        try reader.count(UInt8.self, in: 0...1) == 1
    }

    private static func proposal(_ reader: inout BinaryReader) throws(DecodingFault) -> Proposal? {
        guard try flag(&reader) else { return nil }
        return try Proposal(decoding: reader.bytes(reader.count(UInt32.self, in: 1...proposalBytesMax)))
    }

    private static func vote(
        _ step: VoteStep, _ reader: inout BinaryReader
    ) throws(DecodingFault) -> Vote? {
        guard try flag(&reader) else { return nil }
        let vote = try Vote(decoding: reader.bytes(Vote.byteCount))
        guard vote.step == step else { throw reader.fault(.contradiction) }
        return vote
    }

    private static func valid(_ reader: inout BinaryReader) throws(DecodingFault) -> ValidValue? {
        guard let proposal = try proposal(&reader) else { return nil }
        let round: UInt32 = try reader.integer()
        var prevotes: [Vote] = []
        for _ in 0..<(try reader.count(UInt16.self, in: 1...ProtocolLimits.validatorsMax)) {
            prevotes.append(try Vote(decoding: reader.bytes(Vote.byteCount)))
        }
        return ValidValue(round: round, proposal: proposal, prevotes: prevotes)
    }
}

extension LedgerMessage {
    /// The height that a proposal or vote is for; nil for other messages.
    var height: BlockHeight? {
        switch self {
        case .proposal(let proposal): proposal.height
        case .vote(let vote): vote.height
        case .submission, .certificate, .cosignature, .submissionQuery, .heightStatus, .finalBlock,
            .doubleVote:
            nil
        }
    }
}
