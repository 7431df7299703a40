import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

@Suite struct SignStateTests {
    let network: LedgerNetwork
    let hashes = (0..<3 as Range<UInt8>).map { SHA256.hash([$0]) }

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    private var signer: Signer { network.keys[1].consensus }
    private var fresh: SignState {
        SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(1))
    }

    /// A vote by height, round and block; which refusal the second one meets after the first.
    @Test(
        arguments: [
            ((5, 1, 0), (5, 1, 0), nil), ((5, 1, 0), (5, 1, 1), SignRefusal.alreadySigned),
            ((5, 1, 0), (5, 0, 0), .roundIsOver), ((5, 1, 0), (4, 9, 0), .heightIsOver),
            ((5, 1, 0), (5, 2, 1), nil), ((5, 1, 0), (6, 0, 1), nil),
        ] as [((Int, Int, Int), (Int, Int, Int), SignRefusal?)])
    func neverSignsTwoVotesForOneStep(
        first: (Int, Int, Int), second: (Int, Int, Int), refusal: SignRefusal?
    ) throws {
        for step in VoteStep.allCases {
            var state = fresh
            let known = try vote(step, first, &state)
            var found: SignRefusal?
            do {
                let again = try vote(step, second, &state)
                if first == second { #expect(again == known) }
            } catch let error as SignRefusal { found = error }
            #expect(found == refusal)
            // The other step of the same round is another message.
            let other: VoteStep = step == .prevote ? .precommit : .prevote
            if refusal == .alreadySigned { _ = try vote(other, first, &state) }
        }
    }

    private func vote(_ step: VoteStep, _ what: (Int, Int, Int), _ state: inout SignState) throws -> Vote {
        try state.vote(
            step, height: BlockHeight(UInt64(what.0)), round: UInt32(what.1), blockHash: hashes[what.2],
            signer: signer)
    }

    @Test func neverProposesTwoBlocksInARound() throws {
        var state = fresh
        let contents = try (0..<2).map { try content(time: $0, round: 0) }
        let first = try state.propose(contents[0], signer: signer)
        let again = try state.propose(contents[0], signer: signer)
        #expect(again == first)
        #expect(throws: SignRefusal.alreadySigned) { try state.propose(contents[1], signer: signer) }
    }

    @Test func cosignsOneCheckpointAHeight() throws {
        var state = fresh
        let cosigner = network.keys[1].cosignature
        let height = BlockHeight(7)
        let first = try state.cosign(
            checkpointText: "a\n1\nb\n", height: height, time: Timestamp(seconds: 10), signer: cosigner)
        let again = try state.cosign(
            checkpointText: "a\n1\nb\n", height: height, time: Timestamp(seconds: 20), signer: cosigner)
        #expect(again == first)
        for (text, height) in [("a\n1\nc\n", 7), ("a\n0\nb\n", 6)] {
            #expect(throws: SignRefusal.alreadyCosigned) {
                try state.cosign(
                    checkpointText: text, height: BlockHeight(UInt64(height)), time: Timestamp(seconds: 30),
                    signer: cosigner)
            }
        }
    }

    @Test func bytesGiveTheSameStateAndNoFlippedBitPasses() throws {
        let state = try filled()
        let bytes = state.encoded
        #expect(try SignState(decoding: bytes) == state)
        #expect(try SignState(decoding: fresh.encoded) == fresh)
        var passed: [Int] = []
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1 << UInt8(place % 8)
            if (try? SignState(decoding: changed)) != nil { passed.append(place) }
        }
        #expect(passed.isEmpty)
        let cut = (0..<bytes.count).filter { (try? SignState(decoding: Array(bytes[..<$0]))) != nil }
        #expect(cut.isEmpty)
    }

    private func filled() throws -> SignState {
        var state = fresh
        let content = try content(time: 5, round: 0)
        let proposal = try state.propose(content, signer: signer)
        let hash = proposal.blockHash
        let height = proposal.height
        let prevotes = (0..<3).map { index in
            Vote.make(
                networkID: network.genesis.networkID, step: .prevote, height: height, round: 0,
                blockHash: hash, validator: ValidatorIndex(UInt16(index)),
                signer: network.keys[index].consensus)
        }
        _ = try state.vote(.prevote, height: height, round: 0, blockHash: hash, signer: signer)
        _ = try state.vote(.precommit, height: height, round: 0, blockHash: nil, signer: signer)
        state.bind(
            lock: Lock(round: 0, blockHash: hash),
            valid: ValidValue(round: 0, proposal: proposal, prevotes: prevotes), height: height)
        _ = try state.cosign(
            checkpointText: "x\n1\ny\n", height: BlockHeight(4), time: Timestamp(seconds: 9),
            signer: network.keys[1].cosignature)
        return state
    }

    /// A proposal of validator 1, whose turn it is at height 1 in round 0.
    private func content(time: Int64, round: UInt32) throws -> Proposal.Content {
        let block = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 1 + time),
            submissions: [try network.submission(sequence: 0)], next: network.genesis.initial)
        return Proposal.Content(
            networkID: network.genesis.networkID, round: round, validRound: nil,
            proposer: ValidatorIndex(1), submissionHashes: block.submissions.map(\.hash),
            blockEntry: block.entry, checkpointText: block.checkpointText, prevotes: [])
    }
}
