package import Cryptography
package import Model

/// The keys under which patients have other names: one for this service's own tables, one for each
/// subscriber.
///
/// Without its key a name leads nowhere, and names of one patient under two keys cannot be joined.
package struct PseudonymKeys: Sendable {
    private static let inboxContext = "consentry/notification/inbox/v1\n"
    private static let subscriberContext = "consentry/notification/subscriber/v1\n"

    private let inbox: SecretKey
    private let subscribers: [String: SecretKey]

    /// Derives the keys from the service's root key (HKDF-SHA-256, salted with the network's id).
    package init(rootKey: SecretKey, networkID: Digest, subscribers: [Subscriber]) {
        func key(_ context: String) -> SecretKey {
            SecretKey(
                rootKey.derive(
                    salt: networkID.bytes, context: [UInt8](context.utf8), byteCount: SecretKey.byteCount))
        }
        inbox = key(Self.inboxContext)
        self.subscribers = Dictionary(
            uniqueKeysWithValues: subscribers.map { ($0.name, key(Self.subscriberContext + $0.name)) })
    }

    /// The name of a patient's inbox in this service's tables.
    package func inbox(of patient: ParticipantID) -> Digest { inbox.authenticate(patient.bytes) }

    /// The subscriber's own name for a patient; nil for a subscriber without a key.
    package func pseudonym(of patient: ParticipantID, for subscriber: Subscriber) -> Digest? {
        subscribers[subscriber.name]?.authenticate(patient.bytes)
    }
}
