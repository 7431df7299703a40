/// Why a record of a domain topic is not taken.
enum RecordRefusal: String, Error, Hashable, Sendable {
    /// A header is missing, repeated or not in its one form.
    case malformedHeaders = "malformed-headers"
    /// The producer's key is not one of a service of this network.
    case unknownProducer = "unknown-producer"
    /// The signature is not the producer's over this record in this place.
    case badSignature = "bad-signature"
    /// The heartbeat's time lies in the future.
    case fromTheFuture = "from-the-future"
    /// The event's type is not one that this program knows.
    case unknownType = "unknown-type"
    /// The producer does not publish this type on this topic.
    case wrongTopic = "wrong-topic"
    /// The record is marked pending and its type is not restrictive.
    case pendingNotAllowed = "pending-not-allowed"
    /// The value is not the object that it should be.
    case malformedValue = "malformed-value"
    /// The sealed part does not open with this service's key.
    case notOpened = "not-opened"
    /// The disclosure and the record contradict each other.
    case contradiction = "contradiction"
    /// The commitment of the entry does not cover the payload.
    case wrongCommitment = "wrong-commitment"
    /// The entry was not submitted by the producer.
    case wrongSubmitter = "wrong-submitter"
    /// The receipt does not prove that the entry is in the log.
    case badReceipt = "bad-receipt"
    /// The receipt is signed by validators that this service does not know yet.
    case networkBehind = "network-behind"
}
