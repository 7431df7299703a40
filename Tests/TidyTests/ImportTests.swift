import Foundation
import Testing

/// The arrows between the modules, by folder: what a file there may import, and nothing else.
///
/// SwiftPM checks the arrows between targets; only this test keeps system modules out of pure code.
private let allowedImports: [(folder: String, modules: Set<String>)] = [
    ("Shared/Model/", []),
    ("Shared/Cryptography/", ["CLibsodium", "CLibcrypto"]),
    ("Shared/Merkle/", ["Cryptography"]),
    ("Shared/TransparencyLog/", ["Merkle", "Cryptography"]),
    ("Shared/LedgerProtocol/", ["Model", "Cryptography", "Merkle", "TransparencyLog"]),
    ("Shared/Tokens/", ["Model", "Cryptography"]),
    ("Shared/ConsentEngine/", ["Model"]),
    ("Shared/Postgres/", ["CLibpq", "Dispatch", "Synchronization", "Glibc", "Foundation"]),
    ("Shared/Kafka/", ["CLibrdkafka", "Dispatch", "Synchronization", "Glibc", "Foundation"]),
    ("Services/Identity/Core/", ["Model", "Cryptography", "Tokens"]),
    ("Services/Consent/Core/", ["Model", "Cryptography", "ConsentEngine", "Tokens"]),
    ("Services/Ledger/Core/", ["Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol"]),
    ("Services/Records/Core/", ["Model", "Cryptography", "ConsentEngine", "Tokens"]),
    ("Services/Notification/Core/", ["Model", "Cryptography", "Tokens"]),
    (
        "Tests/LedgerSimulation/",
        ["Model", "Cryptography", "Merkle", "TransparencyLog", "LedgerProtocol", "LedgerCore"]
    ),
]

private func importedModules(_ file: SourceFile) -> Set<String> {
    let access: Set<Substring> = [
        "package", "internal", "public", "private", "fileprivate", "@preconcurrency",
    ]
    let modules = file.lines.compactMap { line -> String? in
        var words = line.split(separator: " ")
        while let first = words.first, access.contains(first) { words.removeFirst() }
        guard words.count >= 2, words[0] == "import" else { return nil }
        return String(words[words.count == 2 ? 1 : 2].prefix { $0 != "." })
    }
    return Set(modules)
}

@Suite struct ImportTests {
    @Test(arguments: allowedImports.map(\.folder))
    func folderImportsOnlyWhatItsArrowsAllow(folder: String) throws {
        let allowed = try #require(allowedImports.first { $0.folder == folder }).modules
        let files = SourceTree.swiftFiles.filter { $0.path.hasPrefix(folder) }
        #expect(!files.isEmpty)
        let strays = files.flatMap { file in
            importedModules(file).subtracting(allowed).map { "\(file.path) imports \($0)" }
        }
        #expect(strays == [])
    }

    @Test func servicesNeverImportEachOther() {
        let services = ["Identity", "Consent", "Ledger", "Records", "Notification"]
        let strays = SourceTree.productFiles.flatMap { file -> [String] in
            services.filter { !file.path.hasPrefix("Services/\($0)/") }.flatMap { other in
                importedModules(file).intersection(["\(other)Core", "\(other)Adapters"])
                    .map { "\(file.path) imports \($0)" }
            }
        }
        #expect(strays == [])
    }

    @Test func onlyTheFolderOfALibraryImportsItsC() {
        let owners = [
            "CLibsodium": "Cryptography", "CLibcrypto": "Cryptography", "CLibpq": "Postgres",
            "CLibrdkafka": "Kafka",
        ]
        let strays = SourceTree.swiftFiles.flatMap { file in
            importedModules(file).compactMap { module -> String? in
                guard let owner = owners[module] else { return nil }
                let isOwner =
                    file.path.hasPrefix("Shared/\(owner)/") || file.path.hasPrefix("Tests/\(owner)Tests/")
                return isOwner ? nil : "\(file.path) imports \(module)"
            }
        }
        #expect(strays == [])
    }
}
