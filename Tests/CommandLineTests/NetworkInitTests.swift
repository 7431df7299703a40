import CommandLineTools
import Cryptography
import Foundation
import LedgerProtocol
import Model
import Testing

@Suite struct NetworkInitTests {
    private func arguments(_ directory: String, validators: Int = 4) -> [String] {
        var arguments = ["network", "init", "--name", "demo", "--directory", directory]
        arguments += ["--validators", "\(validators)", "--organization", "North Hospital", "South Clinic"]
        for (index, name) in ServiceName.allCases.enumerated() {
            arguments += ["--service", "\(name.rawValue)=http://127.0.0.1:\(7201 + index)"]
        }
        for number in 0..<validators {
            arguments += ["--validator-url", "http://127.0.0.1:\(7101 + number)"]
        }
        return arguments + ["--subscriber", "demo"]
    }

    @Test func aNetworkHasEveryFileWithItsMode() async throws {
        try await withTemporaryFolder { folder in
            let root = folder + "/new/network"
            let code = await ConsentryProgram.run(arguments(root))
            #expect(code == 0)
            var expected = ["organizations/north-hospital", "organizations/south-clinic"]
            for number in 1...4 {
                expected += ["consensus", "cosignature", "log", "witness"].map { "validator-\(number)/\($0)" }
            }
            for name in ServiceName.allCases {
                expected += ["signing", "sealing", "root"].map { "\(name.rawValue)/\($0)" }
            }
            expected += ["identity/token", "consent/token"]
            let keys = expected.map { "keys/\($0).key" } + ["subscribers/demo/sealing.key"]
            let open = ["genesis.json", "subscribers/demo/sealing.pub", "subscribers/subscribers.json"]
            let (files, folders) = try modes(in: root)
            #expect(Set(files.keys) == Set(keys + open))
            #expect(keys.allSatisfy { files[$0] == 0o600 })
            #expect(open.allSatisfy { files[$0] == 0o644 })
            #expect(folders.values.allSatisfy { $0 == 0o700 })
        }
    }

    @Test func theKeysAreThoseOfTheGenesis() async throws {
        try await withTemporaryFolder { folder in
            let root = folder + "/network"
            _ = await ConsentryProgram.run(arguments(root, validators: 1))
            let genesis = try Genesis(parsing: readFile("\(root)/genesis.json"))
            #expect(genesis.initial.quorum == 1)
            func signing(_ path: String) throws -> PublicSigningKey {
                try KeyFile(parsing: readFile("\(root)/keys/\(path).key")).signingKey().publicKey
            }
            let validator = genesis.validators[0]
            #expect(validator.name == "validator-1.demo.consentry.example")
            #expect(try signing("validator-1/consensus") == validator.consensusKey)
            #expect(try signing("validator-1/cosignature") == validator.cosignatureKey)
            #expect(try signing("validator-1/log") == validator.logKey)
            #expect(try signing("organizations/north-hospital") == genesis.organizations[0].key)
            for service in genesis.services {
                #expect(try signing("\(service.name)/signing") == service.signingKey)
                let file = try KeyFile(parsing: readFile("\(root)/keys/\(service.name)/sealing.key"))
                #expect(try file.sealingKey().publicKey == service.sealingKey)
                let rootKind = try KeyFile(parsing: readFile("\(root)/keys/\(service.name)/root.key")).kind
                #expect(rootKind == .symmetric)
            }
            #expect(try signing("consent/token") == genesis.service(.consent)?.tokenKey)
            let subscriber = try KeyFile(parsing: readFile("\(root)/subscribers/demo/sealing.key"))
            let text = Base64.encode(try subscriber.sealingKey().publicKey.bytes)
            #expect(try readFile("\(root)/subscribers/demo/sealing.pub") == [UInt8]("\(text)\n".utf8))
            let list = try JSONValue(parsing: readFile("\(root)/subscribers/subscribers.json"))
            #expect(list[0]?["name"]?.string == "demo")
            #expect(list[0]?["sealingKey"]?.string == text)
        }
    }

    @Test func nothingIsOverwritten() async throws {
        try await withTemporaryFolder { folder in
            let root = folder + "/network"
            _ = await ConsentryProgram.run(arguments(root))
            let before = try readFile("\(root)/genesis.json")
            let code = await ConsentryProgram.run(arguments(root))
            #expect(code == 1)
            #expect(try readFile("\(root)/genesis.json") == before)
            try writeFile([1], folder + "/other")
            #expect(await ConsentryProgram.run(arguments(folder)) == 1)
        }
    }

    @Test(arguments: [
        ("a URL too few", Int32(64)), ("no service", 64), ("an unknown service", 64), ("a service twice", 64),
        ("no validators", 64), ("a bad subscriber", 64), ("a bad name", 1), ("a bad URL", 1),
        ("one slug for two organisations", 1),
    ])
    func wrongArgumentsWriteNothing(what: String, expected: Int32) async throws {
        try await withTemporaryFolder { folder in
            let root = folder + "/network"
            var arguments = arguments(root)
            switch what {
            case "a URL too few": arguments.removeAll { $0 == "http://127.0.0.1:7104" }
            case "no service": arguments.removeAll { $0.hasPrefix("records=") }
            case "an unknown service": arguments += ["--service", "ledger=http://127.0.0.1:1"]
            case "a service twice": arguments += ["--service", "records=http://127.0.0.1:1"]
            case "no validators": arguments += ["--validators", "0"]
            case "a bad subscriber": arguments += ["--subscriber", "../demo"]
            case "a bad name": arguments += ["--name", "Demo"]
            case "a bad URL": arguments = arguments.map { $0.replacing("http://127.0.0.1:7101", with: "x") }
            default: arguments += ["--organization", "north hospital"]
            }
            let code = await ConsentryProgram.run(arguments)
            #expect(code == expected)
            #expect(!FileManager.default.fileExists(atPath: root))
        }
    }

    @Test func showAndPolicyReadTheGenesis() async throws {
        let path = PinnedFiles.path("genesis.json")
        #expect(await ConsentryProgram.run(["network", "show", "--genesis", path]) == 0)
        #expect(await ConsentryProgram.run(["network", "policy", "--genesis", path]) == 0)
        #expect(await ConsentryProgram.run(["network", "policy", "--genesis", path + "x"]) == 1)
    }

    /// The permissions of all files and folders, by their path below the root.
    private func modes(in root: String) throws -> (files: [String: Int], folders: [String: Int]) {
        var (files, folders): ([String: Int], [String: Int]) = ([:], [:])
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            if isFolder { folders[path] = mode } else { files[path] = mode }
        }
        return (files, folders)
    }
}
