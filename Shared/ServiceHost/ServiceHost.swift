package import Cryptography
import Kafka
package import LedgerProtocol
package import Logging
package import Messaging
package import Model
package import Postgres
package import ServiceRuntime

/// What every domain service stands on: its place in genesis, its keys, its database and its event store.
///
/// A composition root starts a host, makes its routes and subscriptions from it, and runs them:
///
///     let host = try await ServiceHost.start(.consent, environment: environment, migrations: migrations)
///     let messaging = host.messaging(subscriptions: subscriptions)
///     try await host.run(routes: routes, messaging: messaging)
///
/// Nothing of it touches Kafka before
/// ``run(routes:messaging:readiness:background:trapsSignals:onRunning:)``, so tests may call the
/// handlers of routes with a database alone.
package struct ServiceHost: Sendable {
    /// Which service this is.
    package let name: ServiceName
    /// The network to which it belongs.
    package let genesis: Genesis
    /// The service's own entry in genesis; its `url` is the issuer and audience of tokens.
    package let service: GenesisService
    /// What messaging is made from.
    package let context: MessagingContext
    /// Writes events inside the caller's transaction and tells when they are final.
    package let eventStore: EventStore
    /// The service's connections, on its own schema, which is migrated.
    package let pool: PostgresPool
    /// The registry that `/metrics` shows.
    package let metrics: Metrics
    /// The service's logger.
    package let logger: Logger
    /// The key from which the service derives and under which it wraps its own secrets.
    package let rootKey: SecretKey
    /// Signs tokens; nil for services without a token key in genesis.
    package let tokenSigner: Signer?
    /// The time of day.
    package let clock: @Sendable () -> Timestamp
    /// The process's variables, for those that one service alone reads.
    package let environment: Environment
    /// The address to listen on.
    package let host: String
    /// The port to listen on; 0 lets the system choose.
    package let port: Int
}

extension ServiceHost {
    /// Runs the body as the whole of a service's `main`: sets logging up and turns a fault into an exit code.
    package static func main(
        _ name: ServiceName, _ body: (Environment) async throws -> Void
    ) async {
        await ServiceMain.run(name.rawValue) {
            let environment = Environment.current
            let level = try environment.choice("CONSENTRY_LOG_LEVEL", default: Logger.Level.info)
            ServiceLogging.bootstrap(service: name.rawValue, level: level)
            try await body(environment)
        }
    }

    /// Checks cryptography, reads genesis and keys, connects to Postgres and brings the schema up to date.
    ///
    /// - Parameter migrations: the service's own; those of messaging are applied before them.
    /// - Throws: `ConfigurationError` for variables, genesis and keys; `MessagingFault` for a schema of
    ///   another network; `PostgresFault`; `CryptographyError` when the self-test fails.
    package static func start(
        _ name: ServiceName, environment: Environment, migrations: [Migration],
        clock: @escaping @Sendable () -> Timestamp = { WallClock.now() }
    ) async throws -> ServiceHost {
        try CryptographySelfTest.run()
        let settings = try HostSettings(name, environment: environment)
        let keys = try KeyFolder(variable: "CONSENTRY_KEYS", environment: environment)
        let service = settings.service
        let signer = try keys.signer("signing.key", matching: service.signingKey)
        let unsealer = try keys.unsealer("sealing.key", matching: service.sealingKey)
        let rootKey = try keys.secretKey("root.key")
        let tokenSigner = try service.tokenKey.map { try keys.signer("token.key", matching: $0) }
        let logger = Logger(label: name.rawValue)
        let pool = PostgresPool(settings.postgres)
        let context = MessagingContext(
            genesis: settings.genesis, service: name, signer: signer, unsealer: unsealer, rootKey: rootKey,
            pool: pool, postgres: settings.postgres, kafka: settings.kafka, logger: logger, clock: clock)
        do {
            // The schema is bound to the network before the service's own tables are touched.
            try await MessagingSchema.prepare(context)
            try await Migrator.migrate(
                pool, schema: settings.postgres.schema, component: name.rawValue, migrations: migrations)
        } catch {
            await pool.close()
            throw error
        }
        return ServiceHost(
            name: name, genesis: settings.genesis, service: service, context: context,
            eventStore: EventStore(context), pool: pool, metrics: Metrics(), logger: logger, rootKey: rootKey,
            tokenSigner: tokenSigner, clock: clock, environment: environment, host: settings.host,
            port: settings.port)
    }
}
