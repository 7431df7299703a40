import Cryptography
import Kafka
import LedgerProtocol
import Messaging
import Model
import NotificationCore
package import Postgres
package import ServiceHost
package import ServiceRuntime

/// The composition root of `notification`: patients' inboxes and the topics of subscribing systems.
package struct NotificationService: Sendable {
    /// Names the file of subscribers; without it there are none.
    package static let subscribersVariable = "CONSENTRY_SUBSCRIBERS"

    /// What the service stands on.
    package let host: ServiceHost
    let subscribers: [Subscriber]
    let keys: NotificationKeys
    let authenticator: IdentityTokenAuthenticator
    let figures = PublisherFigures()

    /// Starts the service's host and composes the service on it.
    ///
    /// - Throws: as `ServiceHost.start`; `ConfigurationError` for the file of subscribers.
    package static func start(environment: Environment) async throws -> NotificationService {
        let subscribers = try subscribers(environment)
        let host = try await ServiceHost.start(
            .notification, environment: environment, migrations: migrations)
        do {
            return NotificationService(
                host: host, subscribers: subscribers,
                keys: NotificationKeys(
                    rootKey: host.rootKey, networkID: host.genesis.networkID, subscribers: subscribers),
                authenticator: try host.identityTokenAuthenticator())
        } catch {
            await host.pool.close()
            throw error
        }
    }

    /// Serves until the process is told to stop.
    ///
    /// - Throws: the fault of the server or of messaging.
    package func run(trapsSignals: Bool = true) async throws {
        registerMetrics()
        let figures = figures
        try await host.run(
            routes: routes, messaging: host.messaging(subscriptions: projection.subscriptions),
            readiness: {
                // An inbox serves its patient whether or not subscribers can be reached.
                [ReadinessCheck("subscribers", isReady: true, detail: figures.problem ?? "")]
            },
            background: subscribers.isEmpty
                ? [] : [BackgroundTask("subscriber publisher") { try await publishToSubscribers() }],
            trapsSignals: trapsSignals)
    }

    /// Writes the subscribers' topics until it is cancelled; ``run(trapsSignals:)`` does it in the
    /// background.
    ///
    /// - Throws: nothing but a cancellation; faults are logged and tried again.
    package func publishToSubscribers() async throws {
        var kafka = host.context.kafka
        kafka.clientID += "-subscribers"
        let composer = NumberedRecordComposer(
            genesis: host.genesis, pseudonyms: keys.pseudonyms, signer: host.context.signer)
        try await SubscriberPublisher(
            subscribers: subscribers, composer: composer, notices: notices, postgres: host.context.postgres,
            kafka: kafka, channel: channel, logger: host.logger, figures: figures
        ).run()
    }

    /// Runs the service as the whole process.
    package static func main() async {
        await ServiceHost.main(.notification) { environment in
            try await start(environment: environment).run()
        }
    }

    /// The migrations of the service's own tables.
    package static var migrations: [Migration] {
        [Migration(fileName: "V0001__notification.sql", bytes: PackageResources.V0001__notification_sql)]
    }

    var participants: ParticipantTable { ParticipantTable(keys: keys) }
    var notices: NoticeTable { NoticeTable(keys: keys) }

    var projection: EventProjection {
        EventProjection(
            participants: participants, notices: notices, hasSubscribers: !subscribers.isEmpty,
            channel: channel)
    }

    private var channel: String { "\(host.context.postgres.schema)_subscribers" }

    private static func subscribers(_ environment: Environment) throws(ConfigurationError) -> [Subscriber] {
        guard environment.optional(subscribersVariable) != nil else { return [] }
        let bytes = try environment.fileContents(pathVariable: subscribersVariable)
        do throws(SubscriberRefusal) {
            return try Subscriber.list(parsing: bytes)
        } catch {
            throw ConfigurationError(
                variable: subscribersVariable, reason: "names a file that is refused: \(error)")
        }
    }

    private func registerMetrics() {
        let figures = figures
        host.metrics.gauge("subscriber_leader", help: "1 while this process writes the subscribers' topics.")
        {
            figures.isLeader ? 1 : 0
        }
        host.metrics.counter("subscriber_records_total", help: "Records written to subscribers' topics.") {
            Double(figures.deliveredCount)
        }
    }
}
