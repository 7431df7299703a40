import Cryptography
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// A network of validators, a service and a faulty bus in one thread, all determined by a seed.
struct Simulation {
    struct Faults {
        var delayMilliseconds: ClosedRange<Int64> = 1...15
        var duplicatePercent = 10
        var lossPercent = 0
        /// This validator sends every second peer the opposite of each vote.
        var equivocator: Int?
    }

    /// One validator with what survives its crash.
    struct Node {
        var core: ValidatorCore?
        var signState: [UInt8]
        /// The sign-state that those bytes hold.
        var durable: SignState
        var commits: [BlockCommit] = []
        var notes: [BlockHeight: SignedNote] = [:]
        var wakeAt: Int64 = .max
        var storeFreeAt: Int64 = 0
        var epoch = 0
        var halted: HaltCause?
    }

    private enum Event {
        case deliver([UInt8], to: Int)
        case wake(Int, epoch: Int)
        case committed(BlockCommit, Int, epoch: Int)
        case resubmit
    }

    private struct VoteKey: Hashable {
        let validator: ValidatorIndex
        let height: BlockHeight
        let round: UInt32
        let step: VoteStep
    }

    let network: LedgerNetwork
    let faults: Faults
    private(set) var nodes: [Node] = []
    private(set) var time: Int64 = 0
    private(set) var doubleVotes = 0
    /// How often something could be seen that an own key had signed and no durable sign-state recorded.
    private(set) var earlySignatures = 0
    private(set) var waits: [Int64] = []
    private(set) var records: [ReceiptRecord] = []
    private(set) var refusals: [SubmissionRefusal] = []
    private var numbers: SeededNumbers
    private var events: [(at: Int64, order: Int, event: Event)] = []
    private var order = 0
    private var votes: [VoteKey: Digest?] = [:]
    private var submissions: [Submission] = []
    private var settledHashes: Set<Digest> = []

    init(network: LedgerNetwork, seed: UInt64, faults: Faults = Faults()) {
        self.network = network
        self.faults = faults
        numbers = SeededNumbers(seed: seed)
        for index in network.keys.indices {
            let fresh = SignState(
                networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)))
            nodes.append(Node(core: nil, signState: fresh.encoded, durable: fresh))
        }
        add(1_000, .resubmit)
    }

    var moment: Moment {
        Moment(
            uptimeMilliseconds: time,
            wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000 + time))
    }

    /// Whether every submission is in a stored block of every running validator.
    var isSettled: Bool {
        nodes.allSatisfy { node in
            guard node.core != nil else { return true }
            let stored = Set(node.commits.flatMap { $0.block.submissions.map(\.hash) })
            return submissions.allSatisfy { stored.contains($0.hash) }
        }
    }

    mutating func submit(_ submission: Submission) {
        submissions.append(submission)
        broadcast(submission.encoded)
    }

    mutating func crash(_ index: Int) {
        nodes[index].core = nil
        nodes[index].epoch += 1
    }

    /// Puts an older copy of the database in place of a crashed validator's; the sign-state is not in it.
    mutating func restore(_ index: Int, withoutBlocks count: Int) {
        nodes[index].commits.removeLast(min(count, nodes[index].commits.count))
        let stored = Set(nodes[index].commits.map(\.block.height))
        nodes[index].notes = nodes[index].notes.filter { stored.contains($0.key) }
    }

    /// Starts a validator from what it stored and signed.
    mutating func start(_ index: Int) throws {
        let origin = try origin(index)
        var core = ValidatorCore(settings: network.settings(index), origin: origin, now: moment)
        let actions = core.start(at: moment)
        nodes[index].core = core
        nodes[index].epoch += 1
        nodes[index].wakeAt = .max
        perform(actions, index)
    }

    mutating func startAll() throws {
        for index in nodes.indices { try start(index) }
    }

    /// Runs until the condition holds; false when the time is over first.
    mutating func run(milliseconds: Int64, until isDone: (Simulation) -> Bool) throws -> Bool {
        let end = time + milliseconds
        var checkedAt = time
        while let next = events.indices.min(by: {
            (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order)
        }),
            events[next].at <= end
        {
            let (at, _, event) = events.remove(at: next)
            time = max(time, at)
            handle(event)
            if time >= checkedAt + 5 {
                checkedAt = time
                if isDone(self) { return true }
            }
        }
        time = end
        return isDone(self)
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .deliver(let bytes, let index):
            let verifier = MessageVerifier(history: NetworkHistory(network.genesis))
            guard let message = try? LedgerMessage(decoding: bytes), let inbound = verifier.verify(message)
            else {
                return
            }
            step(index) { $0.receive([inbound], at: $1) }
        case .wake(let index, let epoch):
            guard nodes[index].epoch == epoch else { return }
            nodes[index].wakeAt = .max
            step(index) { $0.wake(at: $1) }
        case .committed(let commit, let index, let epoch):
            guard nodes[index].epoch == epoch else { return }
            nodes[index].commits.append(commit)
            step(index) { $0.committed(commit.block.height, at: $1) }
        case .resubmit:
            let stored = Set(nodes.flatMap { $0.commits.flatMap { $0.block.submissions.map(\.hash) } })
            for submission in submissions where !stored.contains(submission.hash) {
                broadcast(submission.encoded)
            }
            add(time + 1_000, .resubmit)
        }
    }

    private mutating func step(_ index: Int, _ body: (inout ValidatorCore, Moment) -> [ValidatorAction]) {
        guard nodes[index].core != nil, nodes[index].halted == nil else { return }
        // The core is there, as the guard found.
        let actions = body(&nodes[index].core!, moment)
        perform(actions, index)
    }

    private mutating func perform(_ actions: [ValidatorAction], _ index: Int) {
        for action in actions {
            earlySignatures += unrecordedSignatures(in: action, of: index)
            switch action {
            case .persist(let state):
                nodes[index].signState = state.encoded
                nodes[index].durable = state
            case .send(let message): send(message, from: index)
            case .commit(let commit):
                // The store takes one block after another.
                let start = max(time, nodes[index].storeFreeAt)
                nodes[index].storeFreeAt = start + Int64.random(in: 1...8, using: &numbers)
                add(nodes[index].storeFreeAt, .committed(commit, index, epoch: nodes[index].epoch))
            case .keep(let note, let height): nodes[index].notes[height] = note
            case .answer(let question): answer(question, index)
            case .measure(let waits): self.waits += waits
            case .report, .enter: break
            case .halt(let cause): nodes[index].halted = cause
            }
        }
        // Anybody may read the newest note once the actions are done.
        if let newest = nodes[index].core?.newestNote {
            earlySignatures += unrecordedSignatures(in: newest.note, height: newest.height, of: index)
        }
        guard let deadline = nodes[index].core?.nextDeadline, deadline < nodes[index].wakeAt else { return }
        nodes[index].wakeAt = deadline
        add(max(deadline, time), .wake(index, epoch: nodes[index].epoch))
    }

    private mutating func answer(_ question: StoredQuestion, _ index: Int) {
        switch question {
        case .finalBlocks(let from, let through):
            for commit in nodes[index].commits
            where commit.block.height >= from && commit.block.height <= through {
                broadcast(commit.finalBlock.encoded)
            }
        case .cosignatures(let height):
            let own = nodes[index].commits.first { $0.block.height == height }?.cosignature
            let note = nodes[index].notes[height]?.cosignatures(
                height: height, network: network.genesis.initial)
            for message in note ?? [own].compactMap({ $0 }) { broadcast(message.encoded) }
        case .submission, .receipts: break
        }
    }

    private mutating func send(_ message: OutboundMessage, from index: Int) {
        if message.topic == .ledgerReceipts {
            switch try? ReceiptMessage(decoding: message.bytes) {
            case .record(let record): records.append(record)
            case .refusal(let refusal): refusals.append(refusal)
            case nil: break
            }
            return
        }
        guard case .vote(let vote) = try? LedgerMessage(decoding: message.bytes) else {
            broadcast(message.bytes)
            return
        }
        note(vote)
        guard faults.equivocator == index, vote.validator.position == index else {
            broadcast(message.bytes)
            return
        }
        let opposite = Vote.make(
            networkID: vote.networkID, step: vote.step, height: vote.height, round: vote.round,
            blockHash: vote.blockHash == nil ? SHA256.hash([1]) : nil, validator: vote.validator,
            signer: network.keys[index].consensus)
        for peer in nodes.indices { deliver(peer % 2 == 0 ? vote.encoded : opposite.encoded, to: peer) }
        for peer in nodes.indices { deliver(peer % 2 == 1 ? vote.encoded : opposite.encoded, to: peer) }
    }

    /// INVARIANT: one vote a validator, height, round and step, over all restarts.
    private mutating func note(_ vote: Vote) {
        let key = VoteKey(
            validator: vote.validator, height: vote.height, round: vote.round, step: vote.step)
        if let known = votes[key], known != vote.blockHash, faults.equivocator != vote.validator.position {
            doubleVotes += 1
        }
        votes[key] = .some(vote.blockHash)
    }

    private mutating func broadcast(_ bytes: [UInt8]) {
        for index in nodes.indices { deliver(bytes, to: index) }
    }

    private mutating func deliver(_ bytes: [UInt8], to index: Int) {
        guard Int.random(in: 0..<100, using: &numbers) >= faults.lossPercent else { return }
        let copies = Int.random(in: 0..<100, using: &numbers) < faults.duplicatePercent ? 2 : 1
        for _ in 0..<copies {
            add(
                time + Int64.random(in: faults.delayMilliseconds, using: &numbers), .deliver(bytes, to: index)
            )
        }
    }

    private mutating func add(_ at: Int64, _ event: Event) {
        order += 1
        events.append((at, order, event))
    }
}
