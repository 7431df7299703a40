package import LedgerProtocol

/// Several messages in one HTTP body: each after its length, as 32 bits big endian.
///
/// It is framing and not a form of the protocol: nothing is signed or hashed over it.
package enum MessageBatch {
    /// The most messages of one batch; a height of a hundred validators is repeated in two.
    package static let messagesMax = 256
    /// The most bytes of one batch: as many final blocks as one answer holds, or the largest message.
    package static let bytesMax = 2 << 20

    /// The bytes that a message takes in a batch.
    package static func byteCount(of message: [UInt8]) -> Int { message.count + 4 }

    /// Joins messages; the caller keeps to the limits.
    package static func encode(_ messages: [[UInt8]]) -> [UInt8] {
        let byteCount = messages.reduce(0) { $0 + Self.byteCount(of: $1) }
        var writer = BinaryWriter(magic: "", capacity: byteCount)
        for message in messages {
            writer.append(count: message.count, as: UInt32.self)
            writer.append(message)
        }
        return writer.bytes
    }

    /// Takes a batch apart; what is in it is not looked at.
    ///
    /// - Throws: `DecodingFault` for lengths that do not fit, more than `messagesMax` messages or more
    ///   than `bytesMax` bytes.
    package static func decode(_ bytes: [UInt8]) throws(DecodingFault) -> [[UInt8]] {
        var reader = try BinaryReader(bytes, magic: "")
        guard bytes.count <= bytesMax else { throw reader.fault(.countOutOfRange) }
        var messages: [[UInt8]] = []
        while reader.position < bytes.count {
            guard messages.count < messagesMax else { throw reader.fault(.countOutOfRange) }
            let count = try reader.count(UInt32.self, in: 1...ProtocolLimits.recordBytesMax)
            messages.append(try reader.bytes(count))
        }
        return messages
    }
}
