import Cryptography
import LedgerProtocol

/// The messages of one height, bounded whatever faulty validators send.
struct MessageLog: Sendable {
    // A validator that is ahead needs only its newest rounds heard, for the others to follow it there.
    private static let futureRoundsOfOneValidatorMax = 2

    private(set) var rounds: [UInt32: RoundRecord] = [:]
    private var highestRounds: [ValidatorIndex: UInt32] = [:]
    private var futureRounds: [ValidatorIndex: [UInt32]] = [:]
    private(set) var currentRound: UInt32 = 0

    /// How many different validators have sent anything for this height.
    var senderCount: Int { highestRounds.count }

    subscript(round: UInt32) -> RoundRecord {
        get { rounds[round] ?? RoundRecord() }
        set { rounds[round] = newValue }
    }

    /// The round that at least `count` validators have reached; nil when fewer have sent anything.
    func roundReached(byAtLeast count: Int) -> UInt32? {
        guard highestRounds.count >= count else { return nil }
        return highestRounds.values.sorted(by: >)[count - 1]
    }

    /// Moves to a later round and drops what can no longer matter.
    mutating func enter(_ round: UInt32) {
        currentRound = round
        for (validator, future) in futureRounds { futureRounds[validator] = future.filter { $0 > round } }
        // The round before is kept whole, so that one that lags can be helped out of it.
        for (past, record) in rounds where past < round && round - past > 1 && !record.namesBlock {
            rounds[past] = nil
        }
    }

    /// Says whether a message of the round is worth holding, making room for it where that is needed.
    mutating func admit(round: UInt32, of sender: ValidatorIndex, namesBlock: Bool) -> Bool {
        if round < currentRound && !namesBlock && rounds[round] == nil { return false }
        highestRounds[sender] = max(highestRounds[sender] ?? 0, round)
        guard round > currentRound else { return true }
        var future = futureRounds[sender] ?? []
        if future.contains(round) { return true }
        if future.count == Self.futureRoundsOfOneValidatorMax {
            guard let lowest = future.min(), lowest < round else { return false }
            rounds[lowest]?.removeAll(of: sender)
            future.removeAll { $0 == lowest }
        }
        futureRounds[sender] = future + [round]
        return true
    }

    /// The proposal of a block that was found valid in any round.
    func validProposal(of blockHash: Digest) -> Proposal? {
        for (_, record) in rounds.sorted(by: { $0.key < $1.key }) {
            for held in record.proposals where held.proposal.message.blockHash == blockHash {
                if let verdict = held.verdict, verdict != .invalid { return held.proposal.message }
            }
        }
        return nil
    }

    /// What is worth sending again: rounds that go on, and rounds in which a block may have been agreed.
    func worthSending(validRound: UInt32?) -> [(proposals: [Proposal], votes: [Vote])] {
        rounds.sorted { $0.key < $1.key }.compactMap { round, record in
            let isRecent = round + 1 >= currentRound
            guard isRecent || round == validRound || record.precommits.namesBlock else { return nil }
            return (
                record.proposals.map(\.proposal.message), record.prevotes.votes + record.precommits.votes
            )
        }
    }
}
