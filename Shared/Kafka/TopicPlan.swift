/// One topic as `deploy/kafka/topics.yaml` lists it.
package struct TopicPlan: Sendable, Equatable {
    /// What the broker does with old records.
    package enum CleanupPolicy: String, Sendable, Codable {
        case delete
        case compact
    }

    /// The topic's name, lower case with dots.
    package let name: String
    /// Fixed for good, since keys choose partitions by it.
    package let partitionCount: Int32
    /// How long records are kept.
    package let retentionMilliseconds: Int64
    /// What happens to records afterwards.
    package let cleanupPolicy: CleanupPolicy
    /// The service that alone writes to the topic.
    package let owner: String
    /// Nil leaves the broker's own limit.
    package let messageBytesMax: Int?

    /// Creates a plan.
    package init(
        name: String, partitionCount: Int32, retentionMilliseconds: Int64,
        cleanupPolicy: CleanupPolicy = .delete, owner: String, messageBytesMax: Int? = nil
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.retentionMilliseconds = retentionMilliseconds
        self.cleanupPolicy = cleanupPolicy
        self.owner = owner
        self.messageBytesMax = messageBytesMax
    }
}
