import Cryptography
import LedgerCore
package import LedgerProtocol
package import Model
import TransparencyLog

/// A rule that was broken, in words that say by whom and where.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// When, in milliseconds of the run.
    package let at: Int64
    /// What was broken.
    package let rule: Rule
    /// By whom and where.
    package let detail: String

    package var description: String { "\(at) ms: \(rule.rawValue): \(detail)" }

    /// What must hold after every step.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        /// I3: one header for each height among honest validators.
        case fork = "two honest validators hold different blocks of one height"
        /// I3: every certificate verifies, and the block with it.
        case badBlock = "a block or its certificate does not verify"
        /// I2: each entry is in the ledger once, each key's sequences without a gap.
        case entryTwice = "an entry or a sequence is in the ledger twice or out of turn"
        /// I1: a note is of the block of its height and carries a quorum.
        case badNote = "a signed checkpoint is not the one of its height"
        /// I1: a receipt convinces the light client of the service that submitted.
        case badReceipt = "a receipt does not convince its submitter"
        /// F16: an honest key signs one message a height, round and step.
        case doubleVote = "an honest key signed two different messages for one step"
        /// The lock: lines 28 to 33.
        case againstLock = "an honest validator voted against its lock"
        /// Lines 36 to 41: a precommit rests on a quorum of prevotes.
        case unfoundedPrecommit = "an honest validator precommitted without a quorum of prevotes"
        /// Lines 22 to 33: a prevote rests on a sound proposal of whoever's turn it is.
        case unsoundPrevote = "an honest validator prevoted what nobody soundly proposed"
        /// A validator signs from the height on at which it joins, and no more once it has left.
        case outsider = "a validator voted or cosigned at a height at which it was not in force"
        /// F4: nothing signed is seen that the disk does not record.
        case earlySignature = "a signature was seen before the sign-state on the disk recorded it"
        /// Evidence names the guilty only.
        case innocentAccused = "an honest validator was accused of a double vote"
        /// An honest validator that the others cannot stop.
        case halted = "an honest validator stopped for good"
        /// Blocks without entries are made as heartbeats only.
        case emptyBlock = "an honest validator proposed an empty block in a first round"
        /// I9: progress within a bound after the fault ends.
        case noProgress = "the network did not settle in time after the faults ended"
        /// The like for the time in which nothing is submitted.
        case restless = "the network made blocks although there was nothing to do"
    }
}

/// Watches a network after every step, with what all validators together know and none knows alone.
///
/// It shares no rule with the validators' core: votes, quorums, turns, locks and roots are counted here anew.
package struct Invariants {
    /// A block that an honest validator stored first.
    package struct Settled {
        /// The block in its binary form.
        package let block: FinalBlock
        /// The chain after it.
        package let head: ChainHead
    }

    struct VoteSlot: Hashable {
        let validator: Int
        let height: BlockHeight
        let round: UInt32
        let step: VoteStep
    }

    struct Ballot: Hashable {
        let height: BlockHeight
        let round: UInt32
        let step: VoteStep
        let blockHash: Digest
    }

    let network: LedgerNetwork
    let honest: Set<Int>
    /// What was broken, in the order of time.
    package private(set) var violations: [Violation] = []
    /// The one chain; the block of height h is at h − 1.
    package internal(set) var chain: [Settled] = []
    /// The heights that a quorum cosigned.
    package internal(set) var acknowledged: Set<BlockHeight> = []
    /// Receipts that convinced their submitter, by entry.
    package internal(set) var receiptCount = 0
    /// Whether blocks without entries may be made in first rounds.
    package var heartbeatsAreMade = false
    /// Whether every honest clock shows the same time, so that a block's time can be judged.
    package var clocksAgree = true
    var now = Moment(uptimeMilliseconds: 0, wallClock: LedgerNetwork.createdAt)

    var votes: [VoteSlot: Digest?] = [:]
    var proposals: [VoteSlot: Proposal] = [:]
    var cosigned: [VoteSlot: Digest] = [:]
    // Who truly signed a vote for a block, as one bit each.
    var support: [Ballot: UInt64] = [:]
    var proposed: [Ballot: [Proposal]] = [:]
    var soundness: [Ballot: Bool] = [:]
    var locks: [Int: (height: BlockHeight, round: UInt32, blockHash: Digest)] = [:]
    var submissions: [Digest: Submission] = [:]
    var certificates: Set<Certificate> = []
    var entryIDs: Set<EntryID> = []
    var nextSequences: [KeyID: UInt64] = [:]
    var receipts: Set<Digest> = []
    var client: LightClient
    // Every network that was in force, as the blocks of the one chain make them.
    var history: NetworkHistory

    init(network: LedgerNetwork, honest: Set<Int>) {
        self.network = network
        self.honest = honest
        client = LightClient(genesis: network.genesis)
        history = NetworkHistory(network.genesis)
    }

    /// The validators in force at a height, by their indices; the block before is stored when anybody honest
    /// signs for it.
    func validators(at height: BlockHeight) -> [Int] {
        history.state(at: height).validatorIndices.map(\.position).sorted()
    }

    /// How many make a quorum at a height, counted here anew: more than two thirds.
    func quorum(at height: BlockHeight) -> Int {
        let count = validators(at: height).count
        return (1...count).first { 3 * $0 > 2 * count } ?? count
    }

    mutating func broken(_ rule: Violation.Rule, _ detail: String) {
        violations.append(Violation(at: now.uptimeMilliseconds, rule: rule, detail: detail))
    }

    /// Notes everything that somebody signed in a letter; only verified ones come here.
    mutating func signed(_ message: InboundMessage) {
        switch message {
        case .vote(let vote): count(vote.message)
        case .proposal(let proposal):
            let proposal = proposal.message
            for prevote in proposal.content.prevotes { count(prevote) }
            let ballot = Ballot(
                height: proposal.height, round: proposal.round, step: .prevote,
                blockHash: proposal.blockHash)
            proposed[ballot, default: []].append(proposal)
            soundness[ballot] = nil
        case .finalBlock(let block):
            for precommit in block.message.certificate.precommits { count(precommit) }
            for submission in block.message.submissions { submissions[submission.hash] = submission }
        case .submission(let submission): submissions[submission.message.hash] = submission.message
        case .doubleVote(let proof):
            count(proof.message.first)
            count(proof.message.second)
        case .refused, .cosignature, .query, .status, .settledBlock: break
        }
    }

    /// How many validators signed that vote; the one that asks counts itself in, sent or not.
    func supporters(_ ballot: Ballot, with validator: Int? = nil) -> Int {
        let own: UInt64 = validator.map { 1 << UInt64($0) } ?? 0
        return ((support[ballot] ?? 0) | own).nonzeroBitCount
    }

    private mutating func count(_ vote: Vote) {
        guard let blockHash = vote.blockHash else { return }
        let ballot = Ballot(height: vote.height, round: vote.round, step: vote.step, blockHash: blockHash)
        support[ballot, default: 0] |= 1 << UInt64(vote.validator.position)
    }
}
