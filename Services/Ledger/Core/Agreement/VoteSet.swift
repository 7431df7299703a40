import Cryptography
import LedgerProtocol

/// The votes of one step of one round.
struct VoteSet: Sendable {
    /// What became of a vote.
    enum Insertion: Hashable, Sendable {
        case added
        case known
        case conflicting(first: Vote)
    }

    // Two different votes of one validator are kept, which is what evidence needs. A third would let a faulty
    // validator fill the memory.
    private static let votesOfOneValidatorMax = 2

    private var firstVotes: [ValidatorIndex: Vote] = [:]
    private var votesByBlock: [Digest?: [ValidatorIndex: Vote]] = [:]

    /// How many different validators voted at all.
    var voterCount: Int { firstVotes.count }

    /// Whether anybody voted for a block.
    var namesBlock: Bool { votesByBlock.keys.contains { $0 != nil } }

    /// Everything held, for sending it again; in one order, so that the same inputs give the same outputs.
    var votes: [Vote] {
        votesByBlock.sorted { ($0.key ?? .zero) < ($1.key ?? .zero) }.flatMap { _, votes in
            votes.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// The blocks that at least that many validators voted for.
    func blocks(withAtLeast count: Int) -> [Digest] {
        votesByBlock.filter { $0.value.count >= count }.keys.compactMap { $0 }.sorted()
    }

    /// How many validators voted for the block, or for nil.
    func count(for blockHash: Digest?) -> Int { votesByBlock[blockHash]?.count ?? 0 }

    /// The first votes for a block, ascending by validator.
    func votes(for blockHash: Digest, count: Int) -> [Vote] {
        let votes = votesByBlock[blockHash] ?? [:]
        return votes.sorted { $0.key < $1.key }.prefix(count).map(\.value)
    }

    /// Adds a vote; one that belongs to a quorum that a proposal carries is added in any case.
    mutating func insert(_ vote: Vote, isPartOfQuorum: Bool) -> Insertion {
        if votesByBlock[vote.blockHash]?[vote.validator] != nil { return .known }
        guard let first = firstVotes[vote.validator] else {
            firstVotes[vote.validator] = vote
            votesByBlock[vote.blockHash, default: [:]][vote.validator] = vote
            return .added
        }
        let held = votesByBlock.values.count { $0[vote.validator] != nil }
        if held < Self.votesOfOneValidatorMax || isPartOfQuorum {
            votesByBlock[vote.blockHash, default: [:]][vote.validator] = vote
        }
        return .conflicting(first: first)
    }

    mutating func removeVotes(of validator: ValidatorIndex) {
        firstVotes[validator] = nil
        for blockHash in Array(votesByBlock.keys) {
            votesByBlock[blockHash]?[validator] = nil
            if votesByBlock[blockHash]?.isEmpty == true { votesByBlock[blockHash] = nil }
        }
    }
}
