import Cryptography
import Model
import Postgres

/// Says that another replica moved a partition's position; its work is done and must not be done again.
struct PositionMoved: Error {}

/// Reads and moves the positions of a service's consumers.
enum ConsumerTable {
    /// Reads where a partition stands; a partition that was never read starts before its first record.
    static func position(
        topic: Topic, partition: Int32, in session: PostgresSession
    ) throws -> PartitionPosition {
        let place: [PostgresValue] = [.text(topic.rawValue), .int(Int64(partition))]
        try session.execute(
            """
            INSERT INTO consumer_position (topic, partition, next_offset) VALUES ($1, $2, 0)
            ON CONFLICT DO NOTHING
            """, place)
        let offsets = try session.query(
            // The lock makes offset and chains one state, as the transaction that moves them left it.
            "SELECT next_offset FROM consumer_position WHERE topic = $1 AND partition = $2 FOR SHARE", place)
        let rows = try session.query(
            """
            SELECT producer, next_number, head_hash FROM producer_position WHERE topic = $1 AND partition = $2
            """, place)
        var chains: [KeyID: ProducerChain] = [:]
        for row in rows {
            guard let producer = KeyID(try row.bytes(0)), let head = Digest(try row.bytes(2)) else {
                continue
            }
            chains[producer] = ProducerChain(next: UInt64(bitPattern: try row.int(1)), head: head)
        }
        return PartitionPosition(nextOffset: try offsets[0].int(0), chains: chains)
    }

    /// Moves a partition's offset if it still is where this replica left it.
    ///
    /// - Throws: `PositionMoved` when it is not.
    static func moveOffset(
        topic: Topic, partition: Int32, from expected: Int64, to next: Int64, in session: PostgresSession
    ) throws {
        let changed = try session.execute(
            """
            UPDATE consumer_position SET next_offset = $4
            WHERE topic = $1 AND partition = $2 AND next_offset = $3
            """,
            [.text(topic.rawValue), .int(Int64(partition)), .int(expected), .int(next)])
        guard changed == 1 else { throw PositionMoved() }
    }

    /// Moves a producer's chain if it still is where this replica left it.
    ///
    /// The offset alone does not tell: after a topic was replaced, the same offset can stand for
    /// another state.
    /// - Throws: `PositionMoved` when it is not.
    static func moveChain(
        topic: Topic, partition: Int32, producer: KeyID, from expected: ProducerChain, to next: ProducerChain,
        in session: PostgresSession
    ) throws {
        let changed = try session.execute(
            """
            INSERT INTO producer_position (topic, partition, producer, next_number, head_hash)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (topic, partition, producer) DO UPDATE
            SET next_number = excluded.next_number, head_hash = excluded.head_hash
            WHERE producer_position.next_number = $6 AND producer_position.head_hash = $7
            """,
            [
                .text(topic.rawValue), .int(Int64(partition)), .bytes(producer.bytes),
                .int(Int64(bitPattern: next.next)), .bytes(next.head.bytes),
                .int(Int64(bitPattern: expected.next)), .bytes(expected.head.bytes),
            ])
        guard changed == 1 else { throw PositionMoved() }
    }
}
