import LedgerProtocol
import Postgres

/// Reading back the proofs of validators' faults.
extension BlockStore {
    /// The most pairs of votes that one answer shows.
    static let evidenceShownMax: Int64 = 1_000

    /// The kept double votes whose signatures verify, ascending by height, and how many rows do not hold one.
    ///
    /// - Throws: `PostgresFault`.
    func evidence() async throws -> (proofs: [DoubleVote], unreadableCount: Int) {
        let history = network.current
        return try await pool.query { session in
            let rows = try session.query(
                """
                SELECT first_vote, second_vote FROM evidence
                ORDER BY height, round, step, validator LIMIT \(Self.evidenceShownMax)
                """)
            let proofs = rows.compactMap { row -> DoubleVote? in
                guard let first = try? Vote(decoding: row.bytes(0)),
                    let second = try? Vote(decoding: row.bytes(1)),
                    let proof = DoubleVote(checking: first, second), (try? proof.verify(history)) != nil
                else { return nil }
                return proof
            }
            return (proofs, rows.count - proofs.count)
        }
    }
}
