import Cryptography
import LedgerProtocol

/// Proposals of one height that name submissions which are not held, with what each still lacks.
///
/// Under load a proposal names thousands of submissions and they come one by one, so each arrival costs the
/// same however many are named.
struct IncompleteProposals: Sendable {
    private struct Waiting: Sendable {
        let proposal: Proposal
        var missing: Set<Digest>
    }

    private var waiting: [Waiting] = []

    /// Whether nothing is waited for.
    var isEmpty: Bool { waiting.isEmpty }

    /// What is waited for, in the order in which the proposals name it.
    var missing: [Digest] {
        waiting.flatMap { one in one.proposal.content.submissionHashes.filter { one.missing.contains($0) } }
    }

    /// Waits for what a proposal lacks, which is something; a proposal that waits already is not added.
    mutating func add(_ proposal: Proposal, missing: [Digest]) {
        guard !waiting.contains(where: { $0.proposal == proposal }) else { return }
        waiting.append(Waiting(proposal: proposal, missing: Set(missing)))
    }

    /// Whether a proposal waits for this submission.
    func wants(_ hash: Digest) -> Bool { waiting.contains { $0.missing.contains(hash) } }

    /// Notes that a submission is held, and gives the proposals that lack nothing any more.
    mutating func arrived(_ hash: Digest) -> [Proposal] {
        var isComplete = false
        for index in waiting.indices where waiting[index].missing.remove(hash) != nil {
            isComplete = isComplete || waiting[index].missing.isEmpty
        }
        guard isComplete else { return [] }
        let complete = waiting.filter(\.missing.isEmpty).map(\.proposal)
        waiting.removeAll(where: \.missing.isEmpty)
        return complete
    }
}
