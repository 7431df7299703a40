/// Says which cluster a client talks to and how it is called there.
package struct KafkaConfiguration: Sendable {
    /// Comma-separated `host:port` pairs of some brokers of the cluster.
    package var bootstrapServers: String
    /// The name that the brokers' logs and quotas show.
    package var clientID: String
    /// librdkafka properties that overrule this module's own, such as `security.protocol`.
    package var properties: [String: String]

    /// Creates a configuration; without properties the connection is plain text.
    package init(bootstrapServers: String, clientID: String, properties: [String: String] = [:]) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.properties = properties
    }

    private var common: [String: String] {
        [
            "bootstrap.servers": bootstrapServers,
            "client.id": clientID,
            // A message waits for nothing but its own batch.
            "socket.nagle.disable": "true",
            "socket.keepalive.enable": "true",
            "reconnect.backoff.ms": "50",
            "reconnect.backoff.max.ms": "1000",
        ]
    }

    var producerProperties: [String: String] {
        let own = [
            "enable.idempotence": "true",
            "acks": "all",
            "message.timeout.ms": "30000",
            "message.max.bytes": String(KafkaProducer.recordBytesMax),
            // What is sent is a vote, an event or a batch already, and somebody waits for it. Records that
            // come while five requests are on their way share the next one. A wait of a millisecond costs
            // more than it spares: librdkafka spins until it is over. Bulk loads set 5.
            "linger.ms": "0",
            // An unknown topic is a fault soon, not after `message.timeout.ms`.
            "topic.metadata.propagation.max.ms": "5000",
            // Of librdkafka's queue only: this module's own, lower limits are met first.
            "queue.buffering.max.messages": "20000",
            "queue.buffering.max.kbytes": "65536",
            // Java clients choose the same partition for the same key.
            "partitioner": "murmur2_random",
        ]
        return merged(own)
    }

    var consumerProperties: [String: String] {
        let own = [
            // Offsets live with the state that they belong to, in Postgres.
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            // The default jumps to the end silently and loses what lies between.
            "auto.offset.reset": "error",
            "allow.auto.create.topics": "false",
            "check.crcs": "true",
            "enable.partition.eof": "false",
            // `devbroker` never cuts a waiting fetch short, so a long wait would be latency.
            "fetch.wait.max.ms": "2",
            "fetch.error.backoff.ms": "20",
            // What a slow reader may hold in memory, of all partitions together, for they share one
            // queue. Once it is full, librdkafka 2.0 fetches nothing for a whole second, so it must
            // outlast one.
            "queued.max.messages.kbytes": "65536",
            "queued.min.messages": "100000",
        ]
        return merged(own)
    }

    private func merged(_ own: [String: String]) -> [String: String] {
        common.merging(own) { _, new in new }.merging(properties) { _, new in new }
    }
}
