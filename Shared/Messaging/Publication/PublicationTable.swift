import Cryptography
import Kafka
import Model
import Postgres

/// One partition of one topic.
struct TopicPartition: Hashable, Sendable {
    let topic: String
    let partition: Int32
}

/// A stored record that is to be sent.
struct UndeliveredRecord: Sendable {
    let place: TopicPartition
    let number: UInt64
    /// Nil for a heartbeat.
    let key: [UInt8]?
    let headers: [KafkaHeader]
    let value: [UInt8]
}

/// Reads and writes the events that wait for publication and the records that were made of them.
enum PublicationTable {
    /// Takes events that wait for a number and locks them: pending ones first, which are the restrictive
    /// ones, and each kind in the order in which it was queued.
    static func takeUnpublished(
        limit: Int, in session: PostgresSession
    ) throws -> [UnpublishedEvent] {
        let rows = try session.query(
            "SELECT id, finality, event_id FROM unpublished ORDER BY finality, id LIMIT $1 FOR UPDATE",
            [.int(Int64(limit))])
        let waiting = try rows.map { row in
            (queueID: try row.int(0), finality: try row.int(1), eventID: EntryID(try row.uuid(2)))
        }
        guard !waiting.isEmpty else { return [] }
        let events = try EventTable.find(Array(Set(waiting.compactMap(\.eventID))), in: session)
        let byID = Dictionary(events.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let secrets = try SubjectSecrets.findWrapped(of: Set(events.map(\.subject)), in: session)
        return try waiting.map { row in
            guard let event = row.eventID.flatMap({ byID[$0] }),
                let finality = RecordFinality(rawValue: UInt8(row.finality))
            else {
                throw MessagingFault(.corruptRow, "a queued event is not in its table; restore the schema")
            }
            return UnpublishedEvent(
                queueID: row.queueID, finality: finality, event: event, wrappedSecret: secrets[event.subject])
        }
    }

    /// Gives the position after the newest record of each partition.
    static func chains(
        of places: [TopicPartition], in session: PostgresSession
    ) throws -> [TopicPartition: ProducerChain] {
        let rows = try session.query(
            """
            SELECT place.topic, place.partition, newest.number, newest.record_hash
            FROM unnest($1, $2) AS place(topic, partition)
            CROSS JOIN LATERAL (
                SELECT number, record_hash FROM publication
                WHERE topic = place.topic AND partition = place.partition ORDER BY number DESC LIMIT 1
            ) AS newest
            """,
            [.textArray(places.map(\.topic)), .intArray(places.map { Int64($0.partition) })])
        var chains = Dictionary(
            places.map { ($0, ProducerChain()) }, uniquingKeysWith: { first, _ in first })
        for row in rows {
            let place = TopicPartition(topic: try row.text(0), partition: Int32(try row.int(1)))
            guard let head = Digest(try row.bytes(3)) else {
                throw MessagingFault(
                    .corruptRow, "a record's hash cannot be read; restore the publication table")
            }
            chains[place] = ProducerChain(next: UInt64(bitPattern: try row.int(2)) + 1, head: head)
        }
        return chains
    }

    /// Stores records and takes their events from the queue.
    static func store(
        _ publications: [Publication], queueIDs: [Int64], in session: PostgresSession
    ) throws {
        try session.execute("DELETE FROM unpublished WHERE id = ANY($1)", [.intArray(queueIDs)])
        try session.execute(
            """
            INSERT INTO publication (topic, partition, number, event_id, finality, previous, record_hash, key,
                headers, value)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .textArray(publications.map(\.topic)), .intArray(publications.map { Int64($0.partition) }),
                .intArray(publications.map { Int64(bitPattern: $0.number) }),
                .uuidArray(publications.map(\.eventID.bytes)),
                .intArray(publications.map { Int64($0.finality.rawValue) }),
                .bytesArray(publications.map(\.previous.bytes)), .bytesArray(publications.map(\.hash.bytes)),
                .textArray(publications.map(\.key)),
                .textArray(publications.map { HeaderText.write($0.headers.kafkaHeaders) }),
                .bytesArray(publications.map(\.value)),
            ])
    }

    /// Reads records that the broker has not confirmed, in the order of their numbers within each
    /// partition.
    static func undelivered(
        countMax: Int, bytesMax: Int, in session: PostgresSession
    ) throws -> [UndeliveredRecord] {
        let rows = try session.query(
            """
            SELECT topic, partition, number, key, headers, value FROM (
                SELECT *, sum(octet_length(value)) OVER (ORDER BY topic, partition, number) AS bytes,
                    row_number() OVER (ORDER BY topic, partition, number) AS place
                FROM (
                    SELECT * FROM publication WHERE NOT delivered ORDER BY topic, partition, number LIMIT $1
                ) AS first
            ) AS counted WHERE bytes <= $2 OR place = 1 ORDER BY topic, partition, number
            """,
            [.int(Int64(countMax)), .int(Int64(bytesMax))])
        return try rows.map { row in
            UndeliveredRecord(
                place: TopicPartition(topic: try row.text(0), partition: Int32(try row.int(1))),
                number: UInt64(bitPattern: try row.int(2)), key: Array(try row.text(3).utf8),
                headers: try HeaderText.read(try row.text(4)), value: try row.bytes(5))
        }
    }

    /// Gives those of the partitions that lack records which have numbers.
    static func placesBehind(
        among places: [TopicPartition], in session: PostgresSession
    ) throws -> Set<TopicPartition> {
        let rows = try session.query(
            """
            SELECT place.topic, place.partition FROM unnest($1, $2) AS place(topic, partition)
            WHERE EXISTS (
                SELECT 1 FROM publication
                WHERE topic = place.topic AND partition = place.partition AND NOT delivered)
            """,
            [.textArray(places.map(\.topic)), .intArray(places.map { Int64($0.partition) })])
        return Set(
            try rows.map { TopicPartition(topic: try $0.text(0), partition: Int32(try $0.int(1))) })
    }

    /// Notes where the broker stored records.
    static func markDelivered(
        _ deliveries: [(place: TopicPartition, number: UInt64, offset: Int64)], in session: PostgresSession
    ) throws {
        try session.execute(
            """
            UPDATE publication SET delivered = true, kafka_offset = given.kafka_offset
            FROM unnest($1, $2, $3, $4) AS given(topic, partition, number, kafka_offset)
            WHERE publication.topic = given.topic AND publication.partition = given.partition
                AND publication.number = given.number
            """,
            [
                .textArray(deliveries.map(\.place.topic)),
                .intArray(deliveries.map { Int64($0.place.partition) }),
                .intArray(deliveries.map { Int64(bitPattern: $0.number) }),
                .intArray(deliveries.map(\.offset)),
            ])
    }

    /// The newest record of a partition that the broker confirmed.
    static func newestDelivered(
        in place: TopicPartition, session: PostgresSession
    ) throws -> (number: UInt64, offset: Int64, headers: [KafkaHeader])? {
        let rows = try session.query(
            """
            SELECT number, kafka_offset, headers FROM publication
            WHERE topic = $1 AND partition = $2 AND delivered ORDER BY number DESC LIMIT 1
            """,
            [.text(place.topic), .int(Int64(place.partition))])
        guard let row = rows.first else { return nil }
        return (
            UInt64(bitPattern: try row.int(0)), try row.int(1), try HeaderText.read(try row.text(2))
        )
    }

    /// Forgets that records were delivered: those stored at an offset or behind it.
    static func markLost(
        in place: TopicPartition, fromOffset offset: Int64, session: PostgresSession
    ) throws -> Int {
        try session.execute(
            """
            UPDATE publication SET delivered = false, kafka_offset = NULL
            WHERE topic = $1 AND partition = $2 AND delivered AND kafka_offset >= $3
            """,
            [.text(place.topic), .int(Int64(place.partition)), .int(offset)])
    }
}

/// Writes headers as text for their column: a JSON array of pairs.
enum HeaderText {
    static func write(_ headers: [KafkaHeader]) -> String {
        let value = JSONValue.array(
            headers.map { header in
                [.string(header.name), .string(String(decoding: header.value, as: UTF8.self))]
            })
        return String(decoding: value.encoded(), as: UTF8.self)
    }

    static func read(_ text: String) throws(MessagingFault) -> [KafkaHeader] {
        guard let pairs = (try? JSONValue(parsing: Array(text.utf8)))?.array else { throw corrupt }
        var headers: [KafkaHeader] = []
        for pair in pairs {
            guard let name = pair[0]?.string, let value = pair[1]?.string else { throw corrupt }
            headers.append(KafkaHeader(name: name, value: Array(value.utf8)))
        }
        return headers
    }

    private static var corrupt: MessagingFault {
        MessagingFault(.corruptRow, "stored headers cannot be read; restore the publication table")
    }
}
