import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import TransparencyLog

/// Validators in one thread over a bus that loses nothing, of a network that changes while they work.
struct GovernedNetwork {
    let network: LedgerNetwork
    private(set) var cores: [Int: ValidatorCore] = [:]
    private(set) var commits: [Int: [BlockCommit]] = [:]
    private(set) var notes: [Int: [BlockHeight: SignedNote]] = [:]
    private(set) var refusals: [SubmissionRefusal] = []
    private(set) var halts: [Int: HaltCause] = [:]
    private var mail: [(to: Int, bytes: [UInt8])] = []
    private var stored: [(index: Int, height: BlockHeight)] = []
    private var time: Int64 = 0

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    // MARK: Who takes part

    /// The network as a running validator knows it.
    func state(_ index: Int = 1) -> NetworkState {
        cores[index]?.network ?? network.genesis.initial
    }

    /// A governance entry that both organisations signed, submitted by one of them.
    func change(
        _ changes: [GovernanceChange], by organization: Int = 0, sequence: UInt64,
        on state: NetworkState? = nil
    ) throws -> Submission {
        try network.change(changes, of: state ?? self.state(), by: organization, sequence: sequence)
    }

    // MARK: What happens

    mutating func start(_ index: Int) {
        let validator = ValidatorIndex(UInt16(index))
        var settings = network.settings(index)
        settings.blockIntervalMilliseconds = 5
        let signState = SignState(networkID: network.genesis.networkID, validator: validator)
        var core = ValidatorCore(
            settings: settings,
            origin: ValidatorCore.Origin(genesis: network.genesis, signState: signState), now: moment)
        let actions = core.start(at: moment)
        cores[index] = core
        perform(actions, index)
    }

    mutating func stop(_ index: Int) { cores[index] = nil }

    mutating func submit(_ submission: Submission) { broadcast(submission.encoded) }

    /// Sends every stored block of a validator to all.
    mutating func showBlocks(of index: Int) {
        for commit in commits[index] ?? [] { broadcast(commit.finalBlock.encoded) }
    }

    /// Runs until the condition holds; false when the time is over first.
    mutating func run(milliseconds: Int64, until isDone: (GovernedNetwork) -> Bool) -> Bool {
        let end = time + milliseconds
        while time < end {
            time += 1
            let delivered = mail
            mail = []
            for (index, bytes) in delivered { deliver(bytes, to: index) }
            let committed = stored
            stored = []
            for (index, height) in committed { step(index) { $0.committed(height, at: $1) } }
            for index in cores.keys.sorted() where cores[index].map({ $0.nextDeadline <= time }) == true {
                step(index) { $0.wake(at: $1) }
            }
            if isDone(self) { return true }
        }
        return false
    }

    /// The submissions that a validator has stored.
    func settled(_ index: Int) -> Set<Digest> {
        Set((commits[index] ?? []).flatMap { $0.block.submissions.map(\.hash) })
    }

    private var moment: Moment {
        Moment(
            uptimeMilliseconds: time,
            wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000 + time))
    }

    private mutating func deliver(_ bytes: [UInt8], to index: Int) {
        guard let core = cores[index], let message = try? LedgerMessage(decoding: bytes),
            let inbound = MessageVerifier(history: core.history).verify(message)
        else { return }
        step(index) { $0.receive([inbound], at: $1) }
    }

    private mutating func step(_ index: Int, _ body: (inout ValidatorCore, Moment) -> [ValidatorAction]) {
        guard var core = cores[index], halts[index] == nil else { return }
        let actions = body(&core, moment)
        cores[index] = core
        perform(actions, index)
    }

    private mutating func perform(_ actions: [ValidatorAction], _ index: Int) {
        for action in actions {
            switch action {
            case .send(let message):
                if message.topic == .ledgerReceipts {
                    if case .refusal(let refusal) = try? ReceiptMessage(decoding: message.bytes) {
                        refusals.append(refusal)
                    }
                } else {
                    broadcast(message.bytes)
                }
            case .commit(let commit):
                commits[index, default: []].append(commit)
                stored.append((index, commit.block.height))
            case .keep(let note, let height): notes[index, default: [:]][height] = note
            case .answer(.finalBlocks(let from, let through)):
                for commit in commits[index] ?? []
                where commit.block.height >= from && commit.block.height <= through {
                    broadcast(commit.finalBlock.encoded)
                }
            case .halt(let cause): halts[index] = cause
            case .answer, .persist, .report, .measure, .enter: break
            }
        }
    }

    private mutating func broadcast(_ bytes: [UInt8]) {
        for index in cores.keys.sorted() { mail.append((index, bytes)) }
    }
}
