/// The bounds that the binary forms state themselves; a network's own limits are in its genesis file.
package enum ProtocolLimits {
    /// The most entries of one submission; one signature for 1,024 entries costs each next to nothing.
    package static let submissionEntriesMax = 1_024
    /// The most bytes that the public payloads of one submission have together.
    package static let submissionPayloadBytesMax = 65_536
    /// The most bytes of one Kafka record, below the 1,000,000 that brokers accept unless told otherwise.
    package static let recordBytesMax = 900_000
    /// The most validators of a network; a round costs messages in the square of their number.
    package static let validatorsMax = 100
    /// The most bytes of a checkpoint text: an origin, a size and a root.
    package static let checkpointBytesMax = 512
    /// The most bytes of a signed checkpoint with a line for each validator.
    package static let noteBytesMax = 65_536
    /// The most hashes on one side of a range proof: up one side of a tree with 2⁶⁴ leaves and down the
    /// other.
    package static let rangeHashesMax = 128
    /// The most submissions that one query asks for, and the most that one block has.
    package static let blockSubmissionsMax = 65_535
}
