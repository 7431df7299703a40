import Kafka
import LedgerProtocol
import Model
import Postgres
import ServiceRuntime

/// What a domain service reads from its environment, checked before anything is connected.
struct HostSettings: Sendable {
    static let genesisVariable = "CONSENTRY_GENESIS"
    /// Connections of one process: enough for its routes, its consumers and the relay on a small machine.
    private static let connectionCountDefault = 6

    let genesis: Genesis
    let service: GenesisService
    let postgres: PostgresConfiguration
    let kafka: KafkaConfiguration
    let host: String
    let port: Int

    init(_ name: ServiceName, environment: Environment) throws(ConfigurationError) {
        genesis = try Self.genesis(environment)
        guard let service = genesis.service(name) else {
            throw ConfigurationError(
                variable: Self.genesisVariable,
                reason: "names a genesis without the service `\(name.rawValue)`; make the network again")
        }
        self.service = service
        postgres = try Self.postgres(name, environment)
        kafka = KafkaConfiguration(
            bootstrapServers: try environment.required("CONSENTRY_KAFKA"),
            clientID: "consentry-\(name.rawValue)", properties: try environment.kafkaProperties())
        host = try environment.string("CONSENTRY_HOST", default: "127.0.0.1")
        port = try environment.int("CONSENTRY_PORT", default: Self.port(of: service.url), in: 0...65_535)
    }

    private static func genesis(_ environment: Environment) throws(ConfigurationError) -> Genesis {
        let bytes = try environment.fileContents(pathVariable: genesisVariable)
        do throws(GenesisFault) {
            return try Genesis(parsing: bytes)
        } catch {
            throw ConfigurationError(
                variable: genesisVariable, reason: "names a file that is refused: \(error)")
        }
    }

    private static func postgres(
        _ name: ServiceName, _ environment: Environment
    ) throws(ConfigurationError) -> PostgresConfiguration {
        let url = try environment.required("CONSENTRY_POSTGRES")
        let schema = try environment.string("CONSENTRY_SCHEMA", default: name.rawValue)
        do {
            var configuration = try PostgresConfiguration(url: url, schema: schema)
            configuration.connectionCountMax = try environment.int(
                "CONSENTRY_POSTGRES_CONNECTIONS", default: connectionCountDefault, in: 2...64)
            configuration.applicationName = "consentry-\(name.rawValue)"
            return configuration
        } catch let error as ConfigurationError {
            throw error
        } catch {
            // The fault's text never repeats the URL, which may hold a password.
            throw ConfigurationError(variable: "CONSENTRY_POSTGRES", reason: "is refused: \(error)")
        }
    }

    /// The port that a base URL names; 0 when it names none, since a proxy then stands before the service.
    private static func port(of url: String) -> Int {
        guard let colon = url.lastIndex(of: ":") else { return 0 }
        return Int(url[url.index(after: colon)...]) ?? 0
    }
}
