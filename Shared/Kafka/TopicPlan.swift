/// One topic as `deploy/kafka/topics.yaml` lists it.
package struct TopicPlan: Sendable, Equatable {
    /// What the broker does with old records.
    package enum CleanupPolicy: String, Sendable, Codable {
        case delete
        case compact
    }

    package let name: String
    package let partitionCount: Int32
    package let retentionMilliseconds: Int64
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
