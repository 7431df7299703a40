import Cryptography
import HTTPTypes
import LedgerCore
import LedgerProtocol
package import Logging
import Merkle
import Model
import Postgres
import ServiceLifecycle
package import ServiceRuntime

/// The composition root of a ledger process: one validator with its store, its bus and its HTTP server.
package struct LedgerService: Sendable {
    private let configuration: LedgerConfiguration
    private let logger: Logger
    private let metrics: Metrics

    /// Runs the process as its environment says; faults become its exit code.
    package static func main() async {
        await ServiceMain.run("ledger") {
            let environment = Environment.current
            let level = try environment.choice("CONSENTRY_LOG_LEVEL", default: Logger.Level.info)
            ServiceLogging.bootstrap(service: "ledger", level: level)
            try CrashPoint.check(environment)
            let configuration = try LedgerConfiguration(environment: environment)
            try await LedgerService(configuration, logger: Logger(label: "ledger")).run()
        }
    }

    /// Makes a ledger process that tests may run beside others.
    package init(_ configuration: LedgerConfiguration, logger: Logger, metrics: Metrics = Metrics()) {
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
    }

    /// Runs until the process is told to stop.
    ///
    /// - Throws: `SignStateFault`, `StoreFault` and others that name what keeps the validator from signing.
    package func run(
        trapsSignals: Bool = true,
        onRunning: @escaping @Sendable (ServiceApplication.Running) async -> Void = { _ in }
    ) async throws {
        try CryptographySelfTest.run()
        let settings = configuration.settings
        // What was signed is known before anything else is looked at.
        let file = try SignStateFile(path: configuration.signStatePath)
        let known = try file.read(networkID: settings.genesis.networkID, validator: settings.validator)
        let lock = try await SchemaLock(configuration.postgres)
        let pool = PostgresPool(configuration.postgres)
        do {
            let store = try await BlockStore.open(
                pool: pool, schema: configuration.postgres.schema, genesis: settings.genesis,
                validator: settings.validator)
            let board = DamageBoard(metrics, logger: logger)
            let memory = try WitnessMemory(
                besides: configuration.signStatePath, key: configuration.witnessing.cosigner?.key)
            let parts = Parts(store: store, file: file, memory: memory, board: board)
            let origin = try await origin(parts, known)
            try await run(parts, origin, lock, trapsSignals: trapsSignals, onRunning: onRunning)
        } catch {
            await pool.close()
            await lock.release()
            throw error
        }
        await pool.close()
    }

    /// What a validator keeps, in the database and beside it.
    private struct Parts {
        let store: BlockStore
        let file: SignStateFile
        let memory: WitnessMemory
        let board: DamageBoard
    }

    private func origin(_ parts: Parts, _ known: SignState?) async throws -> ValidatorCore.Origin {
        let (settings, store) = (configuration.settings, parts.store)
        let state = known ?? SignState(networkID: settings.genesis.networkID, validator: settings.validator)
        let origin: ValidatorCore.Origin
        do {
            origin = try await store.load(signState: state)
        } catch let fault as StoreFault {
            logger.critical("the store is damaged; it is repaired first", metadata: ["cause": "\(fault)"])
            var scrubber = scrubber(parts, origin: nil)
            _ = try await scrubber.passOverEverything(through: try await store.certifiedHeight())
            origin = try await store.load(signState: state)
        }
        if known == nil {
            // INVARIANT: a validator that has worked before never starts with an empty sign-state.
            guard origin.chain.height.value == 0 else {
                throw SignStateFault(
                    description:
                        "the sign-state `\(configuration.signStatePath)` is gone although blocks are stored; "
                        + "bring it back, or register a new key")
            }
            try parts.file.write(state)
        }
        logger.info(
            "opened the store",
            metadata: [
                "height": "\(origin.chain.height)", "treeSize": "\(origin.chain.tree.size)",
                "signStateHeight": "\(state.height)",
            ])
        return origin
    }

    private func run(
        _ parts: Parts, _ origin: ValidatorCore.Origin, _ lock: SchemaLock, trapsSignals: Bool,
        onRunning: @escaping @Sendable (ServiceApplication.Running) async -> Void
    ) async throws {
        let (store, board) = (parts.store, parts.board)
        let service = try ValidatorService(
            configuration: configuration, store: store, file: parts.file, origin: origin,
            scrubber: scrubber(parts, origin: origin), metrics: LedgerMetrics(metrics, logger: logger),
            logger: logger)
        let reader = LogReader(store: store, published: service.published)
        let witness = WitnessStore(pool: store.pool, memory: parts.memory)
        let cosigned = CosignedNotes()
        let witnesses = WitnessClient(
            witnesses: { [configuration] in
                configuration.witnessing.witnesses
                    + WitnessSettings.witnesses(in: store.network.current.newest)
            }, reader: reader, store: witness,
            cosigned: cosigned, logger: logger)
        let routes =
            LedgerRoutes(validator: service.validator, store: store).routes + service.peerRoutes.routes
            + ReadingRoutes(reader: reader, cosigned: cosigned).routes
            + WitnessRoutes(settings: configuration.witnessing, store: witness).routes
            + [EvidenceRoute(store: store).route]
        let application = ServiceApplication(
            name: "ledger", host: configuration.host, port: configuration.port, routes: routes,
            readiness: { await service.readiness() }, metrics: metrics, logger: logger,
            background: [lock, witnesses, service],
            mapError: { error in
                // Whoever meets damage first need not wait for the scrubber to come by.
                if let fault = error as? StoreFault, fault.halt != nil { board.ring() }
                return Self.problem(of: error)
            })
        try await application.run(trapsSignals: trapsSignals, onRunning: onRunning)
    }

    private func scrubber(_ parts: Parts, origin: ValidatorCore.Origin?) -> Scrubber {
        let (settings, store) = (configuration.settings, parts.store)
        return Scrubber(
            store: store, settings: settings, origin: origin,
            peers: .http { [configuration] in configuration.peerURLs(in: store.network.current.newest) },
            witness: (configuration.witnessing, parts.memory), pace: configuration.scrubPace,
            board: parts.board)
    }

    /// What a fault of the store means to whoever asked over HTTP.
    package static func problem(of error: any Error) -> HTTPProblem? {
        switch error {
        case let fault as PostgresFault where fault.isTransient || fault.isPoolExhausted:
            .unavailable("store_unavailable", "the store cannot be read now; try again", cause: "\(fault)")
        case let fault as StoreFault:
            .unavailable(
                "store_damaged", "the store holds something else than was signed; ask another validator",
                cause: fault.description)
        default: nil
        }
    }
}
