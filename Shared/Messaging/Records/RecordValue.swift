import Cryptography
import LedgerProtocol
import Model

/// The value of a record: the entry in clear, the receipt when there is one, and the disclosure sealed.
///
/// Canonical JSON `{"entry":"<base64>","receipt":"<tlog-proof>"|null,"sealed":{…}}`; nothing in clear
/// tells a name, a reason or an opening.
struct RecordValue: Sendable {
    let entry: Entry
    let receipt: String?
    let sealed: SealedEnvelope

    init(entry: Entry, receipt: String?, sealed: SealedEnvelope) {
        self.entry = entry
        self.receipt = receipt
        self.sealed = sealed
    }

    /// Seals a disclosure to the services that are entitled to it.
    init(sealing disclosure: EventDisclosure, receipt: String?, to keys: [PublicSealingKey]) {
        entry = disclosure.entry
        self.receipt = receipt
        sealed = SealedEnvelope.seal(
            disclosure.bytes, to: keys, associatedData: disclosure.entry.encoded)
    }

    /// Reads a value.
    ///
    /// - Throws: `RecordRefusal.malformedValue`.
    init(parsing bytes: [UInt8]) throws(RecordRefusal) {
        guard let value = try? JSONValue(parsing: bytes), value.members?.count == 3,
            let entry = value["entry"]?.string.flatMap({ Base64.decode($0) }).flatMap({
                try? Entry(decoding: $0)
            }),
            let receipt = value["receipt"], let sealed = value["sealed"].flatMap({ try? SealedEnvelope($0) })
        else { throw .malformedValue }
        self.entry = entry
        self.sealed = sealed
        switch receipt {
        case .null: self.receipt = nil
        case .string(let text): self.receipt = text
        case .bool, .number, .array, .object: throw .malformedValue
        }
    }

    /// The bytes of the value; the members are in canonical order.
    var bytes: [UInt8] {
        let value: JSONValue = [
            "entry": .string(Base64.encode(entry.encoded)),
            "receipt": receipt.map { .string($0) } ?? .null,
            "sealed": sealed.json,
        ]
        return value.encoded()
    }
}
