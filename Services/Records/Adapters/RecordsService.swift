import ConsentEngine
import Cryptography
import LedgerProtocol
import Logging
package import Messaging
import Model
package import Postgres
import RecordsCore
package import ServiceHost
package import ServiceRuntime

/// The composition root of `records`: the encrypted vault, and the only way out of it.
package struct RecordsService: Sendable {
    /// What the service stands on.
    package let host: ServiceHost
    let vault: RecordVault
    let records: RecordTable
    let contracts: ContractTable
    let decisions: DecisionTable
    /// The service whose tokens open records.
    let consent: GenesisService
    let tokenKey: PublicSigningKey
    let policies: NetworkPolicies
    let reading: RecordReading
    /// The rules of labelling as disclosures name them.
    let labelRules: String
    let authenticator: IdentityTokenAuthenticator

    /// Starts the service's host and composes the service on it.
    ///
    /// - Throws: as `ServiceHost.start`; `ConfigurationError` when genesis lacks what is needed.
    package static func start(environment: Environment) async throws -> RecordsService {
        let host = try await ServiceHost.start(.records, environment: environment, migrations: migrations)
        do {
            return try RecordsService(host: host)
        } catch {
            await host.pool.close()
            throw error
        }
    }

    /// Composes the service on a host that was started.
    ///
    /// - Throws: `ConfigurationError`.
    package init(host: ServiceHost) throws(ConfigurationError) {
        guard let consent = host.genesis.service(.consent), let tokenKey = consent.tokenKey else {
            throw ConfigurationError(
                variable: "CONSENTRY_GENESIS",
                reason: "names a genesis without a token key of `consent`; make the network again")
        }
        let policies = try host.networkPolicies()
        self.host = host
        self.consent = consent
        self.tokenKey = tokenKey
        self.policies = policies
        let rules = try LabelRulesFile.read(host.environment)
        for problem in rules.problems {
            host.logger.warning("a rule of labelling", metadata: ["problem": "\(problem)"])
        }
        reading = RecordReading(zone: policies.registry.zone, labeller: Labeller(rules: rules))
        labelRules = LabelRulesFile.identifier(of: rules)
        authenticator = try host.identityTokenAuthenticator()
        vault = RecordVault(rootKey: host.rootKey, networkID: host.genesis.networkID)
        records = RecordTable(vault: vault)
        contracts = ContractTable(vault: vault, registry: policies.registry)
        decisions = DecisionTable(vault: vault)
    }

    /// Serves until the process is told to stop.
    ///
    /// - Throws: the fault of the server or of messaging.
    package func run(trapsSignals: Bool = true) async throws {
        let messaging = host.messaging(subscriptions: subscriptions)
        try await host.run(
            routes: routes {
                messaging.freshness(topic: .consentEvents, producer: .consent).isFresh
                    && messaging.freshness(topic: .identityEvents, producer: .identity).isFresh
            },
            messaging: messaging, background: [DecisionPruning(host: host)], trapsSignals: trapsSignals)
    }

    /// Runs the service as the whole process.
    package static func main() async {
        await ServiceHost.main(.records) { environment in
            try await start(environment: environment).run()
        }
    }

    /// What the service reads of the others.
    package var subscriptions: [Subscription] {
        let projection = ConsentProjection(contracts: contracts, decisions: decisions)
        return [
            Subscription(topic: .identityEvents, producers: [.identity], handle: IdentityProjection.apply),
            Subscription(topic: .consentEvents, producers: [.consent], handle: projection.applyConsent),
            Subscription(topic: .accessEvents, producers: [.consent], handle: projection.applyAccess),
        ]
    }

    /// The migrations of the service's own tables.
    package static var migrations: [Migration] {
        [
            Migration(fileName: "V0001__records.sql", bytes: PackageResources.V0001__records_sql),
            Migration(
                fileName: "V0002__revocation_finality.sql",
                bytes: PackageResources.V0002__revocation_finality_sql),
            Migration(
                fileName: "V0003__contract_finality.sql",
                bytes: PackageResources.V0003__contract_finality_sql),
        ]
    }
}
