package import Cryptography
package import LedgerProtocol
import Model

/// Submissions that are made and signed before the clock starts.
package struct SubmissionBatch: Sendable {
    /// In the order in which they are sent: the keys take turns.
    package let submissions: [Submission]

    var entryCount: Int { submissions.reduce(0) { $0 + $1.entryCount } }

    /// Makes submissions of equal size.
    ///
    /// - Parameter starts: the next sequence of each key.
    package static func make(
        networkID: NetworkID, signers: [Signer], starts: [KeyID: UInt64], count: Int, entryCount: Int
    ) throws -> SubmissionBatch {
        let time = SystemClock.now().milliseconds / 1_000
        var sequences = starts
        let submissions = try (0..<count).map { place in
            let signer = signers[place % signers.count]
            let sequence = sequences[signer.keyID, default: 0]
            sequences[signer.keyID] = sequence + 1
            return try Submission.make(
                networkID: networkID, sequence: sequence,
                entries: try entries(entryCount, by: signer.keyID, time: time), signer: signer)
        }
        return SubmissionBatch(submissions: submissions)
    }

    /// Entries of payloads that nobody has: a random commitment costs the ledger what any other does.
    private static func entries(_ count: Int, by keyID: KeyID, time: Int64) throws -> [Entry] {
        let bytes = Random.bytes(count * 48)
        return try (0..<count).map { place in
            let start = place * 48
            guard let id = EntryID(bytes[start..<start + 16]),
                let commitment = Digest(bytes[start + 16..<start + 48])
            else { throw ClientFailure("random bytes make no entry") }
            return Entry(kind: .private, submitter: keyID, id: id, time: time, commitment: commitment)
        }
    }
}
