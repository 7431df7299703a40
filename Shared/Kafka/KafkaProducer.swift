import CLibrdkafka

/// Writes records; idempotent, acknowledged by all in-sync replicas, bounded in memory and time.
///
/// Records sent one after another to one partition keep their order. Call `shutdown()` when done: until
/// then librdkafka's threads run on.
package final class KafkaProducer: Sendable {
    /// The most records that may wait for their acknowledgement; more is `.queueFull`.
    package static let recordsInFlightMax = 10_000
    /// The most bytes that may wait for their acknowledgement; more is `.queueFull`.
    package static let bytesInFlightMax = 32 << 20
    /// The largest record with its key and headers; Kafka's own default.
    package static let recordBytesMax = 1_000_000
    /// How long `shutdown` waits for records in flight unless told otherwise; a service is given about five
    /// seconds to end, and this leaves time for its other parts.
    package static let flushMaxMilliseconds: Int32 = 3_000

    private let client: KafkaClient
    private let deliveries = PendingDeliveries()
    private let signal: QueueSignal

    /// Creates a producer; it connects by itself and again whenever it has to.
    /// - Throws: `KafkaFault` when a property is unknown or badly set.
    package init(_ configuration: KafkaConfiguration) throws(KafkaFault) {
        client = try KafkaClient(
            RD_KAFKA_PRODUCER, properties: configuration.producerProperties,
            eventMask: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        signal = QueueSignal(client.events, label: "kafka.\(configuration.clientID).deliveries") {
            [client, deliveries] in
            deliveries.drain(client)
        }
    }

    /// Sends a record and waits until the broker has stored it.
    ///
    /// Without a partition the key chooses it; a nil value is a tombstone.
    /// - Throws: `KafkaFault`; after `.brokerUnavailable` and `.cancelled` the record may have been
    ///   stored.
    package func send(
        topic: String, partition: Int32?, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader]
    ) async throws(KafkaFault) -> KafkaDelivery {
        let record = OutgoingRecord(
            topic: topic, partition: partition, key: key, value: value, headers: headers)
        if !client.hasLearned(topic) { try await learn(topic) }
        let number = deliveries.nextNumber()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let fault = hand(record, number, continuation) {
                    continuation.resume(returning: PendingDeliveries.Outcome.failure(fault))
                }
            }
        } onCancel: {
            deliveries.abandon(number)
        }
        return try outcome.get()
    }

    /// Sends a record that can be sent again later and does not wait for it.
    /// - Throws: `KafkaFault` when the record was not even taken; later failures count in
    ///   `undeliveredCount`.
    package func enqueue(
        topic: String, partition: Int32?, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader]
    ) throws(KafkaFault) {
        let record = OutgoingRecord(
            topic: topic, partition: partition, key: key, value: value, headers: headers)
        if let fault = hand(record, deliveries.nextNumber(), nil) { throw fault }
    }

    /// Asks the cluster for a topic's number of partitions.
    /// - Throws: `KafkaFault`, `.unknownTopic` when there is no such topic.
    package func partitionCount(
        topic: String, timeoutMilliseconds: Int32 = 5_000
    ) async throws(KafkaFault) -> Int32 {
        try await client.partitionCount(of: topic, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// The records in flight at this moment.
    package var inFlightCount: Int { deliveries.count }

    /// The records that nobody waited for and that were not delivered.
    package var undeliveredCount: Int { deliveries.undeliveredCount }

    /// Refuses new records, waits for those in flight no longer than it is told, and ends the client.
    package func shutdown(flushMilliseconds: Int32 = flushMaxMilliseconds) async {
        guard deliveries.close() else { return }
        _ = try? await client.waiting { client in
            // Reports are taken by the signal's queue meanwhile.
            let error = rd_kafka_flush(client.handle, flushMilliseconds)
            if error != RD_KAFKA_RESP_ERR_NO_ERROR {
                rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            }
            return .success(true)
        }
        await signal.stop()
        deliveries.drain(client)
        await client.destroy { _ in }
        deliveries.failAll()
    }

    private func learn(_ topic: String) async throws(KafkaFault) {
        _ = try await client.waiting { client in
            Result { () throws(KafkaFault) in try client.learn(topic) }.map { true }
        }
    }

    private func hand(
        _ record: OutgoingRecord, _ number: UInt, _ continuation: PendingDeliveries.Continuation?
    ) -> KafkaFault? {
        deliveries.add(number, bytes: record.bytes, continuation: continuation) {
            record.produce(on: client.handle, number: number)
        }
    }
}
