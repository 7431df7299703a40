import Cryptography
import LedgerProtocol
import Model
import Postgres

/// Keeps each subject's erasure secret, wrapped by the service's root key.
///
/// Destroying a subject's row destroys the openings of all entries about that subject, now and in every
/// copy that lacks the row.
struct SubjectSecrets {
    /// The number of bytes of a secret.
    static let byteCount = 32

    private let rootKey: SecretKey
    private let networkID: Digest

    init(_ context: MessagingContext) {
        rootKey = context.rootKey
        networkID = context.genesis.networkID
    }

    /// Gives the wrapped secrets of subjects and makes those that are missing, in the caller's
    /// transaction.
    func findOrMake(
        of subjects: Set<ParticipantID>, in session: PostgresSession
    ) throws -> [ParticipantID: [UInt8]] {
        var wrapped = try Self.findWrapped(of: subjects, in: session)
        // Two transactions that make several secrets wait for each other in one order only.
        let missing = subjects.filter { wrapped[$0] == nil }.sorted()
        guard !missing.isEmpty else { return wrapped }
        let fresh = missing.map { subject in
            wrap(SecretBytes(byteCount: Self.byteCount), of: subject)
        }
        try session.execute(
            """
            INSERT INTO subject_secret (subject, wrapped)
            SELECT u.subject, u.wrapped FROM unnest($1, $2) AS u(subject, wrapped)
            ON CONFLICT (subject) DO NOTHING
            """,
            [.uuidArray(missing.map(\.bytes)), .bytesArray(fresh)])
        wrapped.merge(try Self.findWrapped(of: Set(missing), in: session)) { _, new in new }
        return wrapped
    }

    /// Gives the wrapped secrets that there are.
    static func findWrapped(
        of subjects: Set<ParticipantID>, in session: PostgresSession
    ) throws -> [ParticipantID: [UInt8]] {
        let rows = try session.query(
            "SELECT subject, wrapped FROM subject_secret WHERE subject = ANY($1)",
            [.uuidArray(subjects.map(\.bytes))])
        var wrapped: [ParticipantID: [UInt8]] = [:]
        for row in rows {
            guard let subject = ParticipantID(try row.uuid(0)) else { continue }
            wrapped[subject] = try row.bytes(1)
        }
        return wrapped
    }

    /// Wraps a subject's secret under the root key.
    func wrap(_ secret: borrowing SecretBytes, of subject: ParticipantID) -> [UInt8] {
        rootKey.sealSecret(secret, associatedData: binding(of: subject))
    }

    /// Opens a wrapped secret.
    ///
    /// - Throws: `MessagingFault` with `.secretUnavailable` when there is none or the root key is
    ///   another one.
    func open(_ wrapped: [UInt8]?, of subject: ParticipantID) throws(MessagingFault) -> SecretBytes {
        guard let wrapped else {
            throw MessagingFault(
                .secretUnavailable,
                "the subject's erasure secret is gone; its entries can no longer be opened")
        }
        do throws(CryptographyError) {
            return try rootKey.openSecret(wrapped, associatedData: binding(of: subject))
        } catch {
            throw MessagingFault(
                .secretUnavailable, "the root key does not open a subject's secret; check CONSENTRY_KEYS")
        }
    }

    /// Ties a wrapped secret to its network and subject, so that rows cannot be exchanged.
    private func binding(of subject: ParticipantID) -> [UInt8] {
        Array("consentry/subject-secret/v1\n".utf8) + networkID.bytes + subject.bytes
    }
}
