package import Cryptography
package import LedgerProtocol
import Merkle
package import Model
import TransparencyLog

/// One validator without its clock, bus, disk and database: verified messages, time and commits go in,
/// actions come out.
///
/// The same inputs give the same outputs, so whole networks of it run in one test under a seed.
package struct ValidatorCore: Sendable {
    /// How many decided blocks may wait for the store; the next one is built while the last is written.
    static let commitsAheadMax = 2
    /// How many blocks of others the store is given at once, and from how many that wait on.
    static let bulkCommitsMax = 64
    static let catchingUpBlocksMin = 8

    let settings: ValidatorSettings
    /// Every state of the network up to the one in force.
    package internal(set) var history: NetworkHistory
    var verifier: MessageVerifier
    /// The newest decided block.
    package internal(set) var chain: ChainHead
    /// The height that the store holds.
    package internal(set) var committedHeight: BlockHeight
    /// The agreement on the next height.
    package internal(set) var agreement: Agreement
    /// The submissions that wait.
    package internal(set) var mempool: Mempool
    /// What was signed.
    package internal(set) var signState: SignState
    /// The tiles at the edge of the tree of the newest decided block.
    package internal(set) var tiles: TileAccumulator
    /// The newest complete note.
    package internal(set) var newestNote: HeightNote?
    /// Proof of faults, at most `evidenceOfOneValidatorMax` of each validator.
    package internal(set) var evidence: [DoubleVote] = []
    /// By how much the time of a proposal of this height differed from the own clock when it was too much to
    /// be voted for; nil when every proposal was near it.
    package internal(set) var clockDifferenceMilliseconds: Int64?
    /// How many double votes were dropped because their validator's fault was proven often enough.
    package internal(set) var droppedEvidenceCount = 0
    /// What a validator that diverged leaves for those who look for the reason.
    package internal(set) var divergence: Divergence?
    /// What was overdue at the last look, once a second.
    package internal(set) var overdue = OverdueSubmissions.none

    var collector: CosignatureCollector
    var peers: Peers
    var now: Moment
    var actions: [ValidatorAction] = []
    var queue: [AgreementAction] = []
    var isDraining = false
    var isSignStateDirty = false
    // Whether the store is damaged, so that nothing may be signed; see `ValidatorHold`.
    package internal(set) var isHeld = false
    // Decided blocks that the store does not hold yet, those that it was not given among them.
    var pendingCommitCount = 0
    var decided: [DecidedBlock] = []
    var isCatchingUp = false
    // Signed and not sent: they wait until the sign-state is durable and the blocks before are stored.
    var withheld: [OutboundMessage] = []
    // The blocks of this height that were found valid, by hash.
    var built: [Digest: BuiltBlock] = [:]
    // Keys of this height for which another validator counts other sequences: they wait for a height in which
    // nobody disputes them, lest one dishonest service stop all others.
    var disputed: Set<KeyID> = []
    // Proposals of this height that name submissions which are not held here.
    var incomplete = IncompleteProposals()
    var timeouts: [AgreementTimeout: Int64] = [:]
    // The round of this height for which a new block was tried; one that could not be signed is not
    // tried again.
    var triedRound: UInt32?
    var queryAt: Int64?
    var gossipAt: Int64
    var enteredAt: Int64
    // The height at the last gossip: what was decided before then is old news to everybody who is not behind.
    var heightAtGossip: BlockHeight
    var upcoming = UpcomingMessages()
    var finalBlocks = FinalBlockBuffer()
    var unpublished: [BlockHeight: (block: ReceiptBuilder.Block, nodes: BlockNodes)] = [:]
    var notes: [BlockHeight: SignedNote] = [:]
    var asked = Throttle<Digest>(intervalMilliseconds: 60_000, keysMax: 4_096)
    // Their receipts are on their way, unasked.
    var settledLately = RecentHashes()
    var answered = Throttle<Digest>(intervalMilliseconds: 1_000, keysMax: 1_024)
    var helped = Throttle<HelpKey>(intervalMilliseconds: 1_000, keysMax: 1_024)
    var repeatedlyHelped = Throttle<ValidatorIndex>(intervalMilliseconds: 1_000, keysMax: 1_024)
    var cosignaturesAsked = Throttle<BlockHeight>(intervalMilliseconds: 900, keysMax: 4_096)
    var cosignaturesHelped = Throttle<BlockHeight>(intervalMilliseconds: 60_000, keysMax: 4_096)
    var cosignaturesSent = Throttle<BlockHeight>(intervalMilliseconds: 1_000, keysMax: 1_024)
    var stated = Throttle<BlockHeight>(intervalMilliseconds: 50, keysMax: 16)

    /// A block that waits until the one before is stored.
    struct DecidedBlock: Sendable {
        let commit: BlockCommit
        /// What was signed up to the decision; nil when all of it is durable, or will be with a block before.
        let signState: SignState?
        /// Whether it was decided by others long before, so that the store may take it with its neighbours.
        let isCatchUp: Bool
    }

    /// Whom a validator helped with what.
    struct HelpKey: Hashable, Sendable {
        let validator: ValidatorIndex
        let height: BlockHeight
    }

    /// Makes a validator; nothing happens before `start`.
    package init(settings: ValidatorSettings, origin: Origin, now: Moment) {
        self.settings = settings
        self.now = now
        history = origin.history
        verifier = MessageVerifier(history: origin.history)
        chain = origin.chain
        committedHeight = origin.chain.height
        heightAtGossip = origin.chain.height
        agreement = Agreement(
            network: origin.chain.network, validator: settings.validator, height: origin.chain.height.next)
        mempool = Mempool(on: origin.chain, nextSequences: origin.nextSequences)
        signState = origin.signState
        tiles = origin.tiles
        newestNote = origin.note
        collector = CosignatureCollector(logSigner: settings.keys.log)
        peers = Peers(network: origin.chain.network, at: now.uptimeMilliseconds)
        gossipAt = now.uptimeMilliseconds
        enteredAt = now.uptimeMilliseconds
        for open in origin.open {
            resume(open.height, open.checkpointText, open.cosignature, history.state(at: open.height))
        }
    }

    /// When the validator wants to be woken at the latest, in milliseconds of uptime.
    package var nextDeadline: Int64 {
        // A held validator is woken by its release.
        guard !isHeld else { return .max }
        return ([gossipAt] + timeouts.values + [queryAt, proposeAt].compactMap { $0 }).min() ?? gossipAt
    }

    /// The network by which the next block is judged.
    package var network: NetworkState { chain.network }

    /// Whether this validator votes on the next block: it has joined and has not left.
    package var isInForce: Bool { network.validator(settings.validator) != nil }

    /// How many checkpoints lack cosignatures; a validator that left keeps its keys while there are any.
    package var openCheckpointCount: Int { collector.openHeights.count }

    /// Whether this validator's organisation runs the service, or is the organisation, that submits with the
    /// key.
    package func isOwn(_ keyID: KeyID) -> Bool {
        guard let owner = history.validator(settings.validator)?.organization else { return false }
        switch history.submitter(keyID) {
        case .service(let service): return service.organization == owner
        case .organization(let organization): return organization.id == owner
        case nil: return false
        }
    }

    /// How many validators, itself included, were heard within the last 5 s.
    package func heardCount(at now: Moment) -> Int {
        peers.count(heardWithin: 5_000, at: now.uptimeMilliseconds)
    }

    /// Whether something was signed for heights that the store does not reach, so that it must catch up
    /// before it votes.
    package var isBehindSignState: Bool { signState.height > agreement.height }

    /// Starts working, and sends again what was signed for the height before the restart.
    package mutating func start(at now: Moment) -> [ValidatorAction] {
        self.now = now
        haltUnlessKeysFit()
        if signState.height == agreement.height {
            for message in signState.messages {
                withheld.append(OutboundMessage(topic: .ledgerConsensus, bytes: message.encoded))
            }
        }
        if let cosignature = signState.cosignature, cosignature.height <= committedHeight {
            withheld.append(OutboundMessage(topic: .ledgerConsensus, bytes: cosignature.encoded))
        }
        run(agreement.start(restoring: signState, verifier: verifier))
        if !isHeld { applyFinalBlocks() }
        return finish()
    }

    /// Takes messages in the order in which they came.
    package mutating func receive(_ messages: [InboundMessage], at now: Moment) -> [ValidatorAction] {
        self.now = now
        for message in messages where !isHeld || isTakenWhileHeld(message) { take(message) }
        return finish()
    }

    /// Does what is due.
    package mutating func wake(at now: Moment) -> [ValidatorAction] {
        self.now = now
        guard !isHeld else { return finish() }
        fireTimeouts()
        if let queryAt, queryAt <= now.uptimeMilliseconds { queryMissing() }
        if gossipAt <= now.uptimeMilliseconds { gossip() }
        return finish()
    }

    /// Takes the store's word that it holds the block of this height and all before it.
    package mutating func committed(_ height: BlockHeight, at now: Moment) -> [ValidatorAction] {
        self.now = now
        precondition(height > committedHeight, "the store reports each block once")
        let first = committedHeight.next
        pendingCommitCount -= Int(height.value - committedHeight.value)
        committedHeight = height
        handOver()
        for value in first.value...height.value { publishReceipts(BlockHeight(value)) }
        if !isHeld { applyFinalBlocks() }
        return finish()
    }

    mutating func finish() -> [ValidatorAction] {
        if !isHeld {
            proposeIfDue()
            flush()
        }
        defer { actions = [] }
        return actions
    }

    /// Lets signed messages out once what they rest on is durable.
    mutating func flush() {
        guard pendingCommitCount == 0 else { return }
        if let state = takeUnpersisted() { actions.append(.persist(state)) }
        actions += withheld.map { .send($0) }
        withheld = []
    }

    /// Takes the sign-state when something was signed that nobody has taken to make durable yet.
    mutating func takeUnpersisted() -> SignState? {
        signState.bind(lock: agreement.lock, valid: agreement.valid, height: agreement.height)
        guard isSignStateDirty else { return nil }
        isSignStateDirty = false
        return signState
    }

    func isOld(_ height: BlockHeight) -> Bool { height <= heightAtGossip }
}
