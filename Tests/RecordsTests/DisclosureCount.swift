import Model
import Postgres
import Synchronization

/// Remembers how many disclosures of a patient there were at one moment.
final class DisclosureCount: Sendable {
    private let value = Mutex(-1)

    var count: Int { value.withLock { $0 } }

    /// Counts the disclosures that are committed, within the caller's transaction.
    func read(_ patient: [UInt8], in session: PostgresSession) throws {
        let rows = try session.query(
            "SELECT 1 FROM event WHERE type = $1 AND subject = $2",
            [.text(EventType.accessDisclosed.rawValue), .uuid(patient)])
        value.withLock { $0 = rows.count }
    }
}
