import Cryptography
import LedgerProtocol

/// The submissions of this service that are sent and not yet final, within the network's limits for one
/// relay.
struct RelayWindow: Sendable {
    /// DESIGN, the ledger's limits: how many submissions may be on their way.
    static let submissionsMax = 8
    /// DESIGN, the ledger's limits: how many bytes may be on their way.
    static let bytesMax = 1 << 20
    /// How long after sending a submission is sent again while it is not final.
    static let resendMilliseconds: Int64 = 1_000
    /// The bytes of a submission that are not entries: magic, network, key, sequence, count, signature.
    private static let overheadBytes = 142

    /// One submission on its way.
    struct Flight: Sendable {
        let submission: Submission
        let version: Int
        /// When the broker stored or refused it last; nil while it is being sent.
        var settledAt: Int64?
        var isBeingSent = false
    }

    private(set) var flights: [UInt64: Flight] = [:]

    /// The bytes on their way.
    var byteCount: Int { flights.values.reduce(0) { $0 + $1.submission.encoded.count } }

    /// How many entries the next submission may hold; 0 while the window is full.
    var entryRoom: Int {
        guard flights.count < Self.submissionsMax else { return 0 }
        let room = (Self.bytesMax - byteCount - Self.overheadBytes) / Entry.byteCount
        return max(0, min(room, ProtocolLimits.submissionEntriesMax))
    }

    /// Takes a stored submission in, in place of an earlier version of its sequence.
    mutating func add(_ submission: Submission, version: Int) {
        flights[submission.sequence] = Flight(submission: submission, version: version)
    }

    /// Takes a submission out that is final.
    mutating func land(_ sequence: UInt64) {
        flights[sequence] = nil
    }

    /// Gives what is to be sent at a time, in the order of the sequences, and marks it as being sent.
    mutating func takeDue(at milliseconds: Int64) -> [Submission] {
        let due = flights.values.filter { flight in
            guard !flight.isBeingSent else { return false }
            guard let settledAt = flight.settledAt else { return true }
            return milliseconds - settledAt >= Self.resendMilliseconds
        }
        for flight in due { flights[flight.submission.sequence]?.isBeingSent = true }
        return due.map(\.submission).sorted { $0.sequence < $1.sequence }
    }

    /// Notes that the broker stored a submission or refused it; it is sent again a second later.
    mutating func settle(_ submission: Submission, at milliseconds: Int64) {
        guard flights[submission.sequence]?.submission.hash == submission.hash else { return }
        flights[submission.sequence]?.isBeingSent = false
        flights[submission.sequence]?.settledAt = milliseconds
    }
}
