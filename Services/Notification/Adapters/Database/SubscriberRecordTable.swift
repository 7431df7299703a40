import Cryptography
import Kafka
import Model
import Postgres

/// A stored record that is to be sent.
struct UndeliveredRecord: Sendable {
    let number: Int64
    let key: [UInt8]
    let headers: [KafkaHeader]
    let value: [UInt8]
}

/// Keeps what is written to the topics of the subscribers.
enum SubscriberRecordTable {
    /// Gives the position after the newest record of a subscriber.
    static func chain(of subscriber: String, in session: PostgresSession) throws -> SubscriberChain {
        let rows = try session.query(
            """
            SELECT number, record_hash FROM subscriber_record WHERE subscriber = $1
            ORDER BY number DESC LIMIT 1
            """,
            [.text(subscriber)])
        guard let row = rows.first else { return SubscriberChain() }
        guard let head = Digest(try row.bytes(1)) else { throw unreadable }
        return SubscriberChain(next: UInt64(try row.int(0)) + 1, head: head)
    }

    /// Stores records with their numbers.
    static func insert(_ records: [NumberedRecord], in session: PostgresSession) throws {
        try session.execute(
            """
            INSERT INTO subscriber_record
                (subscriber, number, previous, record_hash, event_id, pseudonym, headers, value)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .textArray(records.map(\.subscriber)), .intArray(records.map { Int64($0.number) }),
                .bytesArray(records.map(\.previous.bytes)), .bytesArray(records.map(\.hash.bytes)),
                .uuidArray(records.map(\.event.bytes)), .textArray(records.map(\.pseudonym.hex)),
                .textArray(records.map(\.headersText)), .bytesArray(records.map(\.value)),
            ])
    }

    /// Reads the first records of a subscriber that the broker has not confirmed.
    static func undelivered(
        of subscriber: String, countMax: Int, bytesMax: Int, in session: PostgresSession
    ) throws -> [UndeliveredRecord] {
        let rows = try session.query(
            """
            SELECT number, pseudonym, headers, value FROM (
                SELECT *, sum(octet_length(value)) OVER (ORDER BY number) AS bytes,
                    row_number() OVER (ORDER BY number) AS place
                FROM (
                    SELECT * FROM subscriber_record WHERE subscriber = $1 AND NOT delivered
                    ORDER BY number LIMIT $2
                ) AS first
            ) AS counted WHERE bytes <= $3 OR place = 1 ORDER BY number
            """,
            [.text(subscriber), .int(Int64(countMax)), .int(Int64(bytesMax))])
        return try rows.map { row in
            guard let headers = NumberedRecord.headers(parsing: try row.text(2)) else { throw unreadable }
            return UndeliveredRecord(
                number: try row.int(0), key: [UInt8](try row.text(1).utf8), headers: headers,
                value: try row.bytes(3))
        }
    }

    /// Notes that the broker stored records, all at this offset or before it.
    static func markDelivered(
        _ numbers: ClosedRange<Int64>, of subscriber: String, offset: Int64, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            UPDATE subscriber_record SET delivered = true, kafka_offset = $4
            WHERE subscriber = $1 AND number BETWEEN $2 AND $3 AND NOT delivered
            """,
            [.text(subscriber), .int(numbers.lowerBound), .int(numbers.upperBound), .int(offset)])
    }

    /// Forgets that records were delivered whose offset the topic does not reach; returns how many.
    static func markLost(
        of subscriber: String, highWatermark: Int64, in session: PostgresSession
    ) throws -> Int {
        try session.execute(
            """
            UPDATE subscriber_record SET delivered = false, kafka_offset = NULL
            WHERE subscriber = $1 AND delivered AND kafka_offset >= $2
            """,
            [.text(subscriber), .int(highWatermark)])
    }

    private static var unreadable: PostgresFault {
        PostgresFault(
            reason: .unreadable, message: "a row of the subscriber_record table cannot be read: restore it")
    }
}
