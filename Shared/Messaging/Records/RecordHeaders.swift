import Cryptography
import Kafka
import Model

/// The names of the headers: CloudEvents 1.0 in binary mode, and this suite's extension attributes.
enum RecordHeader {
    static let specVersion = "ce_specversion"
    static let id = "ce_id"
    static let source = "ce_source"
    static let type = "ce_type"
    static let time = "ce_time"
    static let contentType = "content-type"
    static let producer = "ce_producer"
    static let sequence = "ce_sequence"
    static let previous = "ce_previous"
    static let finality = "ce_finality"
    static let signature = "ce_signature"
}

/// The headers of a record or heartbeat in their typed form.
struct RecordHeaders: Hashable, Sendable {
    let id: EntryID
    let source: String
    let type: String
    let time: Timestamp
    let producer: KeyID
    /// The record's number; of a heartbeat the number that comes next.
    let sequence: UInt64
    let previous: Digest
    /// Nil for a heartbeat.
    let finality: RecordFinality?
    let signature: Signature

    /// The source of a service's records.
    static func source(network: String, service: String) -> String { "urn:consentry:\(network):\(service)" }

    /// The headers as they are sent.
    var kafkaHeaders: [KafkaHeader] {
        var texts = [
            (RecordHeader.specVersion, "1.0"), (RecordHeader.id, id.description),
            (RecordHeader.source, source),
            (RecordHeader.type, type), (RecordHeader.time, time.description),
            (RecordHeader.contentType, "application/json"), (RecordHeader.producer, producer.hex),
            (RecordHeader.sequence, String(sequence)), (RecordHeader.previous, previous.hex),
        ]
        if let finality { texts.append((RecordHeader.finality, finality.name)) }
        texts.append((RecordHeader.signature, Base64.encode(signature.bytes)))
        return texts.map { KafkaHeader(name: $0.0, value: Array($0.1.utf8)) }
    }

    init(
        id: EntryID, source: String, type: String, time: Timestamp, producer: KeyID, sequence: UInt64,
        previous: Digest, finality: RecordFinality?, signature: Signature
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.producer = producer
        self.sequence = sequence
        self.previous = previous
        self.finality = finality
        self.signature = signature
    }

    /// Reads the headers strictly: each once and in its one form; headers that it does not know are
    /// passed over.
    ///
    /// - Throws: `RecordRefusal.malformedHeaders`.
    init(parsing record: KafkaRecord) throws(RecordRefusal) {
        func text(_ name: String) throws(RecordRefusal) -> String {
            guard let text = try Self.textOrNil(name, in: record) else { throw .malformedHeaders }
            return text
        }
        let time = Timestamp(try text(RecordHeader.time))
        let sequenceText = try text(RecordHeader.sequence)
        guard try text(RecordHeader.specVersion) == "1.0",
            let id = EntryID(try text(RecordHeader.id)), let time,
            time.description == (try text(RecordHeader.time)),
            let producer = KeyID(hex: try text(RecordHeader.producer)),
            let sequence = UInt64(sequenceText), String(sequence) == sequenceText,
            let previous = Digest(hex: try text(RecordHeader.previous)),
            let signature = Base64.decode(try text(RecordHeader.signature)).flatMap({ Signature($0) })
        else { throw .malformedHeaders }
        self.id = id
        self.time = time
        self.producer = producer
        self.sequence = sequence
        self.previous = previous
        self.signature = signature
        source = try text(RecordHeader.source)
        type = try text(RecordHeader.type)
        if type == Heartbeat.type {
            finality = nil
        } else {
            guard let finality = RecordFinality(name: try text(RecordHeader.finality)) else {
                throw .malformedHeaders
            }
            self.finality = finality
        }
    }

    private static func textOrNil(_ name: String, in record: KafkaRecord) throws(RecordRefusal) -> String? {
        let values = record.headers.filter { $0.name == name }
        guard values.count <= 1 else { throw .malformedHeaders }
        guard let value = values.first?.value else { return nil }
        guard value.count <= 512, let text = String(validating: value, as: UTF8.self) else {
            throw .malformedHeaders
        }
        return text
    }
}
