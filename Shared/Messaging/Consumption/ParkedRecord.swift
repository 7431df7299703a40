import Cryptography
import Kafka
import Model
import Postgres

/// A record that is set aside with the reason.
struct ParkedRecord: Sendable {
    let record: KafkaRecord
    /// The producer, once the signature verified.
    let producer: KeyID?
    let number: UInt64?
    let subject: ParticipantID?
    let eventID: EntryID?
    let reason: String

    /// Sets a record aside that is not authentic: evidence, which holds nothing back.
    init(_ record: KafkaRecord, reason: String) {
        self.record = record
        producer = nil
        number = nil
        subject = nil
        eventID = nil
        self.reason = reason
    }

    /// Sets an authentic record aside; later records of its subject wait behind it.
    init(_ authentic: AuthenticRecord, reason: String) {
        record = authentic.record
        producer = authentic.headers.producer
        number = authentic.headers.sequence
        subject = authentic.record.key.flatMap { ParticipantID(String(decoding: $0, as: UTF8.self)) }
        eventID = authentic.headers.id
        self.reason = reason
    }

    /// Sets the record of an event aside whose handler failed, or whose subject has such a record.
    init(_ event: InboundEvent, record: KafkaRecord, number: UInt64, producer: KeyID, reason: String) {
        self.record = record
        self.producer = producer
        self.number = number
        subject = event.subject
        eventID = event.id
        self.reason = reason
    }
}

/// Reads and writes the records that were set aside.
enum ParkedTable {
    /// The reason of a record whose handler failed.
    static let handlerFailed = "handler-failed"
    /// The reason of a record that waits behind another of its subject.
    static let behindParked = "behind-parked"
    /// The most records kept; a stranger who floods a topic fills no disk with evidence.
    static let countMax = 100_000

    /// Sets records aside. Beyond the bound only authentic ones are kept, and evidence is kept once.
    ///
    /// - Returns: how many records are new.
    @discardableResult
    static func park(
        _ records: [ParkedRecord], at time: Timestamp, in session: PostgresSession
    ) throws -> Int {
        var newCount = 0
        for parked in records {
            let isBounded = parked.producer == nil
            newCount += try session.execute(
                """
                INSERT INTO parked (topic, partition, kafka_offset, producer, number, subject, event_id,
                    reason, record, parked_at)
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
                WHERE NOT $11 OR (SELECT count(*) FROM (SELECT 1 FROM parked LIMIT $12) AS kept) < $12
                ON CONFLICT (topic, partition, kafka_offset) WHERE producer IS NULL DO NOTHING
                """,
                [
                    .text(parked.record.topic), .int(Int64(parked.record.partition)),
                    .int(parked.record.offset), parked.producer.map { .bytes($0.bytes) } ?? .null,
                    parked.number.map { .int(Int64(bitPattern: $0)) } ?? .null,
                    parked.subject.map { .uuid($0.bytes) } ?? .null,
                    parked.eventID.map { .uuid($0.bytes) } ?? .null, .text(parked.reason),
                    .bytes(ParkedForm.write(parked.record)), .int(time.milliseconds), .bool(isBounded),
                    .int(Int64(countMax)),
                ])
        }
        return newCount
    }

    /// Gives those of the subjects that have an authentic record set aside.
    static func heldSubjects(
        among subjects: Set<ParticipantID>, topic: Topic, in session: PostgresSession
    ) throws -> Set<ParticipantID> {
        let rows = try session.query(
            "SELECT DISTINCT subject FROM parked WHERE topic = $1 AND subject = ANY($2)",
            [.text(topic.rawValue), .uuidArray(subjects.map(\.bytes))])
        return Set(try rows.compactMap { ParticipantID(try $0.uuid(0)) })
    }

    /// Gives the ids of authentic records of a topic in their order, behind an id.
    static func authenticIDs(
        topic: Topic, after id: Int64, limit: Int, in session: PostgresSession
    ) throws -> [(id: Int64, subject: ParticipantID)] {
        let rows = try session.query(
            """
            SELECT id, subject FROM parked
            WHERE topic = $1 AND subject IS NOT NULL AND id > $2 ORDER BY id LIMIT $3
            """,
            [.text(topic.rawValue), .int(id), .int(Int64(limit))])
        return try rows.compactMap { row in
            ParticipantID(try row.uuid(1)).map { (id: (try? row.int(0)) ?? 0, subject: $0) }
        }
    }

    /// Locks a record and reads it; nil when it is gone.
    static func take(_ id: Int64, in session: PostgresSession) throws -> KafkaRecord? {
        let rows = try session.query(
            "SELECT topic, partition, kafka_offset, record FROM parked WHERE id = $1 FOR UPDATE", [.int(id)])
        guard let row = rows.first else { return nil }
        return ParkedForm.read(
            try row.bytes(3), topic: try row.text(0), partition: Int32(try row.int(1)), offset: try row.int(2)
        )
    }

    /// Removes a record that was handled.
    static func remove(_ id: Int64, in session: PostgresSession) throws {
        try session.execute("DELETE FROM parked WHERE id = $1", [.int(id)])
    }
}

/// The form in which a record is kept: JSON with its headers, key and value in Base64.
enum ParkedForm {
    static func write(_ record: KafkaRecord) -> [UInt8] {
        func base64(_ bytes: [UInt8]?) -> JSONValue { bytes.map { .string(Base64.encode($0)) } ?? .null }
        let value: JSONValue = [
            "headers": .array(record.headers.map { [.string($0.name), base64($0.value)] }),
            "key": base64(record.key),
            "value": base64(record.value),
        ]
        return value.encoded()
    }

    static func read(_ bytes: [UInt8], topic: String, partition: Int32, offset: Int64) -> KafkaRecord? {
        func decode(_ value: JSONValue?) -> [UInt8]? { value?.string.flatMap { Base64.decode($0) } }
        guard let value = try? JSONValue(parsing: bytes), let pairs = value["headers"]?.array else {
            return nil
        }
        var headers: [KafkaHeader] = []
        for pair in pairs {
            guard let name = pair[0]?.string, let content = decode(pair[1]) else { return nil }
            headers.append(KafkaHeader(name: name, value: content))
        }
        return KafkaRecord(
            topic: topic, partition: partition, offset: offset, timestampMilliseconds: -1,
            key: decode(value["key"]), value: decode(value["value"]), headers: headers)
    }
}
