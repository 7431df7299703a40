import Kafka
import LedgerCore
import LedgerProtocol
import Logging
import Model
import ServiceLifecycle
import ServiceRuntime

/// Everything of a validator that runs: its consumers, its writer and its responder around the one actor.
struct ValidatorService: Service {
    private static let questionsMax = 64
    // Enough for every submission that a block under way can name, read again after a restart.
    private static let recordsBackMax: Int64 = 1_000

    let validator: Validator
    let published: PublishedLog
    private let configuration: LedgerConfiguration
    /// What other validators and operators use over HTTP.
    let peerRoutes: PeerRoutes
    private let network: NetworkView
    private let bus: LedgerBus
    private let transport: LedgerTransport
    private let client: PeerClient
    private let catchUp: CatchUp
    private let evidence: EvidenceExchange
    private let writer: StoreWriter
    private let responder: Responder
    private let scrubber: Scrubber
    private let changes: ChangePublisher
    private let work: AsyncStream<StoreWork>
    private let questions: AsyncStream<StoredQuestion>
    private let metrics: LedgerMetrics
    private let logger: Logger
    private let recordsBack: Int64
    private let greeting: OutboundMessage

    init(
        configuration: LedgerConfiguration, store: BlockStore, file: SignStateFile,
        origin: ValidatorCore.Origin, scrubber: Scrubber, metrics: LedgerMetrics, logger: Logger
    ) throws {
        self.scrubber = scrubber
        self.configuration = configuration
        network = store.network
        self.metrics = metrics
        self.logger = logger
        bus = try LedgerBus(configuration.kafka, metrics: metrics)
        let (work, workContinuation) = AsyncStream.makeStream(of: StoreWork.self)
        let (questions, questionContinuation) = AsyncStream.makeStream(
            of: StoredQuestion.self, bufferingPolicy: .bufferingOldest(Self.questionsMax))
        self.work = work
        self.questions = questions
        let settings = configuration.settings
        let client = PeerClient()
        self.client = client
        transport = LedgerTransport(bus: bus, client: client, metrics: metrics)
        transport.reach(configuration.peerURLs(in: origin.chain.network))
        validator = Validator(
            settings: settings, origin: origin,
            outlets: Validator.Outlets(
                file: file, signStatePath: configuration.signStatePath, transport: transport,
                network: store.network, peerURLs: { configuration.peerURLs(in: $0) },
                storeWork: workContinuation, questions: questionContinuation, metrics: metrics))
        published = PublishedLog(origin)
        writer = StoreWriter(
            store: store, validator: validator, published: published, metrics: metrics,
            board: scrubber.board, logger: logger)
        responder = Responder(
            store: store, validator: validator, transport: transport, settings: settings,
            board: scrubber.board, logger: logger)
        let urls = { @Sendable [network] in configuration.peerURLs(in: network.current.newest) }
        catchUp = CatchUp(
            validator: validator, network: network, client: client, urls: urls, metrics: metrics,
            logger: logger)
        evidence = EvidenceExchange(validator: validator, store: store, client: client, urls: urls)
        peerRoutes = PeerRoutes(validator: validator, store: store, network: network, metrics: metrics)
        changes = ChangePublisher(store: store, validator: validator, bus: bus, logger: logger)
        let status = HeightStatus.make(
            networkID: settings.genesis.networkID, validator: settings.validator,
            height: origin.chain.height.next, signer: settings.keys.consensus)
        greeting = OutboundMessage(topic: .ledgerConsensus, bytes: status.encoded)
        // A lock may rest on submissions that no outbox sends any more; the bus still has them.
        let isUnderWay = origin.signState.height > origin.chain.height
        recordsBack = isUnderWay ? Self.recordsBackMax : 0
    }

    func run() async throws {
        let outcome: Result<Void, any Error>
        do {
            try await cancelWhenGracefulShutdown { try await runAll() }
            outcome = .success(())
        } catch let fault as StoreFault where fault.halt != nil {
            await standStill(fault)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await validator.stop()
        await bus.shutdown()
        await client.shutdown()
        try outcome.get()
    }

    /// Stays, for whoever looks for the reason: a process that ended would be started again and again.
    private func standStill(_ fault: StoreFault) async {
        await validator.end(fault)
        metrics.halted(fault)
        // Ends with the shutdown, or with the task; either way there is nothing left to do.
        try? await gracefulShutdown()
    }

    private func runAll() async throws {
        let consumers = [([Topic.ledgerConsensus], 0), ([.ledgerSubmissions, .ledgerBlocks], recordsBack)].map
        {
            LedgerConsumer(
                topics: $0, recordsBack: $1, configuration: configuration.kafka, network: network,
                validator: validator, transport: transport, metrics: metrics, logger: logger)
        }
        await bus.deliver(greeting)
        try await validator.start()
        try await withThrowingTaskGroup { group in
            for consumer in consumers { group.addTask { try await consumer.run() } }
            group.addTask { try await writer.run(work) }
            group.addTask { try await responder.run(questions) }
            group.addTask { await transport.run() }
            group.addTask { try await catchUp.run() }
            group.addTask { try await evidence.run() }
            let scrubbing = ScrubService(scrubber: scrubber, validator: validator, logger: logger)
            group.addTask { try await scrubbing.run() }
            group.addTask { try await changes.run() }
            // Whichever ends first, by fault or by shutdown, ends the others.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func describe(_ overdue: OverdueSubmissions) -> String {
        guard overdue.count > 0 else { return "none overdue" }
        return "\(overdue.count) overdue, the oldest for \(overdue.oldestMilliseconds / 1_000) s"
    }

    func readiness() async -> [ReadinessCheck] {
        let status = await validator.status()
        let state = network.current.newest
        return [
            ReadinessCheck("network", isReady: true, detail: state.network), membership(state, status),
            ReadinessCheck(
                "validator", isReady: metrics.haltText == nil, detail: metrics.haltText ?? "working"),
            // Another process would not do better, so this is for people and not for the platform.
            ReadinessCheck("submissions", isReady: true, detail: Self.describe(status.overdue)),
            ReadinessCheck(
                "store", isReady: metrics.storeIsReachable, detail: "holds height \(status.committedHeight)"),
            scrubber.board.readiness,
            ReadinessCheck(
                "sign-state", isReady: !status.isBehindSignState,
                detail: status.isBehindSignState
                    ? "catching up before it votes" : "height \(status.height)"),
            ReadinessCheck(
                "validators", isReady: status.heardCount >= state.quorum,
                detail: "\(status.heardCount) of \(state.validators.count), \(state.quorum) needed"),
            ReadinessCheck(
                "clock", isReady: status.clockDifferenceMilliseconds == nil,
                detail: status.clockDifferenceMilliseconds.map {
                    "a proposal is `\($0)` ms from this clock and gets no vote; set the clocks right"
                } ?? "near the proposals"),
        ]
    }

    /// A validator that is not in force yet, or not any more, follows the ledger and serves it.
    private func membership(_ state: NetworkState, _ status: ValidatorStatus) -> ReadinessCheck {
        let own = configuration.settings.validator
        let openCount = status.openCheckpointCount
        let detail: String
        if let validator = state.validator(own) {
            detail = "votes as \(validator.name)"
        } else if own < state.members.nextValidatorIndex {
            detail = "has left; keep its keys while checkpoints lack cosignatures, \(openCount) do"
        } else {
            detail = "follows the network, which does not name it yet"
        }
        return ReadinessCheck("member", isReady: true, detail: detail)
    }
}
