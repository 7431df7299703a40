import Cryptography
import Foundation
import Kafka
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Postgres
import ServiceRuntime
import Testing

@Suite struct LedgerConfigurationTests {
    let network: LedgerNetwork

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    /// Reads the configuration of validator 2 from a folder with its keys and these further variables.
    private func configuration(
        _ more: [String: String], keyMode: Int = 0o600
    ) throws -> LedgerConfiguration {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(network.genesis.bytes).write(to: folder.appending(path: "genesis.json"))
        for (name, seed) in network.seeds[1] {
            let file = KeyFile(kind: .ed25519, secret: SecretBytes(copying: seed))
            let isWritten = FileManager.default.createFile(
                atPath: folder.appending(path: "\(name).key").path, contents: Data(file.encoded()),
                attributes: [.posixPermissions: keyMode])
            #expect(isWritten)
        }
        let variables = [
            "CONSENTRY_GENESIS": folder.appending(path: "genesis.json").path,
            "CONSENTRY_KEYS": folder.path, "CONSENTRY_VALIDATOR": "2",
            "CONSENTRY_POSTGRES": "postgres://ledger@127.0.0.1/ledger", "CONSENTRY_KAFKA": "127.0.0.1:1",
            "CONSENTRY_SIGN_STATE": folder.appending(path: "sign-state").path,
        ]
        return try LedgerConfiguration(
            environment: Environment(variables.merging(more) { _, further in further }))
    }

    @Test func readsItsKeysAndWhatServicesReadForKafkaAndPostgres() throws {
        let configuration = try configuration([
            "CONSENTRY_KAFKA_PROPERTIES": "security.protocol=ssl,ssl.ca.location=/etc/ca.pem",
            "CONSENTRY_POSTGRES_CONNECTIONS": "9",
        ])
        let expected = ["security.protocol": "ssl", "ssl.ca.location": "/etc/ca.pem"]
        #expect(configuration.kafka.properties == expected)
        #expect(configuration.postgres.connectionCountMax == 9)
        #expect(configuration.settings.keys.log.publicKey == network.keys[1].log.publicKey)
    }

    @Test func keysOfAValidatorThatJoinedLaterAreNotHeldAgainstGenesis() throws {
        let joined = try configuration(["CONSENTRY_VALIDATOR": "5"])
        #expect(joined.settings.validator == ValidatorIndex(4))
        let fault = #expect(throws: ConfigurationError.self) {
            try configuration(["CONSENTRY_VALIDATOR": "3"])
        }
        #expect(fault?.variable == "CONSENTRY_KEYS")
    }

    @Test(arguments: [
        ("CONSENTRY_KAFKA_PROPERTIES", "ssl"), ("CONSENTRY_POSTGRES_CONNECTIONS", "1"),
        ("CONSENTRY_POSTGRES", "not a url"),
    ])
    func namesTheVariableAtFault(name: String, value: String) throws {
        let fault = #expect(throws: ConfigurationError.self) { try configuration([name: value]) }
        #expect(fault?.variable == name)
    }

    @Test func keysThatOthersCanReadAreRefused() throws {
        let fault = #expect(throws: ConfigurationError.self) { try configuration([:], keyMode: 0o644) }
        #expect(fault?.variable == "CONSENTRY_KEYS")
    }
}
