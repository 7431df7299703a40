/// One header of a record; names may repeat.
package struct KafkaHeader: Sendable, Equatable {
    /// The header's name.
    package let name: String
    /// The header's bytes.
    package let value: [UInt8]

    /// Creates a header.
    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// One record as it was read from a partition.
package struct KafkaRecord: Sendable, Equatable {
    /// The topic it was read from.
    package let topic: String
    /// The partition, from zero on.
    package let partition: Int32
    /// The place in the partition.
    package let offset: Int64
    /// Milliseconds since 1970, as the producer or the broker set it; -1 when there is none.
    package let timestampMilliseconds: Int64
    /// What chose the partition, if anything.
    package let key: [UInt8]?
    /// Nil for a tombstone.
    package let value: [UInt8]?
    /// In the order of sending.
    package let headers: [KafkaHeader]

    /// Creates a record; tests of consumers use it.
    package init(
        topic: String, partition: Int32, offset: Int64, timestampMilliseconds: Int64, key: [UInt8]?,
        value: [UInt8]?, headers: [KafkaHeader]
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestampMilliseconds = timestampMilliseconds
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// The value of the first header of this name.
    package func header(_ name: String) -> [UInt8]? { headers.first { $0.name == name }?.value }
}

/// Where the broker stored a record.
package struct KafkaDelivery: Sendable, Equatable {
    /// The partition, from zero on.
    package let partition: Int32
    /// The place in the partition.
    package let offset: Int64

    /// Creates a delivery; in-memory adapters use it.
    package init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }
}
