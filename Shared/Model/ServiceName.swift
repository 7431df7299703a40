/// The services of the suite, by the name that is also their executable, schema and database role.
package enum ServiceName: String, CaseIterable, Sendable {
    case identity
    case consent
    case records
    case notification

    /// The domain topics on which this service publishes its events.
    package var topics: [Topic] {
        switch self {
        case .identity: [.identityEvents]
        case .consent: [.consentEvents, .accessEvents]
        case .records: [.recordsEvents, .accessEvents]
        case .notification: []
        }
    }

    /// The services entitled to the sealed part of events on a topic; the producer always is too.
    package static func entitled(to topic: Topic) -> [ServiceName] {
        switch topic {
        case .identityEvents: [.consent, .records, .notification]
        case .consentEvents, .accessEvents: [.consent, .records, .notification]
        case .recordsEvents: [.notification]
        case .notificationEvents, .ledgerSubmissions, .ledgerConsensus, .ledgerBlocks, .ledgerReceipts,
            .ledgerNetwork:
            []
        }
    }
}
