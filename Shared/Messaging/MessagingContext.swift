package import Cryptography
package import Kafka
package import LedgerProtocol
package import Logging
package import Model
package import Postgres

/// Holds what every part of a service's messaging needs: who it is, its keys, its database and its
/// broker.
package struct MessagingContext: Sendable {
    /// The network that the service belongs to; its id binds every signature.
    package let genesis: Genesis
    /// Who and what the network consists of now, as its changes are read.
    package let network: NetworkFollower
    /// The service whose events these are.
    package let service: ServiceName
    /// The service's signing key: submissions, records and heartbeats.
    package let signer: Signer
    /// The service's sealing key: opens the sealed part of other services' events.
    package let unsealer: Unsealer
    /// The service's root key: wraps the erasure secret of each subject.
    package let rootKey: SecretKey
    /// The connections on which transactions run; their search path is the service's schema.
    package let pool: PostgresPool
    /// The same database, for the connections that listen and that hold the leader's lock.
    package let postgres: PostgresConfiguration
    /// The broker.
    package let kafka: KafkaConfiguration
    /// Receives types, identifiers and sizes; never an event's content.
    package let logger: Logger
    /// Tells the time; tests pass their own.
    package let clock: @Sendable () -> Timestamp

    /// Puts the parts together; nothing is connected yet.
    package init(
        genesis: Genesis, service: ServiceName, signer: Signer, unsealer: Unsealer, rootKey: SecretKey,
        pool: PostgresPool, postgres: PostgresConfiguration, kafka: KafkaConfiguration, logger: Logger,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.genesis = genesis
        network = NetworkFollower(genesis)
        self.service = service
        self.signer = signer
        self.unsealer = unsealer
        self.rootKey = rootKey
        self.pool = pool
        self.postgres = postgres
        self.kafka = kafka
        self.logger = logger
        self.clock = clock
    }
}

extension MessagingContext {
    /// The channel on which a transaction says that it wrote to the outbox.
    var outboxChannel: String { "\(postgres.schema)_outbox" }

    /// The channel on which the leader says that events became final.
    var finalChannel: String { "\(postgres.schema)_final" }
}
