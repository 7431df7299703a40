import Cryptography
import Model

/// Two different votes of one validator for one height, round and step: proof of its fault, for everybody.
package struct DoubleVote: BinaryForm {
    package static let magic = "CSD1"
    /// The number of bytes of every one.
    package static let byteCount = 4 + 2 * Vote.byteCount

    /// The vote for the lower block hash; a vote for no block comes before all others.
    package let first: Vote
    /// The other one.
    package let second: Vote

    /// Joins two votes that exclude each other, in whichever order they came.
    ///
    /// They must be of one network, validator, height, round and step and differ in their block; others
    /// trap.
    package init(_ one: Vote, _ other: Vote) {
        let isInOrder = Self.order(one) < Self.order(other)
        first = isInOrder ? one : other
        second = isInOrder ? other : one
        precondition(isProof, "two votes that exclude each other differ in their block alone")
    }

    /// Joins two votes that were read back; nil when they do not exclude each other.
    package init?(checking one: Vote, _ other: Vote) {
        let votes = Self.order(one) < Self.order(other) ? [one, other] : [other, one]
        let bytes = [UInt8](Self.magic.utf8) + votes.flatMap(\.encoded)
        do throws(DecodingFault) { try self.init(decoding: bytes) } catch { return nil }
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = try BinaryReader(bytes, magic: Self.magic)
        first = try Vote(decoding: reader.bytes(Vote.byteCount))
        second = try Vote(decoding: reader.bytes(Vote.byteCount))
        guard Self.order(first) < Self.order(second) else { throw reader.fault(.wrongOrder) }
        guard isProof else { throw reader.fault(.contradiction) }
        try reader.end()
    }

    package var encoded: [UInt8] {
        var writer = BinaryWriter(magic: Self.magic, capacity: Self.byteCount)
        writer.append(first.encoded)
        writer.append(second.encoded)
        return writer.bytes
    }

    /// The validator that voted twice.
    package var validator: ValidatorIndex { first.validator }

    /// Checks both votes; then nobody but the validator, or whoever has its key, can have made them.
    ///
    /// - Throws: `ProtocolFault` that says what does not hold.
    package func verify(_ history: NetworkHistory) throws(ProtocolFault) {
        try first.verify(history)
        try second.verify(history)
    }

    private static func order(_ vote: Vote) -> Digest { vote.blockHash ?? .zero }

    private var isProof: Bool {
        first.networkID == second.networkID && first.validator == second.validator
            && first.height == second.height && first.round == second.round && first.step == second.step
            && first.blockHash != second.blockHash
    }
}
