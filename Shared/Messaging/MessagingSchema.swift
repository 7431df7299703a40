import Cryptography
import LedgerProtocol
import Model
package import Postgres

/// Makes and checks messaging's tables in a service's own schema.
package enum MessagingSchema {
    /// The name under which the migrations of these tables are recorded.
    package static let component = "messaging"

    /// The migrations in their order.
    package static var migrations: [Migration] {
        [Migration(fileName: "V0001__messaging.sql", bytes: PackageResources.V0001__messaging_sql)]
    }

    /// Migrates the tables, and binds the schema to the network and service or refuses another one.
    ///
    /// Every process calls it at its start, before anything else touches the tables; a second call
    /// changes nothing.
    /// - Throws: `MessagingFault` with `.otherNetwork` or `.unknownService`; what the database throws.
    package static func prepare(_ context: MessagingContext) async throws {
        guard let own = context.genesis.service(context.service),
            own.signingKey == context.signer.publicKey
        else {
            throw MessagingFault(
                .unknownService,
                "the genesis file does not name service `\(context.service.rawValue)` with this signing key; "
                    + "check CONSENTRY_GENESIS and CONSENTRY_KEYS")
        }
        try await Migrator.migrate(
            context.pool, schema: context.postgres.schema, component: component, migrations: migrations)
        let networkID = context.genesis.networkID.bytes
        let service = context.service.rawValue
        try await context.pool.transaction { session in
            _ = try session.execute(
                "INSERT INTO network (id, service) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.bytes(networkID), .text(service)])
            guard let row = try session.query("SELECT id, service FROM network", []).first,
                try row.bytes(0) == networkID, try row.text(1) == service
            else {
                throw MessagingFault(
                    .otherNetwork,
                    "the schema belongs to another network or service; use an empty schema for this network")
            }
        }
    }
}
