package import ConsentCore
import ConsentEngine
import Cryptography
import LedgerProtocol
package import Messaging
import Model
package import Postgres
package import ServiceHost
package import ServiceRuntime

/// The composition root of `consent`: keeps contracts, decides access and issues record-access tokens.
package struct ConsentService: Sendable {
    /// How long a request waits for finality; after that the client asks again.
    package static let finalityWaitMillisecondsDefault = 5_000

    /// What the service stands on.
    package let host: ServiceHost
    /// Whom the service trusts.
    package let authority: AccessAuthority
    /// What contracts may name, and the policies of the custodian.
    package let policies: NetworkPolicies
    /// Says whether this replica's view of the participants is fresh enough to decide.
    package let isViewFresh: @Sendable () -> Bool
    /// How long a request waits for finality.
    package let finalityWaitMilliseconds: Int
    let signer: Signer

    /// Composes the service on a host.
    ///
    /// - Throws: `ConfigurationError` when genesis lacks a key, a service or a known policy, or the machine
    ///   lacks the network's time zone.
    package init(
        host: ServiceHost, finalityWaitMilliseconds: Int = Self.finalityWaitMillisecondsDefault,
        isViewFresh: @escaping @Sendable () -> Bool
    ) throws(ConfigurationError) {
        guard let signer = host.tokenSigner else { throw Self.lacking("a token key of `consent`") }
        guard let identity = host.genesis.service(.identity), let identityKey = identity.tokenKey else {
            throw Self.lacking("a token key of `identity`")
        }
        guard let records = host.genesis.service(.records) else {
            throw Self.lacking("the service `records`")
        }
        self.host = host
        self.signer = signer
        policies = try host.networkPolicies()
        self.isViewFresh = isViewFresh
        self.finalityWaitMilliseconds = finalityWaitMilliseconds
        authority = AccessAuthority(
            issuer: host.service.url, identityIssuer: identity.url, identityKey: identityKey,
            records: records.url)
    }

    /// Starts the host, composes the service on it and serves until the process is told to stop.
    ///
    /// - Throws: as `ServiceHost.start`; `ConfigurationError`; the fault of the server or of messaging.
    package static func run(environment: Environment, trapsSignals: Bool = true) async throws {
        let host = try await ServiceHost.start(.consent, environment: environment, migrations: migrations)
        let messaging = host.messaging(subscriptions: [IdentityProjection.subscription])
        let service: ConsentService
        do {
            service = try ConsentService(host: host) {
                messaging.freshness(topic: .identityEvents, producer: .identity).isFresh
            }
        } catch {
            await host.pool.close()
            throw error
        }
        try await host.run(
            routes: try service.routes, messaging: messaging, background: [AssertionPruning(host: host)],
            trapsSignals: trapsSignals)
    }

    /// Runs the service as the whole process.
    package static func main() async {
        await ServiceHost.main(.consent) { environment in try await run(environment: environment) }
    }

    /// The migrations of the service's own tables.
    package static var migrations: [Migration] {
        [
            Migration(fileName: "V0001__consent.sql", bytes: PackageResources.V0001__consent_sql),
            Migration(
                fileName: "V0002__revocation_finality.sql",
                bytes: PackageResources.V0002__revocation_finality_sql),
        ]
    }

    /// What the service takes from other services' topics.
    package static var subscriptions: [Subscription] { [IdentityProjection.subscription] }

    /// Waits for finality; when too many requests wait already, this one is answered as pending at once.
    func finality(of event: EntryID) async throws -> EventFinality {
        do {
            return try await host.eventStore.waitUntilFinal(
                event, timeoutMilliseconds: finalityWaitMilliseconds)
        } catch let fault as MessagingFault where fault.code == .tooManyWaiters {
            return .pending
        }
    }

    private static func lacking(_ what: String) -> ConfigurationError {
        ConfigurationError(
            variable: "CONSENTRY_GENESIS", reason: "names a genesis without \(what); make the network again")
    }
}
