import Cryptography
import Foundation
import Merkle
import TestSupport
import Testing

/// One file of the published proofs; sizes are those of the file's kind.
struct ProofVector: Decodable, Sendable, CustomTestStringConvertible {
    let desc: String
    let wantErr: Bool
    let proof: [String]?
    let leafIdx, treeSize: UInt64?
    let root, leafHash: String?
    let size1, size2: UInt64?
    let root1, root2: String?

    var testDescription: String { desc }

    static func load(_ kind: String) -> [ProofVector] {
        Corpora.files(under: "merkle/\(kind)").filter { $0.pathExtension == "json" }.compactMap { url in
            try? JSONDecoder().decode(ProofVector.self, from: Data(contentsOf: url))
        }
    }

    /// The hashes, or nil when one is not 32 bytes, which a caller of this module cannot even express.
    var hashes: [Digest]? {
        let decoded = (proof ?? []).map(ProofVector.digest)
        return decoded.contains(nil) ? nil : decoded.compactMap { $0 }
    }

    static func digest(_ text: String?) -> Digest? {
        text.flatMap { Base64.decode($0) }.flatMap { Digest($0) }
    }
}

@Suite(.enabled(if: Corpora.isPresent, "the published test material is not beside the project"))
struct VectorTests {
    @Test(arguments: ["inclusion", "consistency"])
    func everyFileIsLoaded(kind: String) {
        let files = Corpora.files(under: "merkle/\(kind)").filter { $0.pathExtension == "json" }
        #expect(ProofVector.load(kind).count == files.count)
        #expect(files.count > 30)
    }

    @Test(arguments: ProofVector.load("inclusion"))
    func inclusion(vector: ProofVector) throws {
        let index = try #require(vector.leafIdx)
        let size = try #require(vector.treeSize)
        var accepted = false
        if let hashes = vector.hashes, let root = ProofVector.digest(vector.root),
            let leaf = ProofVector.digest(vector.leafHash)
        {
            let proof = InclusionProof(leafIndex: index, treeSize: size, hashes: hashes)
            accepted = (try? proof.verify(leafHash: leaf, root: root)) != nil
        }
        let expected = !vector.wantErr
        #expect(accepted == expected)
    }

    @Test(arguments: ProofVector.load("consistency"))
    func consistency(vector: ProofVector) throws {
        let oldSize = try #require(vector.size1)
        let newSize = try #require(vector.size2)
        var accepted = false
        if let hashes = vector.hashes, let old = VectorTests.root(vector.root1),
            let new = VectorTests.root(vector.root2)
        {
            let proof = ConsistencyProof(oldSize: oldSize, newSize: newSize, hashes: hashes)
            accepted = (try? proof.verify(oldRoot: old, newRoot: new)) != nil
        }
        let expected = !vector.wantErr
        #expect(accepted == expected)
    }

    /// Some published roots are short texts; equal texts become equal digests.
    private static func root(_ text: String?) -> Digest? {
        guard let bytes = text.flatMap({ Base64.decode($0) }) else { return nil }
        return Digest(bytes) ?? SHA256.hash(bytes)
    }
}
