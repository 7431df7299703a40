import Cryptography
import LedgerProtocol
import Model

/// Which of the two records of an event this is; the raw value is the byte that is hashed.
enum RecordFinality: UInt8, Sendable {
    case pending = 0
    case final = 1

    /// The value of the header `ce_finality`.
    var name: String {
        switch self {
        case .pending: "pending"
        case .final: "final"
        }
    }

    init?(name: String) {
        switch name {
        case "pending": self = .pending
        case "final": self = .final
        default: return nil
        }
    }
}

/// What ties a record to its place in its producer's chain; its hash is what the producer signs.
struct RecordLink: Hashable, Sendable {
    let producer: KeyID
    let topic: String
    let partition: Int32
    let number: UInt64
    let previous: Digest
    let finality: RecordFinality
    let type: String
    let entryID: EntryID
    let valueHash: Digest

    /// SHA-256 of `CSD1` and all fields; the next record of the chain names it.
    var hash: Digest {
        var writer = BinaryWriter(magic: "CSD1")
        writer.append(producer.digest)
        writer.append(count: topic.utf8.count, as: UInt16.self)
        writer.append(topic)
        writer.append(partition)
        writer.append(number)
        writer.append(previous)
        writer.append(finality.rawValue)
        writer.append(count: type.utf8.count, as: UInt16.self)
        writer.append(type)
        writer.append(entryID.bytes)
        writer.append(valueHash)
        return SHA256.hash(writer.bytes)
    }
}

/// What a producer signs: the domain tag, the network and one hash.
enum RecordSignature {
    static func message(networkID: Digest, hash: Digest) -> [UInt8] {
        DomainTag.record + networkID.bytes + hash.bytes
    }

    static func sign(_ hash: Digest, networkID: Digest, signer: Signer) -> Signature {
        signer.sign(message(networkID: networkID, hash: hash))
    }

    static func verifies(
        _ signature: Signature, of hash: Digest, networkID: Digest, key: PublicSigningKey
    ) -> Bool {
        key.verifies(signature, of: message(networkID: networkID, hash: hash))
    }
}
