import Cryptography
import Glibc
import Kafka
import LedgerProtocol
import Logging
import Messaging
import Model
import Postgres
import Synchronization
import Testing

/// A network of one validator with all services, and every secret key of it.
struct TestNetwork: Sendable {
    let genesis: Genesis
    let consensus: Signer
    let cosigner: Signer
    let log: Signer
    let signers: [ServiceName: Signer]
    let unsealers: [ServiceName: Unsealer]
    let rootKeys: [ServiceName: SecretKey]

    init() throws {
        let organization = try #require(ParticipantID(Random.bytes(16)))
        consensus = Signer(SigningKey.generate())
        cosigner = Signer(SigningKey.generate())
        log = Signer(SigningKey.generate())
        var signers: [ServiceName: Signer] = [:]
        var unsealers: [ServiceName: Unsealer] = [:]
        var rootKeys: [ServiceName: SecretKey] = [:]
        var services: [GenesisService] = []
        for service in ServiceName.allCases {
            let (signer, unsealer) = (Signer(SigningKey.generate()), Unsealer(SealingKey.generate()))
            signers[service] = signer
            unsealers[service] = unsealer
            rootKeys[service] = SecretKey.generate()
            let hasTokens = service == .identity || service == .consent
            services.append(
                GenesisService(
                    service: service, organization: organization, url: "http://\(service.rawValue).test:8080",
                    signingKey: signer.publicKey, sealingKey: unsealer.publicKey,
                    tokenKey: hasTokens ? Signer(SigningKey.generate()).publicKey : nil))
        }
        self.signers = signers
        self.unsealers = unsealers
        self.rootKeys = rootKeys
        genesis = try GenesisDraft(
            network: "test", createdAt: Timestamp(seconds: 1_700_000_000),
            organizations: [
                GenesisOrganization(
                    id: organization, name: "North Hospital", key: Signer(SigningKey.generate()).publicKey)
            ],
            validators: [
                GenesisValidator(
                    name: "validator-1.test.consentry.example", organization: organization,
                    url: "http://validator-1.test:8080", consensusKey: consensus.publicKey,
                    cosignatureKey: cosigner.publicKey, logKey: log.publicKey)
            ],
            services: services
        ).genesis()
    }

    /// A context of a service; nothing is connected before it is used.
    func context(
        _ service: ServiceName, postgres: PostgresConfiguration = .unreachable, kafka: String = "127.0.0.1:1",
        clock: TestClock = TestClock()
    ) throws -> MessagingContext {
        var logger = Logger(label: "test.\(service.rawValue)")
        logger.logLevel = .critical
        return MessagingContext(
            genesis: genesis, service: service, signer: try #require(signers[service]),
            unsealer: try #require(unsealers[service]), rootKey: try #require(rootKeys[service]),
            pool: PostgresPool(postgres), postgres: postgres,
            kafka: KafkaConfiguration(bootstrapServers: kafka, clientID: service.rawValue), logger: logger,
            clock: { clock.now })
    }
}

extension PostgresConfiguration {
    /// Of a server that is not there, for what must not ask a database.
    static var unreachable: PostgresConfiguration {
        PostgresConfiguration(host: "127.0.0.1", port: 1, database: "none", user: "none", schema: "none")
    }
}

/// The wall clock, moved by a test.
final class TestClock: Sendable {
    private let shift = Mutex<Int64>(0)

    var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        return Timestamp(milliseconds: milliseconds + shift.withLock { $0 })
    }

    func advance(milliseconds: Int64) { shift.withLock { $0 += milliseconds } }
}
