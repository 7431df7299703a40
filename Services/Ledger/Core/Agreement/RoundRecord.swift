import Cryptography
import LedgerProtocol

/// What a validator holds of one round of its height.
struct RoundRecord: Sendable {
    /// A proposal and what is known of its validity.
    struct HeldProposal: Sendable {
        let proposal: Verified<Proposal>
        var isBeingJudged = false
        var verdict: Verdict?
    }

    // A proposer that signs two proposals is faulty; a third is kept only when votes name its block.
    private static let unsupportedProposalsMax = 2

    private(set) var proposals: [HeldProposal] = []
    var prevotes = VoteSet()
    var precommits = VoteSet()
    // The rules that apply "for the first time" in a round: lines 34, 36 and 47.
    var hasScheduledPropose = false
    var hasScheduledPrevote = false
    var hasScheduledPrecommit = false
    var hasScheduledNothing = false
    var hasSeenPolka = false

    /// Whether the round can still matter once it is over: only blocks do, nil votes do not.
    var namesBlock: Bool { !proposals.isEmpty || prevotes.namesBlock || precommits.namesBlock }

    /// Adds a proposal; false when it is held already or there is no reason to hold another one.
    mutating func insert(_ proposal: Verified<Proposal>, supportNeeded: Int) -> Bool {
        let blockHash = proposal.message.blockHash
        guard !proposals.contains(where: { $0.proposal.message == proposal.message }) else { return false }
        let support = max(prevotes.count(for: blockHash), precommits.count(for: blockHash))
        guard proposals.count < Self.unsupportedProposalsMax || support >= supportNeeded else { return false }
        proposals.append(HeldProposal(proposal: proposal))
        return true
    }

    /// The proposals that nobody was asked about yet, marked as asked from now on.
    mutating func takeUnjudged() -> [Verified<Proposal>] {
        var taken: [Verified<Proposal>] = []
        for index in proposals.indices where !proposals[index].isBeingJudged {
            proposals[index].isBeingJudged = true
            taken.append(proposals[index].proposal)
        }
        return taken
    }

    mutating func setVerdict(_ verdict: Verdict, of proposal: Proposal) {
        for index in proposals.indices where proposals[index].proposal.message == proposal {
            proposals[index].isBeingJudged = true
            proposals[index].verdict = verdict
        }
    }

    mutating func removeAll(of validator: ValidatorIndex) {
        prevotes.removeVotes(of: validator)
        precommits.removeVotes(of: validator)
        proposals.removeAll { $0.proposal.message.proposer == validator }
    }
}
