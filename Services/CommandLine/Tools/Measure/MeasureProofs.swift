import ArgumentParser
import Cryptography
import Foundation
import Merkle
import Model
import TransparencyLog

/// `consentry measure proofs`: what inclusion proofs cost on one core of this machine, and how long they are.
///
/// They are made as the ledger makes them, from tiles that were read before.
struct MeasureProofs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proofs", abstract: "Make and verify inclusion proofs of a log in memory, on one core.")

    @Option(help: "How many entries the log has; each takes 65 bytes of memory.")
    var entries: UInt64 = 10_000_000

    @Option(help: "Of how many random entries proofs are made.")
    var proofs: Int = 200_000

    @Option(help: "The size of a log for which the length of a proof with three cosignatures is told.")
    var tellLengthAt: UInt64 = 100_000_000

    func validate() throws {
        guard entries > 0, proofs > 0, tellLengthAt > 0 else {
            throw ValidationError("the numbers of entries and proofs are at least 1")
        }
    }

    func run() throws {
        let log = TiledLog(size: entries)
        let root = try log.root
        var generator = SystemRandomNumberGenerator()
        let indices = (0..<proofs).map { _ in UInt64.random(in: 0..<entries, using: &generator) }
        var made: [InclusionProof] = []
        made.reserveCapacity(proofs)
        let making = try seconds {
            for index in indices { made.append(try log.proof(of: index)) }
        }
        let leaves = indices.map(TiledLog.leafHash)
        let verifying = try seconds {
            for (proof, leaf) in zip(made, leaves) { try proof.verify(leafHash: leaf, root: root) }
        }
        let report: JSONValue = [
            "proofsMadePerSecond": .number(JSONNumber(Int64(Double(proofs) / making))),
            "proofsVerifiedPerSecond": .number(JSONNumber(Int64(Double(proofs) / verifying))),
            "hashes": .number(JSONNumber(Int64(made.map(\.hashes.count).max() ?? 0))),
            "byteCount": .number(JSONNumber(Int64(try proofByteCount()))),
        ]
        print(String(decoding: report.encoded(), as: UTF8.self))
    }

    /// The length of a written proof of an entry on the left side of the root, where the ways are longest.
    private func proofByteCount() throws -> Int {
        let origin = "ledger.measure.consentry.example"
        let leftHeight = max(UInt64.bitWidth - 1 - (tellLengthAt - 1).leadingZeroBitCount, 0)
        let index = UInt64(1) << UInt64(leftHeight) - 1
        let proof = try ProofBuilder.inclusion(index: index, treeSize: tellLengthAt) { level, index in
            SHA256.hash([UInt8]("\(level) \(index)".utf8))
        }
        let text = "\(origin)\n\(tellLengthAt)\n\(Data(SHA256.hash([]).bytes).base64EncodedString())\n"
        let signer = Signer(try SigningKey(seed: SecretBytes(byteCount: 32)))
        let cosignatures = (1...3).map { number in
            NoteSignature(
                cosigning: text, name: "validator-\(number).measure.consentry.example", time: 1_790_000_000,
                with: signer)
        }
        let note = SignedNote(text: text, signatures: cosignatures)
        return TlogProof(index: index, hashes: proof.hashes, checkpoint: note).encoded().utf8.count
    }

    private func seconds(_ work: () throws -> Void) rethrows -> Double {
        let started = ContinuousClock.now
        try work()
        return (ContinuousClock.now - started).seconds
    }
}

/// A log in memory as its tiles; its entries are the numbers from 0 on, eight bytes each.
private struct TiledLog {
    private let size: UInt64
    private var levels: [[TileNodes]] = []

    init(size: UInt64) {
        self.size = size
        let width = UInt64(TilePath.fullWidth)
        levels.append(
            stride(from: 0, to: size, by: Int(width)).map { first in
                TileNodes((first..<min(first + width, size)).map(Self.leafHash))
            })
        while true {
            let roots = (levels.last ?? []).compactMap(\.root)
            guard !roots.isEmpty else { break }
            levels.append(
                stride(from: 0, to: roots.count, by: Int(width)).map { first in
                    TileNodes(Array(roots[first..<min(first + Int(width), roots.count)]))
                })
        }
    }

    static func leafHash(_ index: UInt64) -> Digest {
        MerkleTree.leafHash(withUnsafeBytes(of: index.bigEndian) { Array($0) })
    }

    var root: Digest {
        get throws {
            let hashes = SubtreePosition.cover(0..<size).map { node($0.level, $0.index) }
            guard let range = CompactRange(size: size, hashes: hashes) else {
                preconditionFailure("the cover of a tree has one subtree for each bit of its size")
            }
            return range.root()
        }
    }

    func proof(of index: UInt64) throws -> InclusionProof {
        try ProofBuilder.inclusion(index: index, treeSize: size, node: node)
    }

    private func node(_ level: Int, _ index: UInt64) -> Digest {
        let tile = index >> UInt64(TilePath.height - level % TilePath.height)
        let nodes = levels[level / TilePath.height][Int(tile)]
        guard let hash = nodes.hash(of: SubtreePosition(level: level, index: index)) else {
            preconditionFailure("a proof asks for complete subtrees of its tree only")
        }
        return hash
    }
}
