/// A contract in the form that the evaluator reads: about a hundred bytes for a basic one.
///
/// Only `ContractCompiler` makes one from a document, so what it holds is well formed.
package struct CompiledContract: Hashable, Sendable {
    /// The compact form; the parts that every evaluation reads come first.
    private let packed: PackedBytes

    /// The size of the compact form in bytes.
    package var byteCount: Int { packed.count }

    /// Packs the terms of a contract.
    package init(_ terms: ContractTerms) {
        var writer = PackedWriter()
        writer.byte(Self.flags(terms))
        writer.reference(terms.patient)
        writer.number(terms.custodians.count)
        for custodian in terms.custodians { writer.reference(custodian) }
        writer.number(terms.nested.count)
        for provision in terms.provisions {
            var packed = PackedWriter()
            packed.provision(provision)
            writer.append(packed)
        }
        writer.text(terms.contractID)
        writer.text(terms.version)
        writer.text(terms.policyURI ?? "")
        packed = PackedBytes(writer.bytes)
    }

    private static func flags(_ terms: ContractTerms) -> UInt8 {
        let status = UInt8(ContractStatus.allCases.firstIndex(of: terms.status) ?? 0)
        return status << 4 | terms.dialect.rawValue
    }

    /// The status that the document states; only an active contract counts.
    package var status: ContractStatus { ContractStatus.allCases[Int(packed.first >> 4)] }

    var dialect: ConsentDialect {
        guard let dialect = ConsentDialect(rawValue: packed.first & 15) else {
            preconditionFailure("a packed contract holds the dialect that was packed")
        }
        return dialect
    }

    /// The contract's id.
    package var contractID: String {
        readTail { $0.text() }
    }

    /// The hash of the bytes that were signed, in hexadecimal.
    package var version: String { identity.version }

    /// The registered policy that it refers to, if any.
    package var policyURI: String? {
        readTail { reader in
            _ = reader.skipText()
            _ = reader.skipText()
            let text = reader.text()
            return text.isEmpty ? nil : text
        }
    }

    /// Id and version.
    var identity: ContractVersion {
        readTail { reader in
            let id = reader.text()
            return ContractVersion(contractID: id, version: reader.text())
        }
    }

    /// Whether anything in it denies, so that it restricts from its acceptance.
    package var restricts: Bool { terms.provisions.contains { $0.effect == .deny } }

    /// The conditions that it states anywhere, each once.
    package var conditions: [AccessCondition] {
        var conditions: [AccessCondition] = []
        for condition in terms.provisions.flatMap(\.conditions) where !conditions.contains(condition) {
            conditions.append(condition)
        }
        return conditions
    }

    /// What the contract says, in the form that people and tools read.
    package var terms: ContractTerms { read(terms) }

    private func terms(_ reader: inout PackedReader) -> ContractTerms {
        let patient = reader.reference()
        let custodians = reader.list { $0.reference() }
        let nestedCount = reader.number()
        var provisions: [Provision] = []
        for _ in 0...nestedCount {
            _ = reader.number()
            provisions.append(reader.provision())
        }
        let id = reader.text()
        let version = reader.text()
        let policy = reader.text()
        return ContractTerms(
            contractID: id, version: version, dialect: dialect, status: status, patient: patient,
            custodians: custodians, policyURI: policy.isEmpty ? nil : policy, root: provisions[0],
            nested: Array(provisions.dropFirst()))
    }

    /// Calls a function with a reader that stands at the patient.
    func read<Result>(_ body: (inout PackedReader) -> Result) -> Result {
        withExtendedLifetime(packed) {
            var reader = unheldReader
            return body(&reader)
        }
    }

    /// A reader that stands at the patient; whoever uses it holds the contract meanwhile.
    var unheldReader: PackedReader { PackedReader(bytes: packed.unheld, position: 1) }

    /// Calls a function with a reader that stands behind the provisions.
    private func readTail<Result>(_ body: (inout PackedReader) -> Result) -> Result {
        read { reader in
            for _ in 0..<reader.skipToProvisions() {
                let count = reader.number()
                reader.position += count
            }
            return body(&reader)
        }
    }
}

extension PackedReader {
    /// Moves from the patient to the first provision, and returns how many follow.
    mutating func skipToProvisions() -> Int {
        position += 1
        _ = skipText()
        for _ in 0..<number() {
            position += 1
            _ = skipText()
        }
        return number() + 1
    }
}
