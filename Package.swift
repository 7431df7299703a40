// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Consentry",
    products: [
        .executable(name: "consentry", targets: ["consentry"]),
        .executable(name: "identity", targets: ["identity"]),
        .executable(name: "consent", targets: ["consent"]),
        .executable(name: "ledger", targets: ["ledger"]),
        .executable(name: "records", targets: ["records"]),
        .executable(name: "notification", targets: ["notification"]),
        .executable(name: "devbroker", targets: ["devbroker"]),
        .executable(name: "simulate", targets: ["simulate"]),
        .executable(name: "fuzz", targets: ["fuzz"]),
        .executable(name: "consent-benchmark", targets: ["consent-benchmark"]),
        .library(name: "FaultyDisk", type: .dynamic, targets: ["FaultyDisk"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: .shared + .services + .tools + .tests,
    swiftLanguageModes: [.v6])

extension [Target] {
    /// The common modules; each list of dependencies is the arrow that the build and `TidyTests` enforce.
    static var shared: [Target] {
        [
            .systemLibrary(
                name: "CLibsodium", path: "Shared/CSystem/CLibsodium", pkgConfig: "libsodium",
                providers: [.apt(["libsodium-dev"])]),
            .systemLibrary(
                name: "CLibcrypto", path: "Shared/CSystem/CLibcrypto", pkgConfig: "libcrypto",
                providers: [.apt(["libssl-dev"])]),
            .systemLibrary(
                name: "CLibpq", path: "Shared/CSystem/CLibpq", pkgConfig: "libpq",
                providers: [.apt(["libpq-dev"])]),
            .systemLibrary(
                name: "CLibrdkafka", path: "Shared/CSystem/CLibrdkafka", pkgConfig: "rdkafka",
                providers: [.apt(["librdkafka-dev"])]),
            .module("Model"),
            .module("Cryptography", ["CLibsodium", "CLibcrypto"]),
            .module("Merkle", ["Cryptography"]),
            .module("TransparencyLog", ["Merkle", "Cryptography"]),
            .module("LedgerProtocol", ["Model", "Cryptography", "Merkle", "TransparencyLog"]),
            .module("Tokens", ["Model", "Cryptography"]),
            .module("ConsentEngine", ["Model"], exclude: ["README.md"]),
            .module("Postgres", ["CLibpq"]),
            .module("Kafka", ["CLibrdkafka"]),
            .module(
                "Messaging",
                [
                    "Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol", "Postgres",
                    "Kafka",
                    .product(name: "Logging", package: "swift-log"),
                ],
                resources: [.embedInCode("Migrations")]),
            .module(
                "ServiceRuntime",
                [
                    "Model",
                    .product(name: "Hummingbird", package: "hummingbird"),
                    .product(name: "HTTPTypes", package: "swift-http-types"),
                    .product(name: "Logging", package: "swift-log"),
                    .product(name: "NIOCore", package: "swift-nio"),
                    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                ]),
            .module(
                "ServiceHost",
                [
                    "Model", "Cryptography", "LedgerProtocol", "Tokens", "ConsentEngine", "Postgres", "Kafka",
                    "Messaging", "ServiceRuntime",
                    .product(name: "HTTPTypes", package: "swift-http-types"),
                    .product(name: "Logging", package: "swift-log"),
                    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                ]),
        ]
    }

    static var services: [Target] {
        service("Identity", core: ["Cryptography", "Tokens"])
            + service("Consent", core: ["Cryptography", "ConsentEngine", "Tokens"])
            + service(
                "Ledger", core: ["Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol"],
                adapters: [
                    .product(name: "AsyncHTTPClient", package: "async-http-client"),
                    .product(name: "NIOCore", package: "swift-nio"),
                    .product(name: "NIOHTTP1", package: "swift-nio"),
                ])
            + service("Records", core: ["Cryptography", "ConsentEngine", "Tokens"])
            + service("Notification", core: ["Cryptography", "Tokens"])
    }

    /// One service: a pure core, its adapters and a `main` that only composes.
    static func service(
        _ name: String, core: [Target.Dependency], adapters: [Target.Dependency] = []
    ) -> [Target] {
        let pure: [Target.Dependency] = ["Model"] + core
        return [
            .target(
                name: "\(name)Core", dependencies: pure, path: "Services/\(name)/Core", swiftSettings: .strict
            ),
            .target(
                name: "\(name)Adapters",
                dependencies: [
                    .target(name: "\(name)Core"), "Model", "Cryptography", "Merkle", "TransparencyLog",
                    "LedgerProtocol", "Tokens", "ConsentEngine", "Postgres", "Kafka", "Messaging",
                    "ServiceRuntime", "ServiceHost",
                    .product(name: "HTTPTypes", package: "swift-http-types"),
                    .product(name: "Logging", package: "swift-log"),
                    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                ] + adapters,
                path: "Services/\(name)/Adapters", resources: [.embedInCode("Database/Migrations")],
                swiftSettings: .strict),
            .executableTarget(
                name: name.lowercased(),
                dependencies: [.target(name: "\(name)Adapters"), "ServiceRuntime"],
                path: "Services/\(name)/Main", swiftSettings: .strict),
        ]
    }

    static var tools: [Target] {
        [
            .target(
                name: "CommandLineTools",
                dependencies: [
                    "Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol", "Tokens",
                    "ConsentEngine", "Kafka",
                    .product(name: "ArgumentParser", package: "swift-argument-parser"),
                    .product(name: "AsyncHTTPClient", package: "async-http-client"),
                    .product(name: "NIOCore", package: "swift-nio"),
                    .product(name: "NIOHTTP1", package: "swift-nio"),
                ],
                path: "Services/CommandLine/Tools", swiftSettings: .strict),
            .executableTarget(
                name: "consentry",
                dependencies: [
                    "CommandLineTools", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                ],
                path: "Services/CommandLine/Main", swiftSettings: .strict),
            .executableTarget(
                name: "devbroker", dependencies: ["Kafka", "Model", "Yams"], path: "Services/DevBroker",
                exclude: ["README.md"], swiftSettings: .strict),
        ]
    }

    static var tests: [Target] {
        [
            .target(
                name: "LedgerSimulation",
                dependencies: [
                    "Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol", "LedgerCore",
                ],
                path: "Tests/LedgerSimulation", swiftSettings: .strict),
            .executableTarget(
                name: "simulate",
                dependencies: [
                    "LedgerSimulation", "Cryptography",
                    .product(name: "ArgumentParser", package: "swift-argument-parser"),
                ],
                path: "Tests/SimulationRunner", swiftSettings: .strict),
            .target(
                name: "TestSupport", dependencies: ["Model", "Postgres", "Kafka"], path: "Tests/TestSupport",
                swiftSettings: .strict),
            .target(
                name: "LedgerFixtures",
                dependencies: ["Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol"],
                path: "Tests/LedgerFixtures", swiftSettings: .strict),
            .executableTarget(
                name: "fuzz",
                dependencies: [
                    "LedgerFixtures", "Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol",
                    "LedgerCore", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                ],
                path: "Tests/DecoderFuzz", swiftSettings: .strict),
            .executableTarget(
                name: "consent-benchmark",
                dependencies: [
                    "ConsentEngine", "Model",
                    .product(name: "ArgumentParser", package: "swift-argument-parser"),
                ],
                path: "Tests/ConsentBenchmark", swiftSettings: .strict),
            .target(name: "FaultyDisk", path: "Tests/FaultyDisk"),
            .tests("Model"),
            .tests("Cryptography", ["CLibsodium"]),
            .tests("Merkle", ["Cryptography"]),
            .tests("TransparencyLog", ["Merkle", "Cryptography"]),
            .tests(
                "LedgerProtocol",
                of: ["LedgerProtocol", "LedgerFixtures", "Merkle", "Cryptography", "TransparencyLog"],
                exclude: ["Vectors"]),
            .tests("Tokens", ["Cryptography"]),
            .tests("ConsentEngine", of: ["ConsentEngine"], exclude: ["Golden"]),
            .tests("Postgres"),
            .tests("Kafka"),
            .tests(
                "Messaging",
                ["Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol", "Postgres", "Kafka"]),
            .tests(
                "ServiceRuntime",
                [
                    .product(name: "HTTPTypes", package: "swift-http-types"),
                    .product(name: "Logging", package: "swift-log"),
                ]),
            .serviceTests("Identity"),
            .serviceTests("Consent"),
            .serviceTests("Ledger", ["LedgerSimulation"]),
            .serviceTests("Records"),
            .serviceTests("Notification"),
            .tests(
                "CommandLine",
                of: [
                    "CommandLineTools", "LedgerProtocol", "Cryptography", "TransparencyLog", "Merkle",
                    "ConsentEngine",
                ]),
            .tests("EndToEnd", of: ["Postgres", "FaultyDisk"]),
            .tests("Tidy", of: ["Cryptography", "Yams"]),
        ]
    }
}

extension Target {
    static func module(
        _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
        resources: [Resource]? = nil
    ) -> Target {
        .target(
            name: name, dependencies: dependencies, path: "Shared/\(name)", exclude: exclude,
            resources: resources, swiftSettings: .strict)
    }

    static func tests(_ name: String, _ extra: [Target.Dependency] = []) -> Target {
        tests(name, of: [.target(name: name)] + extra)
    }

    /// Tests of one service: its core alone, and its adapters against a private Postgres and broker.
    static func serviceTests(_ name: String, _ extra: [Target.Dependency] = []) -> Target {
        tests(
            name,
            of: [
                .target(name: "\(name)Core"), .target(name: "\(name)Adapters"), "Cryptography", "Merkle",
                "TransparencyLog", "LedgerProtocol", "Tokens", "ConsentEngine", "Postgres", "Kafka",
                "Messaging",
                "ServiceRuntime", "ServiceHost", .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ] + extra)
    }

    static func tests(
        _ name: String, of dependencies: [Target.Dependency], exclude: [String] = []
    ) -> Target {
        .testTarget(
            name: "\(name)Tests",
            dependencies: ["TestSupport"] + (name == "Model" ? [] : ["Model"]) + dependencies,
            path: "Tests/\(name)Tests", exclude: exclude, swiftSettings: .strict)
    }
}

extension [SwiftSetting] {
    static var strict: [SwiftSetting] {
        [
            .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
    }
}
