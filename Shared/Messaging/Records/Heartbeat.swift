import Cryptography
import LedgerProtocol
import Model

/// A producer's statement that every restrictive event of a partition that it accepted by a time has a
/// number below `next`.
///
/// Permissive events may wait for their numbers behind it: that they come later restricts nobody too late.
struct Heartbeat: Hashable, Sendable {
    /// The value of the header `ce_type`.
    static let type = "consentry.heartbeat.v1"
    /// The value of every heartbeat's record.
    static let value = Array("{}".utf8)
    /// How often a producer writes one to each partition.
    static let intervalMilliseconds = 1_000

    let producer: KeyID
    let topic: String
    let partition: Int32
    let next: UInt64
    let head: Digest
    let time: Timestamp

    /// SHA-256 of `CSHB` and all fields, which the producer signs.
    var hash: Digest {
        var writer = BinaryWriter(magic: "CSHB")
        writer.append(producer.digest)
        writer.append(count: topic.utf8.count, as: UInt16.self)
        writer.append(topic)
        writer.append(partition)
        writer.append(next)
        writer.append(head)
        writer.append(time.milliseconds)
        return SHA256.hash(writer.bytes)
    }
}
