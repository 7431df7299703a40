package import Kafka
package import LedgerCore
package import LedgerProtocol
package import Postgres
import ServiceHost
package import ServiceRuntime

/// What a ledger process is told from outside.
package struct LedgerConfiguration: Sendable {
    /// The network, which validator of it this is, its keys and its pace.
    package var settings: ValidatorSettings
    /// The validator's own schema.
    package var postgres: PostgresConfiguration
    /// The bus.
    package var kafka: KafkaConfiguration
    /// Where a validator is reached over HTTP, if not at the address that the network names, by its index.
    package var peerURLs: [ValidatorIndex: String] = [:]
    /// The logs that it witnesses and the witnesses of its own.
    package var witnessing: WitnessSettings
    /// The file of the sign-state, on a disk that outlives the database.
    package var signStatePath: String
    /// The address to listen on.
    package var host: String
    /// The port to listen on; 0 lets the system choose one.
    package var port: Int

    /// How much of a core the scrubber takes.
    package var scrubPace = ScrubPace(sharePercent: 10)

    /// Joins the parts.
    package init(
        settings: ValidatorSettings, postgres: PostgresConfiguration, kafka: KafkaConfiguration,
        signStatePath: String, host: String = "127.0.0.1", port: Int = 0
    ) {
        self.settings = settings
        self.postgres = postgres
        self.kafka = kafka
        witnessing = WitnessSettings(name: "witness")
        self.signStatePath = signStatePath
        self.host = host
        self.port = port
    }

    /// Where the other validators in force are reached.
    func peerURLs(in network: NetworkState) -> [String] {
        network.validators.filter { $0.index != settings.validator }.map {
            peerURLs[$0.index] ?? $0.member.url
        }
    }

    /// Reads the configuration of a validator.
    ///
    /// - Throws: `ConfigurationError` that names the first variable at fault.
    package init(environment: Environment) throws {
        let genesis = try Self.genesis(environment)
        let number = try environment.int("CONSENTRY_VALIDATOR", default: 0, in: 0...Int(UInt16.max))
        guard number > 0 else {
            throw ConfigurationError(
                variable: "CONSENTRY_VALIDATOR",
                reason: "is `\(number)`; set the validator's number, its index in the network and one more")
        }
        let index = ValidatorIndex(UInt16(number - 1))
        // A validator that joined later is not in the genesis file; its keys are checked when it is in force.
        let member =
            genesis.validators.indices.contains(index.position) ? genesis.validators[index.position] : nil
        let folder = try KeyFolder(variable: "CONSENTRY_KEYS", environment: environment)
        let keys = ValidatorKeys(
            consensus: try folder.signer("consensus.key", matching: member?.consensusKey),
            cosignature: try folder.signer("cosignature.key", matching: member?.cosignatureKey),
            log: try folder.signer("log.key", matching: member?.logKey))
        settings = ValidatorSettings(genesis: genesis, validator: index, keys: keys)
        settings.blockIntervalMilliseconds = Int64(
            try environment.int("CONSENTRY_BLOCK_INTERVAL_MS", default: 10, in: 1...60_000))
        let heartbeat = try environment.int("CONSENTRY_HEARTBEAT_BLOCK_SECONDS", default: 0, in: 0...86_400)
        settings.heartbeatMilliseconds = heartbeat == 0 ? nil : Int64(heartbeat) * 1_000
        scrubPace = ScrubPace(
            sharePercent: try environment.int("CONSENTRY_SCRUB_SHARE", default: 10, in: 1...100))
        postgres = try Self.postgres(number, environment)
        kafka = KafkaConfiguration(
            bootstrapServers: try environment.required("CONSENTRY_KAFKA"), clientID: "validator-\(number)",
            properties: try environment.kafkaProperties())
        let overdue = try environment.int("CONSENTRY_OVERDUE_SECONDS", default: 30, in: 1...86_400)
        settings.overdueMilliseconds = Int64(overdue) * 1_000
        peerURLs = try Self.peerURLs(genesis, environment)
        witnessing = try WitnessSettings(
            environment, keys: folder,
            validatorName: member?.name ?? "validator-\(number).\(genesis.network).consentry.example")
        signStatePath = try environment.path("CONSENTRY_SIGN_STATE")
        host = try environment.string("CONSENTRY_HOST", default: "127.0.0.1")
        port = try environment.int(
            "CONSENTRY_PORT", default: member.flatMap { Self.port(of: $0.url) } ?? 7100 + number,
            in: 0...65_535)
    }

    private static func genesis(_ environment: Environment) throws -> Genesis {
        do {
            return try Genesis(parsing: environment.fileContents(pathVariable: "CONSENTRY_GENESIS"))
        } catch let fault as GenesisFault {
            throw ConfigurationError(
                variable: "CONSENTRY_GENESIS", reason: "names a file that is refused: \(fault)")
        }
    }

    /// The ways by which this validator reaches those of genesis, such as tunnels, if they are not its URLs.
    private static func peerURLs(
        _ genesis: Genesis, _ environment: Environment
    ) throws -> [ValidatorIndex: String] {
        let text = try environment.string("CONSENTRY_PEER_URLS", default: "")
        guard !text.isEmpty else { return [:] }
        let urls = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard urls.count == genesis.validators.count, urls.allSatisfy({ $0.hasPrefix("http") }) else {
            throw ConfigurationError(
                variable: "CONSENTRY_PEER_URLS",
                reason:
                    "needs a URL for each of the \(genesis.validators.count) validators, with commas between")
        }
        return Dictionary(
            uniqueKeysWithValues: urls.enumerated().map { (ValidatorIndex(UInt16($0.offset)), $0.element) })
    }

    private static func postgres(
        _ number: Int, _ environment: Environment
    ) throws -> PostgresConfiguration {
        let url = try environment.required("CONSENTRY_POSTGRES")
        let schema = try environment.string("CONSENTRY_SCHEMA", default: "validator_\(number)")
        do {
            var configuration = try PostgresConfiguration(url: url, schema: schema)
            configuration.connectionCountMax = try environment.int(
                "CONSENTRY_POSTGRES_CONNECTIONS", default: configuration.connectionCountMax, in: 2...64)
            configuration.applicationName = "consentry-validator-\(number)"
            return configuration
        } catch let error as ConfigurationError {
            throw error
        } catch {
            // The fault's text never repeats the URL, which may hold a password.
            throw ConfigurationError(variable: "CONSENTRY_POSTGRES", reason: "is refused: \(error)")
        }
    }

    /// The port that a base URL names, if it names one.
    private static func port(of url: String) -> Int? {
        url.split(separator: ":").last.flatMap { Int($0) }
    }
}
