package import Model

/// Says how old a consumer's knowledge of one producer's topic is.
package struct FreshnessView: Hashable, Sendable {
    /// The greatest age at which a consumer may still permit or release anything.
    package static let ageMillisecondsMax: Int64 = 5_000

    /// The topic.
    package let topic: Topic
    /// The service that writes the heartbeats.
    package let producer: ServiceName
    /// Milliseconds since the newest heartbeat that covers what this replica has applied, on the
    /// partition where that is longest; nil when a partition has had none.
    package let ageMilliseconds: Int64?

    /// States an age.
    package init(topic: Topic, producer: ServiceName, ageMilliseconds: Int64?) {
        self.topic = topic
        self.producer = producer
        self.ageMilliseconds = ageMilliseconds
    }

    /// Whether the knowledge is at most five seconds old on every partition.
    package var isFresh: Bool {
        guard let ageMilliseconds else { return false }
        return ageMilliseconds <= Self.ageMillisecondsMax
    }
}
