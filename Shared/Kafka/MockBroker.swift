import CLibrdkafka
import Dispatch
import Synchronization

/// A Kafka-protocol broker inside this process, for trying out and for tests; everything is lost at
/// `close`.
///
/// It is librdkafka's mock cluster: 5 MiB are kept a partition, there is no TLS and no access control,
/// and more than 2.4 MB in flight to one partition may be acknowledged and dropped.
package final class MockBroker: Sendable {
    /// A cluster's `host:port` list; the port is chosen by the system.
    package let bootstrapServers: String
    private let brokerCount: Int32
    private let waker: ClusterWaker
    private let state: Mutex<Cluster?>

    private struct Cluster: Sendable {
        // librdkafka's handles may be used from any thread; the lock only keeps `close` from coming
        // between.
        nonisolated(unsafe) let client: OpaquePointer
        nonisolated(unsafe) let cluster: OpaquePointer
    }

    /// Starts the brokers, on the loopback interface, and creates the topics.
    /// - Throws: `KafkaFault` when the cluster or a topic cannot be made.
    package init(topics: [(name: String, partitions: Int32)], brokerCount: Int = 1) throws {
        let settings = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(settings, nil)
        var text = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, &text, text.count) else {
            rd_kafka_conf_destroy(settings)
            throw KafkaFault(reason: .other, message: "the embedded broker's client cannot be made")
        }
        guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokerCount)) else {
            rd_kafka_destroy(client)
            throw KafkaFault(reason: .other, message: "the embedded broker cannot be started")
        }
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
        let waker = ClusterWaker(bootstrapServers)
        for topic in topics {
            let error = waker.waking {
                rd_kafka_mock_topic_create(cluster, topic.name, topic.partitions, Int32(brokerCount))
            }
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                rd_kafka_mock_cluster_destroy(cluster)
                rd_kafka_destroy(client)
                throw KafkaFault(error, topic: topic.name)
            }
        }
        self.brokerCount = Int32(brokerCount)
        self.waker = waker
        state = Mutex(Cluster(client: client, cluster: cluster))
    }

    deinit { close() }

    /// Stops the brokers: connections are cut at once, memory is given back in the background.
    package func close() {
        for identifier in 1...brokerCount { setBroker(identifier, isUp: false) }
        let closing = state.withLock { state in
            defer { state = nil }
            return state
        }
        guard let closing else { return }
        // The cluster's thread sleeps a second before it sees that it should end.
        DispatchQueue.global().async {
            rd_kafka_mock_cluster_destroy(closing.cluster)
            rd_kafka_destroy(closing.client)
        }
    }

    /// Cuts every connection to a broker and refuses new ones, or accepts them again; brokers count
    /// from 1.
    package func setBroker(_ identifier: Int32 = 1, isUp: Bool) {
        withCluster { cluster in
            _ =
                isUp
                ? rd_kafka_mock_broker_set_up(cluster, identifier)
                : rd_kafka_mock_broker_set_down(cluster, identifier)
        }
    }

    /// Delays every answer of a broker.
    package func setRoundTrip(_ identifier: Int32 = 1, milliseconds: Int32) {
        withCluster { _ = rd_kafka_mock_broker_set_rtt($0, identifier, milliseconds) }
    }

    /// Lets the next produce requests fail with "not enough replicas", which a producer retries.
    package func failNextProduceRequests(_ count: Int) {
        let errors = [rd_kafka_resp_err_t](repeating: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, count: count)
        // SPEC Kafka protocol: API key 0 is Produce.
        withCluster { rd_kafka_mock_push_request_errors_array($0, 0, errors.count, errors) }
    }

    private func withCluster(_ body: (OpaquePointer) -> Void) {
        state.withLock { state in
            guard let state else { return }
            waker.waking { body(state.cluster) }
        }
    }
}
