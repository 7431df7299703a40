import Cryptography
package import LedgerCore
package import LedgerProtocol
import Model
import TransparencyLog

/// A network of validators, their services and a faulty bus in one thread, all determined by a seed.
package struct Simulation {
    enum Event {
        case deliver(Letter, to: Int)
        case wake(Int, epoch: Int)
        case committed(Stored, Int, epoch: Int)
        case resubmit
        case mischief(Int)
        case post(Link, epoch: Int)
        case batch([UInt8], to: Int)
        case bring(Letter, to: Int)
        case fetch(Int, epoch: Int)
    }

    /// How long a service waits before it sends again what is not final.
    static let resubmitMilliseconds: Int64 = 1_000
    // What a restarted validator reads again of submissions and blocks.
    private static let keptLettersMax = 1_000

    /// The keys and the genesis file.
    package let network: LedgerNetwork
    /// How the bus behaves.
    package var weather: Weather
    /// The links that carry nothing.
    package var cut: Set<Link> = []
    /// Whether validators reach each other beside the bus.
    package var isDirect = false
    /// How many messages were handed to the ways beside the bus.
    package internal(set) var directCount = 0
    /// How the bus withholds messages; nil while it does not.
    package var silence: BusSilence?
    /// The kinds of messages that the bus drops.
    package var censored: Set<MessageKind> = []
    /// The validators.
    package internal(set) var nodes: [SimulatedValidator] = []
    /// Milliseconds since the start.
    package internal(set) var time: Int64 = 0
    /// What must hold, and whether it did.
    package internal(set) var invariants: Invariants
    /// What was done to the network.
    package internal(set) var faults: [FaultKind: Int] = [:]
    /// The refusals that services were sent.
    package internal(set) var refusals: [SubmissionRefusal] = []
    /// How long submissions waited for their block, where they were held.
    package internal(set) var waits: [Int64] = []
    /// The double votes that honest validators found.
    package internal(set) var evidence: [DoubleVote] = []
    /// Is told every step in one line, if anybody wants to know.
    package var trace: ((String) -> Void)?
    /// Changes a validator's settings before it starts.
    package var adjust: @Sendable (inout ValidatorSettings) -> Void = { _ in }

    var adversaries: [Int: Adversary]
    var numbers: SeededNumbers
    var queue = EventQueue<Event>()
    var office: PostOffice
    var kept: [Letter] = []
    var submissions: [Submission] = []
    // What is sent again each second, until it is final.
    var repeated: [Submission] = []
    // The change to the network that was submitted last, and the sequence of the next one.
    var change: Digest?
    var changeSequence: UInt64 = 0
    let foreign: LedgerNetwork?

    /// Makes a network that is not started.
    ///
    /// - Parameters:
    ///   - behaviours: the Byzantine validators and what each does.
    ///   - foreign: another network with the same places, whose messages the bus may mix in.
    ///   - newcomerCount: how many validators may join, with the indices after those of genesis.
    package init(
        network: LedgerNetwork, seed: UInt64, weather: Weather = Weather(),
        behaviours: [Int: Set<Behaviour>] = [:], foreign: LedgerNetwork? = nil, newcomerCount: Int = 0
    ) {
        self.network = network
        self.weather = weather
        self.foreign = foreign
        numbers = SeededNumbers(seed: seed)
        office = PostOffice(
            genesis: network.genesis,
            everybody: newcomerCount > 0 ? network.everybody(with: newcomerCount) : nil)
        let places = 0..<network.keys.count + newcomerCount
        invariants = Invariants(network: network, honest: Set(places).subtracting(behaviours.keys))
        adversaries = [:]
        for (index, behaviours) in behaviours {
            adversaries[index] = Adversary(
                index: index, behaviours: behaviours, network: network, seed: seed &+ UInt64(index))
        }
        nodes = places.map { SimulatedValidator(network: network, index: $0) }
        queue.add(.resubmit, at: Self.resubmitMilliseconds)
        for index in adversaries.keys.sorted() { queue.add(.mischief(index), at: 50 + Int64(index)) }
    }

    /// The validators that do as they should.
    package var honest: [Int] { nodes.indices.filter { adversaries[$0] == nil } }

    /// Whether every submission is in a stored block of every honest running validator.
    package var isSettled: Bool {
        honest.allSatisfy { index in
            nodes[index].core == nil || submissions.allSatisfy { nodes[index].settled.contains($0.hash) }
        }
    }

    func moment(_ index: Int) -> Moment {
        let wallClock = LedgerNetwork.createdAt
            .advanced(byMilliseconds: 1_000 + time + nodes[index].skewMilliseconds)
        return Moment(uptimeMilliseconds: time, wallClock: wallClock)
    }

    /// Sends a submission to all validators or to some, and unless told otherwise to all again each second
    /// until it is final.
    package mutating func submit(
        _ submission: Submission, to receivers: [Int]? = nil, isRepeated: Bool = true
    ) {
        submissions.append(submission)
        if isRepeated { repeated.append(submission) }
        if isDirect, silence != nil {
            bring(submission)
        } else {
            broadcast(submission.encoded, from: nil, to: receivers)
        }
    }

    /// Starts a validator from what it stored and signed.
    ///
    /// - Throws: `DecodingFault` when the sign-state on its disk is damaged.
    package mutating func start(_ index: Int) throws {
        guard nodes[index].core == nil, nodes[index].halted == nil else { return }
        var settings = network.settings(index)
        adjust(&settings)
        let origin = try nodes[index].origin(genesis: network.genesis)
        var core = ValidatorCore(settings: settings, origin: origin, now: moment(index))
        let actions = core.start(at: moment(index))
        trace?("\(time) start \(index) at height \(origin.chain.height)")
        // What the bus kept is read again by a validator that may be locked on something of it.
        if origin.signState.height > origin.chain.height {
            for letter in kept { deliver(letter, to: index) }
        }
        nodes[index].core = core
        nodes[index].epoch += 1
        nodes[index].wakeAt = .max
        nodes[index].storeFreeAt = time
        (nodes[index].trust, nodes[index].links) = (BusTrust(), [:])
        if isDirect { queue.add(.fetch(index, epoch: nodes[index].epoch), at: time) }
        perform(actions, index)
    }

    /// Starts all of genesis that are down.
    ///
    /// - Throws: as `start` does.
    package mutating func startAll() throws {
        for index in network.keys.indices { try start(index) }
    }

    /// Runs until the condition holds, which is asked every few milliseconds; false when the time is over
    /// first.
    package mutating func run(milliseconds: Int64, until isDone: (Simulation) -> Bool = { _ in false })
        throws -> Bool
    {
        let end = time + milliseconds
        var checkedAt = time
        while let next = queue.nextAt, next <= end {
            let (at, event) = queue.removeFirst()
            time = max(time, at)
            try handle(event)
            if time >= checkedAt + 5 {
                checkedAt = time
                if isDone(self) { return true }
            }
        }
        time = end
        return isDone(self)
    }

    private mutating func handle(_ event: Event) throws {
        switch event {
        case .deliver(let letter, let index):
            _ = nodes[index].trust.returned(letter.bytes)
            adversaries[index]?.hear(letter)
            guard let history = nodes[index].core?.history,
                let inbound = office.inbound(letter, by: history)
            else { return }
            step(index, letter.kind.rawValue) { $0.receive([inbound], at: $1) }
        case .wake(let index, let epoch):
            // An earlier wake may have taken the place of this one, and asked for the next.
            guard nodes[index].epoch == epoch, nodes[index].wakeAt <= time else { return }
            nodes[index].wakeAt = .max
            step(index, "wakes") { $0.wake(at: $1) }
        case .committed(let stored, let index, let epoch):
            guard nodes[index].epoch == epoch else { return }
            nodes[index].store(stored.commit)
            let height = stored.commit.block.height
            step(index, "stored a block") { $0.committed(height, at: $1) }
        case .resubmit:
            repeated = repeated.filter { submission in
                !honest.contains { nodes[$0].settled.contains(submission.hash) }
            }
            for submission in repeated { broadcast(submission.encoded, from: nil) }
            queue.add(.resubmit, at: time + Self.resubmitMilliseconds)
        case .mischief(let index): try doMischief(index)
        case .post(let link, let epoch): post(link, epoch: epoch)
        case .batch(let bytes, let index): take(bytes, index)
        case .bring(let letter, let index): bring(letter, to: index)
        case .fetch(let index, let epoch): fetch(index, epoch: epoch)
        }
    }

    mutating func step(
        _ index: Int, _ what: String, _ body: (inout ValidatorCore, Moment) -> [ValidatorAction]
    ) {
        guard nodes[index].core != nil, nodes[index].halted == nil else { return }
        // The core is there, as the guard found.
        let actions = body(&nodes[index].core!, moment(index))
        if let trace {
            let core = nodes[index].core!
            let place = "\(core.agreement.height)/\(core.agreement.round) \(core.agreement.step)"
            trace("\(time) \(index) after \(what): \(place), \(actions.count) actions")
        }
        perform(actions, index)
    }

    /// Keeps a letter for validators that restart, as the topics of submissions and blocks do.
    mutating func keep(_ letter: Letter) {
        guard letter.kind == .submission || letter.kind == .finalBlock else { return }
        kept.append(letter)
        if kept.count > Self.keptLettersMax { kept.removeFirst(Self.keptLettersMax / 2) }
    }

    mutating func count(_ fault: FaultKind, _ times: Int = 1) { faults[fault, default: 0] += times }
}
