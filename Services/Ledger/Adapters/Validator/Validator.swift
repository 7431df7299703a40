import Cryptography
import Dispatch
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import Postgres
import ServiceRuntime
import TransparencyLog

/// One running validator: gives the core messages, time and commits, and does what it asks for.
actor Validator {
    /// Where actions go that are not done on the spot.
    struct Outlets: Sendable {
        let file: SignStateFile
        /// Where a divergence is reported, beside the sign-state.
        let signStatePath: String
        let transport: LedgerTransport
        let network: NetworkView
        /// Where the other validators of a network are reached.
        let peerURLs: @Sendable (NetworkState) -> [String]
        /// Bounded by the core: it lets one decided block at a time go to the store, notes only for heights
        /// that are open, and little evidence of each validator.
        let storeWork: AsyncStream<StoreWork>.Continuation
        /// Bounded; a question that finds no room is asked again by whoever asked.
        let questions: AsyncStream<StoredQuestion>.Continuation
        let metrics: LedgerMetrics
    }

    private let executor: ValidatorExecutor
    private let outlets: Outlets
    private var core: ValidatorCore
    private var timer: (any DispatchSourceTimer)?
    private var armedFor = Int64.max
    private var failure: (any Error)?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(settings: ValidatorSettings, origin: ValidatorCore.Origin, outlets: Outlets) {
        executor = ValidatorExecutor(label: "validator.\(settings.validator)")
        self.outlets = outlets
        core = ValidatorCore(settings: settings, origin: origin, now: Self.now())
        outlets.network.hasStored(origin.chain.height)
    }

    /// Starts signing; what was signed before the restart is sent again first.
    func start() throws {
        let timer = DispatchSource.makeTimerSource(queue: executor.queue)
        timer.setEventHandler { [weak self] in self?.assumeIsolated { $0.timerFired() } }
        timer.resume()
        self.timer = timer
        perform(core.start(at: Self.now()))
        if let failure { throw failure }
    }

    /// Ends the timer; later messages change nothing that leaves the process.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    /// - Throws: what ended the validator, now or before.
    func receive(_ messages: [InboundMessage]) throws {
        if let failure { throw failure }
        perform(core.receive(messages, at: Self.now()))
        if let failure { throw failure }
    }

    /// - Throws: what ended the validator, now or before.
    func committed(_ height: BlockHeight) throws {
        if let failure { throw failure }
        perform(core.committed(height, at: Self.now()))
        outlets.network.hasStored(core.committedHeight)
        if let failure { throw failure }
    }

    /// Holds the validator back from signing while its store is damaged, or lets it go on.
    ///
    /// - Throws: what ended the validator, now or before.
    func setHeld(_ isHeld: Bool) throws {
        if let failure { throw failure }
        guard isHeld != core.isHeld else { return }
        if isHeld { core.hold() } else { perform(core.release(at: Self.now())) }
        if let failure { throw failure }
    }

    /// Takes a final block that others gave alike and that did not follow here.
    ///
    /// - Throws: what ended the validator, now or before.
    func confront(_ block: Verified<FinalBlock>) throws {
        if let failure { throw failure }
        perform(core.confront(block, at: Self.now()))
        if let failure { throw failure }
    }

    /// Ends the signing for a reason that was found elsewhere.
    func end(_ cause: any Error) {
        failure = failure ?? cause
        stop()
    }

    var tiles: TileAccumulator { core.tiles }

    /// The height of the newest decided block, stored or not.
    var chainHeight: BlockHeight { core.chain.height }

    /// Up to where blocks are to be fetched from others; nil when there is no reason to.
    func catchUpTarget() -> BlockHeight? { failure == nil ? core.catchUpTarget(at: Self.now()) : nil }

    /// Takes a submission that did not come from the bus, and says what became of it.
    ///
    /// - Throws: what ended the validator, now or before.
    func submit(_ submission: Verified<Submission>) throws -> Intake {
        if let failure { throw failure }
        let (intake, actions) = core.submit(submission, at: Self.now())
        perform(actions)
        if let failure { throw failure }
        return intake
    }

    /// The network by which the block of the next height is judged, and that height.
    var network: (state: NetworkState, height: BlockHeight) { (core.network, core.chain.height.next) }

    /// Says which keys' receipts this validator publishes unasked.
    var isOwn: @Sendable (KeyID) -> Bool {
        let core = core
        return { core.isOwn($0) }
    }

    func nextSequence(of keyID: KeyID) -> UInt64? { core.mempool.nextSequence(of: keyID) }

    func status() -> ValidatorStatus { ValidatorStatus(core, at: Self.now()) }

    private func timerFired() {
        armedFor = .max
        guard failure == nil else { return }
        perform(core.wake(at: Self.now()))
    }

    private func perform(_ actions: [ValidatorAction]) {
        do {
            var commits: [BlockCommit] = []
            for action in actions {
                if case .commit(let commit) = action {
                    commits.append(commit)
                    continue
                }
                handOver(&commits)
                try perform(action)
            }
            handOver(&commits)
            outlets.metrics.show(ValidatorStatus(core, at: Self.now()))
            arm()
        } catch {
            // The writer ends when its work does, and with it everything else; see `ValidatorService`.
            failure = error
            stop()
            outlets.storeWork.yield(.fail(error))
        }
    }

    /// Blocks that the core gives one after another go to the store as one transaction.
    private func handOver(_ commits: inout [BlockCommit]) {
        guard !commits.isEmpty else { return }
        outlets.storeWork.yield(.commit(commits))
        commits = []
    }

    private func perform(_ action: ValidatorAction) throws {
        switch action {
        case .persist(let state): try outlets.file.write(state)
        case .send(let message): outlets.transport.send(message)
        case .commit(let commit): outlets.storeWork.yield(.commit([commit]))
        case .keep(let note, let height): outlets.storeWork.yield(.keep(note, height))
        case .answer(let question):
            if case .dropped = outlets.questions.yield(question) {
                outlets.metrics.droppedQuestions.increment()
            }
        case .report(let evidence):
            outlets.metrics.report(evidence)
            outlets.storeWork.yield(.evidence(evidence))
        case .enter(let history):
            outlets.network.enter(history)
            outlets.transport.reach(outlets.peerURLs(history.newest))
        case .measure(let waits): outlets.metrics.decided(waitsMilliseconds: waits)
        case .halt(let cause): throw StoreFault(halt: cause, description: describe(cause))
        }
    }

    private func describe(_ cause: HaltCause) -> String {
        guard let divergence = core.divergence else { return cause.description }
        do {
            let path = try DivergenceFile.write(divergence, besides: outlets.signStatePath)
            return "\(cause): `\(path)`"
        } catch {
            return "\(cause), which could not be written: \(error)"
        }
    }

    private func arm() {
        let deadline = core.nextDeadline
        guard deadline != armedFor, let timer else { return }
        armedFor = deadline
        let wait = max(0, deadline - Self.now().uptimeMilliseconds)
        timer.schedule(deadline: .now() + .milliseconds(Int(min(wait, 60_000))), leeway: .milliseconds(1))
    }

    private static func now() -> Moment {
        let uptime = Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000)
        return Moment(uptimeMilliseconds: uptime, wallClock: WallClock.now())
    }
}

/// What operators and metrics see of a validator.
struct ValidatorStatus: Sendable {
    let height: BlockHeight
    let committedHeight: BlockHeight
    let treeSize: UInt64
    let round: UInt32
    let mempoolCount: Int
    let mempoolBytes: Int
    let droppedEvidenceCount: Int
    let heardCount: Int
    let isBehindSignState: Bool
    /// By how much a proposal's time was too far from this clock, in the height under way.
    let clockDifferenceMilliseconds: Int64?
    let openCheckpointCount: Int
    let overdue: OverdueSubmissions
    /// Whether no block is under way.
    let isIdle: Bool

    init(_ core: ValidatorCore, at now: Moment) {
        height = core.chain.height
        committedHeight = core.committedHeight
        treeSize = core.chain.tree.size
        round = core.agreement.round
        mempoolCount = core.mempool.count
        mempoolBytes = core.mempool.byteCount
        droppedEvidenceCount = core.droppedEvidenceCount
        heardCount = core.heardCount(at: now)
        isBehindSignState = core.isBehindSignState
        clockDifferenceMilliseconds = core.clockDifferenceMilliseconds
        openCheckpointCount = core.openCheckpointCount
        overdue = core.overdue
        isIdle = !core.agreement.isAwake && core.mempool.count == 0
    }
}
