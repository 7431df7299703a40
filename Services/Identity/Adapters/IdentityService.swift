import Cryptography
import Model
package import Postgres
package import ServiceHost
package import ServiceRuntime

/// The composition root of `identity`: enrols participants and issues identity tokens.
package struct IdentityService: Sendable {
    /// What the service stands on.
    package let host: ServiceHost
    let signer: Signer
    let finalityWaitMilliseconds: Int
    let budget = ClientBudget()

    /// How long a request waits for finality by default; the time-out of routes is twice as long.
    package static let finalityWaitMillisecondsDefault = 5_000

    /// Starts the service's host and composes the service on it.
    ///
    /// - Throws: as `ServiceHost.start`; `ConfigurationError` when genesis names no token key for this
    ///   service.
    package static func start(
        environment: Environment, finalityWaitMilliseconds: Int = finalityWaitMillisecondsDefault
    ) async throws -> IdentityService {
        let host = try await ServiceHost.start(.identity, environment: environment, migrations: migrations)
        guard let signer = host.tokenSigner else {
            await host.pool.close()
            throw ConfigurationError(
                variable: "CONSENTRY_GENESIS",
                reason: "names a genesis without a token key of `identity`; make the network again")
        }
        return IdentityService(
            host: host, signer: signer, finalityWaitMilliseconds: finalityWaitMilliseconds)
    }

    /// Serves until the process is told to stop.
    ///
    /// - Throws: the fault of the server or of messaging.
    package func run(trapsSignals: Bool = true) async throws {
        try await host.run(
            routes: routes, messaging: host.messaging(subscriptions: []),
            background: [AssertionPruning(host: host)], trapsSignals: trapsSignals)
    }

    /// Runs the service as the whole process.
    package static func main() async {
        await ServiceHost.main(.identity) { environment in
            try await start(environment: environment).run()
        }
    }

    /// The migrations of the service's own tables.
    package static var migrations: [Migration] {
        [Migration(fileName: "V0001__identity.sql", bytes: PackageResources.V0001__identity_sql)]
    }
}
