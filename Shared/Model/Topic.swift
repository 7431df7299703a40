/// The Kafka topics of the suite; `deploy/kafka/topics.yaml` states their partitions and retention.
package enum Topic: String, CaseIterable, Sendable {
    case identityEvents = "identity.events"
    case consentEvents = "consent.events"
    case accessEvents = "access.events"
    case recordsEvents = "records.events"
    case notificationEvents = "notification.events"
    case ledgerSubmissions = "ledger.submissions"
    case ledgerConsensus = "ledger.consensus"
    case ledgerBlocks = "ledger.blocks"
    case ledgerReceipts = "ledger.receipts"
    case ledgerNetwork = "ledger.network"

    /// The topic that carries the access events of one subscribing system outside the suite.
    package static func accessEvents(ofSubscriber subscriber: String) -> String {
        "access.events.\(subscriber)"
    }
}
