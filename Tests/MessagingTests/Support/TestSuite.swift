import Cryptography
import Kafka
import LedgerProtocol
import Messaging
import Model
import Postgres
import TestSupport
import Testing

/// One service's messaging with a schema of its own, and a table in which its handler notes what it got.
struct TestService: Sendable {
    let context: MessagingContext
    let store: EventStore
    let messaging: MessagingService

    /// What the handler applied, in order: the event's id and whether it was final.
    func seen() async throws -> [Seen] {
        try await context.pool.query { session in
            try session.query("SELECT event_id, final, disclosure, receipt FROM seen ORDER BY id").map {
                row in
                Seen(
                    id: try #require(EntryID(try row.uuid(0))), isFinal: try row.bool(1),
                    disclosure: try row.bytes(2), receipt: try row.textOrNull(3))
            }
        }
    }

    /// Appends an event in a transaction of its own.
    @discardableResult
    func append(
        _ type: EventType = .consentGranted, subject: ParticipantID = .random, data: JSONValue = ["note": "x"]
    ) async throws -> EntryID {
        let (id, store, at) = (EntryID.random, store, context.clock())
        try await context.pool.transaction { session in
            try store.append(id: id, type: type, subject: subject, data: data, at: at, in: session)
        }
        return id
    }

    func count(_ sql: String) async throws -> Int {
        try await context.pool.query { session in Int(try session.query(sql)[0].int(0)) }
    }
}

struct Seen: Sendable, Equatable {
    let id: EntryID
    let isFinal: Bool
    let disclosure: [UInt8]
    let receipt: String?
}

extension Identifier {
    /// A fresh identifier.
    static var random: Identifier {
        guard let identifier = Identifier(Random.bytes(16)) else { fatalError("16 bytes are an identifier") }
        return identifier
    }
}

/// A broker, a ledger and a validator for one test.
struct TestSuite: Sendable {
    let network: TestNetwork
    let broker: MockBroker
    let ledger: TestLedger
    let validator: TestValidator
    let clock = TestClock()

    static let topics: [(name: String, partitions: Int32)] = [
        ("identity.events", 1), ("consent.events", 2), ("access.events", 1), ("records.events", 1),
        ("ledger.submissions", 1), ("ledger.receipts", 1), ("ledger.network", 1),
    ]

    init(_ network: TestNetwork? = nil, ledger: TestLedger? = nil) throws {
        let network = try network ?? ledger?.network ?? TestNetwork()
        self.network = network
        broker = try TestBroker.start(Self.topics)
        self.ledger = ledger ?? TestLedger(network)
        validator = TestValidator(self.ledger, bootstrapServers: broker.bootstrapServers)
    }

    /// A schema that belongs to the network, with the table of the handler.
    func schema(_ service: ServiceName) async throws -> PostgresConfiguration {
        let postgres = try await PrivatePostgres.shared().createSchema(service.rawValue)
        let context = try network.context(service, postgres: postgres)
        try await MessagingSchema.prepare(context)
        try await context.pool.query { session in
            try session.execute(
                script: """
                    CREATE TABLE seen (
                        id bigserial PRIMARY KEY, event_id uuid NOT NULL, final boolean NOT NULL,
                        disclosure bytea NOT NULL, receipt text)
                    """)
        }
        await context.pool.close()
        return postgres
    }

    /// A replica of a service on a schema; its handler notes every event, after `check` let it pass.
    func service(
        _ service: ServiceName, on postgres: PostgresConfiguration, consuming topics: [Topic] = [],
        from producers: [ServiceName] = [.identity, .consent, .records],
        check: @escaping @Sendable (InboundEvent) throws -> Void = { _ in }
    ) throws -> TestService {
        let context = try network.context(
            service, postgres: postgres, kafka: broker.bootstrapServers, clock: clock)
        let store = EventStore(context)
        let subscriptions = topics.map { topic in
            Subscription(topic: topic, producers: producers) { event, session in
                try check(event)
                try session.execute(
                    "INSERT INTO seen (event_id, final, disclosure, receipt) VALUES ($1, $2, $3, $4)",
                    [
                        .uuid(event.id.bytes), .bool(event.finality.isFinal), .bytes(event.disclosureBytes),
                        event.receipt.map { .text($0) } ?? .null,
                    ])
            }
        }
        let messaging = MessagingService(context, eventStore: store, consumers: subscriptions)
        return TestService(context: context, store: store, messaging: messaging)
    }

    /// Runs services, and the validator besides, while the body works.
    func running(
        _ services: [TestService], withValidator: Bool = true, _ body: () async throws -> Void
    ) async throws {
        let validator = validator
        try await withThrowingTaskGroup(of: Void.self) { group in
            if withValidator { group.addTask { try await validator.run() } }
            for service in services { group.addTask { try? await service.messaging.run() } }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// Writes a record to a topic as anybody could.
    func produce(
        _ topic: Topic, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader]
    ) async throws {
        let producer = try KafkaProducer(
            KafkaConfiguration(bootstrapServers: broker.bootstrapServers, clientID: "stranger"))
        do {
            _ = try await producer.send(
                topic: topic.rawValue, partition: partition, key: key, value: value, headers: headers)
        } catch {
            await producer.shutdown()
            throw error
        }
        await producer.shutdown()
    }
}

/// Waits until something holds; fails after the time given.
func eventually(
    within seconds: Int = 15, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    of services: [TestService] = [], _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await holds() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    let states = services.map { "\($0.messaging.readiness()) \($0.messaging.statistics())" }
    Issue.record("did not happen in time: \(what); \(states)", sourceLocation: sourceLocation)
    throw CancellationError()
}
