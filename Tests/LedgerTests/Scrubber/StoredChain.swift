import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Postgres
import TestSupport
import Testing
import TransparencyLog

/// Final blocks with certificates and notes, as one validator stores them and the others serve them.
struct StoredChain {
    let network: LedgerNetwork
    let commits: [BlockCommit]
    let notes: [SignedNote]

    /// A block has these numbers of entries a submission.
    init(_ shapes: [[Int]], network: LedgerNetwork) throws {
        self.network = network
        var head = ChainHead(network.genesis)
        var tiles = TileAccumulator()
        var sequences: [ServiceName: UInt64] = [:]
        var commits: [BlockCommit] = []
        for (number, shape) in shapes.enumerated() {
            let submissions = try shape.enumerated().map { place, count in
                let service = ServiceName.allCases[place % 2]
                defer { sequences[service, default: 0] += 1 }
                return try network.submission(
                    by: service, sequence: sequences[service, default: 0], entryCount: count)
            }
            let block = BlockBuilder.build(
                on: head, time: LedgerNetwork.createdAt.advanced(byMilliseconds: Int64(number + 1)),
                submissions: submissions, next: network.genesis.initial)
            head = block.head
            commits.append(
                BlockCommit(
                    block: block, certificate: network.finalBlock(block).certificate,
                    cosignature: try Self.cosignatures(block, network)[0], tiles: tiles.append(block.nodes)))
        }
        self.commits = commits
        notes = try commits.map { commit in
            let cosignatures = try Self.cosignatures(commit.block, network)
            return try #require(
                CheckpointNote.make(
                    checkpointText: commit.block.checkpointText,
                    cosignatures: Dictionary(
                        uniqueKeysWithValues: cosignatures.map { ($0.validator, $0.cosignature) }),
                    logSigner: network.keys[0].log, network: network.genesis.initial))
        }
    }

    var height: BlockHeight { BlockHeight(UInt64(commits.count)) }

    func store(in store: BlockStore) async throws {
        for (commit, note) in zip(commits, notes) {
            try await store.append(commit, notes: [commit.block.height: note])
        }
    }

    /// Another validator that serves every block and note.
    var peer: PeerReader {
        var answers: [String: [UInt8]] = [:]
        for (commit, note) in zip(commits, notes) {
            answers["/blocks/\(commit.block.height)"] = commit.finalBlock.encoded
            answers["/notes/\(commit.block.height)"] = [UInt8](note.encoded().utf8)
        }
        return PeerReader(peerCount: 1) { [answers] _, path in answers[path] }
    }

    /// Two votes of one validator that exclude each other.
    func doubleVote(by index: UInt16) -> DoubleVote {
        let votes = ["one", "other"].map { name in
            Vote.make(
                networkID: network.genesis.networkID, step: .precommit, height: BlockHeight(3), round: 1,
                blockHash: SHA256.hash([UInt8](name.utf8)), validator: ValidatorIndex(index),
                signer: network.keys[Int(index)].consensus)
        }
        return DoubleVote(votes[0], votes[1])
    }

    private static func cosignatures(
        _ block: BuiltBlock, _ network: LedgerNetwork
    ) throws -> [CosignatureMessage] {
        try network.keys.indices.prefix(network.genesis.initial.quorum).map { index in
            var state = SignState(
                networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)))
            return try state.cosign(
                checkpointText: block.checkpointText, height: block.height, time: block.entry.time,
                signer: network.keys[index].cosignature)
        }
    }
}
