import Cryptography
import Model
import NotificationCore
import Postgres

/// Seals what the service keeps about people, and names patients in its tables.
struct NotificationKeys: Sendable {
    private static let storageContext = [UInt8]("consentry/notification/storage/v1\n".utf8)
    private static let nameTag = [UInt8]("consentry/notification/name/v1\n".utf8)
    private static let disclosureTag = [UInt8]("consentry/notification/disclosure/v1\n".utf8)

    let pseudonyms: PseudonymKeys
    private let storage: SecretKey
    private let networkID: Digest

    init(rootKey: SecretKey, networkID: Digest, subscribers: [Subscriber]) {
        pseudonyms = PseudonymKeys(rootKey: rootKey, networkID: networkID, subscribers: subscribers)
        storage = SecretKey(
            rootKey.derive(
                salt: networkID.bytes, context: Self.storageContext, byteCount: SecretKey.byteCount))
        self.networkID = networkID
    }

    func seal(name: String, of participant: ParticipantID) -> [UInt8] {
        storage.seal([UInt8](name.utf8), associatedData: nameBinding(participant))
    }

    func openName(_ box: [UInt8], of participant: ParticipantID) throws -> String {
        let bytes = try open(box, associatedData: nameBinding(participant), of: "participant")
        return String(decoding: bytes, as: UTF8.self)
    }

    func seal(disclosure: [UInt8], of event: EntryID, inbox: Digest) -> [UInt8] {
        storage.seal(disclosure, associatedData: disclosureBinding(event, inbox))
    }

    func openDisclosure(_ box: [UInt8], of event: EntryID, inbox: Digest) throws -> [UInt8] {
        try open(box, associatedData: disclosureBinding(event, inbox), of: "notice")
    }

    /// Ties a sealed name to its participant, so that rows cannot be exchanged.
    private func nameBinding(_ participant: ParticipantID) -> [UInt8] {
        Self.nameTag + networkID.bytes + participant.bytes
    }

    /// Ties a sealed event to its id and its patient.
    private func disclosureBinding(_ event: EntryID, _ inbox: Digest) -> [UInt8] {
        Self.disclosureTag + networkID.bytes + event.bytes + inbox.bytes
    }

    private func open(_ box: [UInt8], associatedData: [UInt8], of table: String) throws -> [UInt8] {
        do throws(CryptographyError) {
            return try storage.open(box, associatedData: associatedData)
        } catch {
            throw PostgresFault(
                reason: .unreadable,
                message:
                    "a row of the \(table) table does not open: it was changed, "
                    + "or CONSENTRY_KEYS names another key"
            )
        }
    }
}
