import ConsentEngine
import Model

/// How fast documents are compiled.
struct CompileFigures {
    private static let documentCount = 5_000
    private static let registry = CustodianRegistry(policies: [ImplicitPolicy.basicNormal.rawValue])

    let runCount: Int
    let seed: UInt64

    /// Prints the rates of basic documents and of the mix.
    func print() throws {
        Table.head("compilation", "bytes of JSON", "parsed and compiled, a core", "compiled only, a core")
        try print("PCF Basic") { generator, random in generator.basicTerms(&random) }
        try print("the mix") { generator, random in generator.terms(&random) }
    }

    private func print(
        _ name: String, _ draw: (ContractGenerator, inout SeededRandom) -> ContractTerms
    ) throws {
        var random = SeededRandom(seed: seed &+ 2)
        var documents: [Document] = []
        for _ in 0..<Self.documentCount {
            let setting = CareSetting(ofPopulation: &random)
            documents.append(
                try Document(draw(ContractGenerator(setting: setting, mix: .population), &random)))
        }
        var whole: [Double] = []
        var compiled: [Double] = []
        for _ in 0..<runCount {
            whole.append(try Self.rate(documents) { try $0.compiled(JSONValue(parsing: $0.bytes)) })
            compiled.append(try Self.rate(documents) { try $0.compiled($0.value) })
        }
        let byteCount = documents.reduce(0) { $0 + $1.bytes.count } / documents.count
        Table.row(name, "\(byteCount)", Table.rate(median(whole)), Table.rate(median(compiled)))
    }

    private static func rate(
        _ documents: [Document], _ compile: (Document) throws -> CompiledContract
    ) throws -> Double {
        let start = Process.threadNanoseconds
        for document in documents {
            guard try compile(document).byteCount == document.contract.byteCount else {
                preconditionFailure("a document compiles to the contract that it was written from")
            }
        }
        return Double(documents.count) * 1e9 / Double(Process.threadNanoseconds - start)
    }

    /// A contract and the document that says the same.
    private struct Document {
        let contract: CompiledContract
        let id: String
        let version: String
        let value: JSONValue
        let bytes: [UInt8]

        init(_ terms: ContractTerms) throws {
            contract = CompiledContract(terms)
            id = terms.contractID
            version = terms.version
            value = ConsentDocument.json(terms)
            bytes = value.encoded()
            guard try compiled(value) == contract else {
                preconditionFailure("a document compiles to the contract that it was written from")
            }
        }

        func compiled(_ value: JSONValue) throws -> CompiledContract {
            try ContractCompiler.compile(value, id: id, version: version, registry: registry)
        }
    }
}
