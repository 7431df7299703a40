import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Merkle
import Model
import Testing
import TransparencyLog

@Suite struct BlockBuilderTests {
    let network: LedgerNetwork

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    /// A chain of blocks with these numbers of entries a submission.
    private func chain(_ shapes: [[Int]]) throws -> [BuiltBlock] {
        var head = ChainHead(network.genesis)
        var blocks: [BuiltBlock] = []
        var sequences: [ServiceName: UInt64] = [:]
        for (number, shape) in shapes.enumerated() {
            var submissions: [Submission] = []
            for (place, count) in shape.enumerated() {
                let service = ServiceName.allCases[place % ServiceName.allCases.count]
                let sequence = sequences[service, default: 0]
                sequences[service] = sequence + 1
                submissions.append(try network.submission(by: service, sequence: sequence, entryCount: count))
            }
            let time = LedgerNetwork.createdAt.advanced(byMilliseconds: Int64(number + 1) * 10)
            // The order in which they came does not matter.
            let block = BlockBuilder.build(
                on: head, time: time, submissions: submissions.reversed(), next: network.genesis.initial)
            blocks.append(block)
            head = block.head
        }
        return blocks
    }

    @Test func givesTheRootOfANaiveTree() throws {
        let blocks = try chain([[1], [3, 2, 7], [], [255], [2, 300, 9, 1, 1]])
        var leaves: [Digest] = []
        var previous = network.genesis.networkID
        for block in blocks {
            let ordered = block.submissions.sorted { ($0.keyID, $0.sequence) < ($1.keyID, $1.sequence) }
            #expect(ordered == block.submissions)
            leaves += ordered.flatMap { $0.entries.map { MerkleTree.leafHash($0.encoded) } }
            leaves.append(MerkleTree.leafHash(block.entry.encoded))
            let root = MerkleTree.root(ofLeafHashes: leaves)
            let text = "consentry.example/test\n\(leaves.count)\n\(Base64.encode(root.bytes))\n"
            #expect(block.checkpointText == text)
            #expect(block.entry.previous == previous)
            #expect(block.blockHash == SHA256.hash([UInt8](text.utf8)))
            previous = block.blockHash
        }
    }

    @Test func nodesAreThoseOfTheTree() throws {
        let blocks = try chain([[1], [3, 2, 7], [], [255], [2, 300, 9, 1, 1]])
        var leaves: [Digest] = []
        for block in blocks {
            leaves += block.submissions.flatMap(\.leafHashes) + [block.entry.leafHash]
            let size = UInt64(leaves.count)
            for run in ReceiptBuilder.runs(of: block.submissions, firstIndex: block.firstIndex) {
                let fast = try RangeProof.make(
                    first: run.firstIndex, count: UInt64(run.entryCount), treeSize: size
                ) { level, index in
                    try #require(block.nodes.node(level: level, index: index))
                }
                let slow = try RangeProof.make(
                    first: run.firstIndex, count: UInt64(run.entryCount), treeSize: size
                ) { level, index in
                    let first = Int(index) << level
                    return MerkleTree.root(ofLeafHashes: Array(leaves[first..<first + 1 << level]))
                }
                #expect(fast == slow)
            }
        }
    }

    @Test func tilesHoldTheTree() throws {
        let blocks = try chain((0..<40).map { _ in [1_024, 700] })
        var tiles = TileAccumulator()
        var full: [FullTile] = []
        var leaves: [Digest] = []
        for block in blocks {
            full += tiles.append(block.nodes)
            leaves += block.submissions.flatMap(\.leafHashes) + [block.entry.leafHash]
        }
        for tile in full where tile.level == 0 {
            let first = Int(tile.index) * 256
            #expect(tile.hashes == Array(leaves[first..<first + 256]))
        }
        let upper = full.filter { $0.level == 1 }
        let roots = full.filter { $0.level == 0 }.map { MerkleTree.root(ofLeafHashes: $0.hashes) }
        #expect(upper.map(\.hashes) == [Array(roots[..<256])])
        let restored = TileAccumulator(treeSize: UInt64(leaves.count), partials: tiles.partials)
        #expect(restored == tiles)
    }

    @Test(arguments: [
        "ok", "predecessor", "time", "sequence", "order", "header", "tooFar", "missing", "reproposed",
    ])
    func proposalsAreRebuiltBitForBit(_ change: String) throws {
        let head = try chain([[1]])[0].head
        var mempool = Mempool(
            on: ChainHead(network.genesis), nextSequences: [network.signer(.identity).keyID: 1])
        var submissions = [
            try network.submission(by: .identity, sequence: change == "sequence" ? 2 : 1, entryCount: 2),
            try network.submission(by: .consent, sequence: 0),
        ]
        for submission in submissions where change != "missing" {
            _ = mempool.receive(try network.verified(submission), atMilliseconds: 0)
        }
        submissions = FinalBlock.ordered(submissions)
        let now = head.time.advanced(byMilliseconds: 1_000)
        let late = change == "tooFar" || change == "reproposed"
        let time =
            change == "time" ? head.time : late ? now.advanced(byMilliseconds: 10_001) : now
        let block = BlockBuilder.build(
            on: change == "predecessor" ? ChainHead(network.genesis) : head, time: time,
            submissions: submissions, next: network.genesis.initial)
        var hashes = block.submissions.map(\.hash)
        if change == "order" { hashes.reverse() }
        let text = change == "header" ? block.checkpointText + " " : block.checkpointText
        let round: UInt32 = change == "reproposed" ? 1 : 0
        let proposer = network.genesis.initial.proposer(height: block.height, round: round)
        let proposal = try Proposal.make(
            Proposal.Content(
                networkID: network.genesis.networkID, round: round, validRound: round == 1 ? 0 : nil,
                proposer: proposer, submissionHashes: hashes, blockEntry: block.entry, checkpointText: text,
                prevotes: round == 1 ? prevotes(block) : []),
            signer: network.keys[proposer.position].consensus)
        let check = ProposalCheck.check(
            proposal, on: head, mempool: mempool, now: now)
        #expect(describe(check) == Self.expected[change])
    }

    private static let expected = [
        "ok": "valid", "predecessor": "wrongPredecessor", "time": "timeNotLater",
        "sequence": "wrongSequence", "order": "wrongSequence", "header": "wrongHeader",
        "tooFar": "untimely", "missing": "missing 2", "reproposed": "valid",
    ]

    private func describe(_ check: ProposalCheck) -> String {
        switch check {
        case .valid(_, let isTimely): isTimely ? "valid" : "untimely"
        case .missing(let hashes): "missing \(hashes.count)"
        case .invalid(let fault): "\(fault)"
        }
    }

    private func prevotes(_ block: BuiltBlock) -> [Vote] {
        (0..<3).map { index in
            Vote.make(
                networkID: network.genesis.networkID, step: .prevote, height: block.height, round: 0,
                blockHash: block.blockHash, validator: ValidatorIndex(UInt16(index)),
                signer: network.keys[index].consensus)
        }
    }
}
