import Cryptography
import LedgerCore
import LedgerProtocol
import Model

/// One validator of four whose messages are made by hand, for scenarios that go step by step.
///
/// It is number 0; at height 1 the others propose in rounds 0, 1 and 2, and it in round 3.
struct Bench {
    let network: LedgerNetwork
    let verifier: MessageVerifier
    private(set) var core: ValidatorCore
    /// What it sent, in order.
    private(set) var sent: [LedgerMessage] = []
    private(set) var answers: [StoredQuestion] = []
    private(set) var evidence: [DoubleVote] = []
    private(set) var commits: [BlockCommit] = []
    /// Own signatures that left before the sign-state recorded them.
    private(set) var invariants: Invariants
    private var durable: SignState
    private var time: Int64 = 0
    private let skewMilliseconds: Int64

    init(skewMilliseconds: Int64 = 0) throws {
        network = try LedgerNetwork(validatorCount: 4)
        verifier = MessageVerifier(history: NetworkHistory(network.genesis))
        self.skewMilliseconds = skewMilliseconds
        durable = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        invariants = Invariants(network: network, honest: [0, 1, 2, 3])
        let now = Moment(uptimeMilliseconds: 0, wallClock: LedgerNetwork.createdAt)
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: durable)
        core = ValidatorCore(settings: network.settings(0), origin: origin, now: now)
        perform(core.start(at: moment))
    }

    var genesis: Genesis { network.genesis }
    var moment: Moment {
        Moment(
            uptimeMilliseconds: time,
            wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000 + time + skewMilliseconds))
    }

    /// The last vote of the kind that it sent, as `round block` or `round nil`; nil when it sent none.
    func lastVote(_ step: VoteStep) -> String? {
        let votes = sent.compactMap { message -> Vote? in
            if case .vote(let vote) = message, vote.validator == ValidatorIndex(0), vote.step == step {
                return vote
            }
            return nil
        }
        return votes.last.map { "\($0.round) \($0.blockHash.map { String($0.hex.prefix(8)) } ?? "nil")" }
    }

    /// How a vote for that block in that round reads.
    func name(_ round: UInt32, _ block: BuiltBlock?) -> String {
        "\(round) \(block.map { String($0.blockHash.hex.prefix(8)) } ?? "nil")"
    }

    var ownProposals: [Proposal] {
        sent.compactMap { message in
            if case .proposal(let proposal) = message, proposal.proposer == ValidatorIndex(0) {
                return proposal
            }
            return nil
        }
    }

    /// Gives it messages as the bus does: those that do not verify never come through.
    mutating func give(_ messages: [LedgerMessage]) {
        let inbound = messages.compactMap { verifier.verify($0) }
        perform(core.receive(inbound, at: moment))
    }

    mutating func give(_ votes: [Vote]) { give(votes.map { .vote($0) }) }

    /// Lets time pass, waking it whenever it wants to be woken.
    mutating func wait(milliseconds: Int64) {
        let end = time + milliseconds
        while core.nextDeadline <= end {
            time = max(time + 1, core.nextDeadline)
            perform(core.wake(at: moment))
        }
        time = end
    }

    /// Stops it and starts it again from its disk.
    ///
    /// - Throws: `DecodingFault` when the disk does not give what was written.
    mutating func restart() throws {
        let restored = try SignState(decoding: durable.encoded)
        let origin = ValidatorCore.Origin(genesis: genesis, signState: restored)
        core = ValidatorCore(settings: network.settings(0), origin: origin, now: moment)
        sent = []
        perform(core.start(at: moment))
    }

    /// A block of height 1; another number gives another time and so another block.
    func block(_ number: Int64, submissions: [Submission] = []) -> BuiltBlock {
        BlockBuilder.build(
            on: ChainHead(genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: number),
            submissions: submissions, next: genesis.initial)
    }

    /// A proposal of the validator whose turn it is, or of another one.
    ///
    /// - Throws: what the form refuses.
    func proposal(
        _ block: BuiltBlock, round: UInt32, validRound: UInt32? = nil, prevotes: [Vote]? = nil,
        by proposer: Int? = nil, checkpointText: String? = nil, hashes: [Digest]? = nil
    ) throws -> LedgerMessage {
        let turn = genesis.initial.proposer(height: block.height, round: round)
        let index = proposer.map { ValidatorIndex(UInt16($0)) } ?? turn
        let quorum = validRound.map { round in
            (1...3).map { vote(.prevote, round: round, block, by: $0) }
        }
        return .proposal(
            try Proposal.make(
                Proposal.Content(
                    networkID: genesis.networkID, round: round, validRound: validRound, proposer: index,
                    submissionHashes: hashes ?? block.submissions.map(\.hash), blockEntry: block.entry,
                    checkpointText: checkpointText ?? block.checkpointText,
                    prevotes: prevotes ?? quorum ?? []),
                signer: network.keys[index.position].consensus))
    }

    func vote(_ step: VoteStep, round: UInt32, _ block: BuiltBlock?, by index: Int) -> Vote {
        Vote.make(
            networkID: genesis.networkID, step: step, height: block?.height ?? BlockHeight(1), round: round,
            blockHash: block?.blockHash, validator: ValidatorIndex(UInt16(index)),
            signer: network.keys[index].consensus)
    }

    func votes(_ step: VoteStep, round: UInt32, _ block: BuiltBlock?, by indices: [Int]) -> [Vote] {
        indices.map { vote(step, round: round, block, by: $0) }
    }

    private mutating func perform(_ actions: [ValidatorAction]) {
        for action in actions {
            switch action {
            case .persist(let state): durable = state
            case .send(let message):
                guard let message = try? LedgerMessage(decoding: message.bytes) else { continue }
                let letter = PostOffice(genesis: genesis).read(message.encoded)
                invariants.seen(letter, of: 0, durable: durable)
                sent.append(message)
            case .commit(let commit):
                commits.append(commit)
                perform(core.committed(commit.block.height, at: moment))
            case .answer(let question): answers.append(question)
            case .report(let proof): evidence.append(proof)
            case .keep, .measure, .enter, .halt: break
            }
        }
    }
}

/// Gathers what a scenario finds wrong.
struct Findings {
    private(set) var lines: [String] = []

    mutating func expect(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds { lines.append(sentence()) }
    }

    mutating func expect<Value: Equatable>(_ found: Value, is wanted: Value, _ sentence: String) {
        if found != wanted { lines.append("\(sentence): \(found), not \(wanted)") }
    }

    mutating func add(_ violations: [Violation]) { lines += violations.map(\.description) }
}
