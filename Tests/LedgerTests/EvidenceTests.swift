import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

/// What one validator of four does with faults of others, and with what is kept from it.
@Suite struct EvidenceTests {
    let network: LedgerNetwork
    let verifier: MessageVerifier

    init() throws {
        network = try LedgerNetwork(validatorCount: 4)
        verifier = MessageVerifier(history: NetworkHistory(network.genesis))
    }

    private func moment(_ uptime: Int64) -> Moment {
        Moment(
            uptimeMilliseconds: uptime,
            wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000 + uptime))
    }

    private func core(overdueMilliseconds: Int64 = 30_000) -> ValidatorCore {
        let state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: state)
        var settings = network.settings(0)
        settings.overdueMilliseconds = overdueMilliseconds
        var core = ValidatorCore(settings: settings, origin: origin, now: moment(0))
        _ = core.start(at: moment(0))
        return core
    }

    private func vote(_ hash: Digest?, by index: Int, step: VoteStep = .prevote, round: UInt32 = 0) -> Vote {
        Vote.make(
            networkID: network.genesis.networkID, step: step, height: BlockHeight(1), round: round,
            blockHash: hash, validator: ValidatorIndex(UInt16(index)), signer: network.keys[index].consensus)
    }

    private func published(_ actions: [ValidatorAction]) throws -> [DoubleVote] {
        try actions.compactMap { action in
            guard case .send(let message) = action, message.bytes.starts(with: DoubleVote.magic.utf8) else {
                return nil
            }
            #expect(message.topic == .ledgerConsensus)
            return try DoubleVote(decoding: message.bytes)
        }
    }

    private func reportCount(_ actions: [ValidatorAction]) -> Int {
        actions.count { if case .report = $0 { true } else { false } }
    }

    @Test func evidenceIsPublishedAndTheOthersKeepItToo() throws {
        var witness = core()
        let votes = try [vote(SHA256.hash([1]), by: 2), vote(nil, by: 2)].map {
            InboundMessage.vote(try #require(verifier.verify($0)))
        }
        let actions = witness.receive(votes, at: moment(1))
        let proofs = try published(actions)
        #expect(proofs.count == 1)
        #expect(reportCount(actions) == 1)
        let proof = try #require(proofs.first)
        #expect(proof.first.blockHash == nil)
        #expect(proof.validator == ValidatorIndex(2))

        var other = core()
        let message = try #require(verifier.verify(.doubleVote(proof)))
        let taken = other.receive([message], at: moment(1))
        let again = other.receive([message], at: moment(2))
        #expect(reportCount(taken) == 1)
        #expect(try published(taken).isEmpty)
        #expect(reportCount(again) == 0)
    }

    @Test func forgedEvidenceIsNotBelieved() throws {
        let genuine = vote(SHA256.hash([1]), by: 2)
        let forged = Vote.make(
            networkID: network.genesis.networkID, step: .prevote, height: BlockHeight(1), round: 0,
            blockHash: nil, validator: ValidatorIndex(2), signer: network.keys[3].consensus)
        let isBelieved = verifier.verify(.doubleVote(DoubleVote(genuine, forged))) != nil
        #expect(!isBelieved)
    }

    @Test(arguments: [
        "the same vote", "another round", "another validator", "another step", "the other order",
    ])
    func onlyTwoVotesThatExcludeEachOtherAreProof(change: String) {
        let (first, second) = (vote(nil, by: 2), vote(SHA256.hash([1]), by: 2))
        let other =
            switch change {
            case "the same vote": first
            case "another round": vote(SHA256.hash([1]), by: 2, round: 1)
            case "another validator": vote(SHA256.hash([1]), by: 1)
            case "another step": vote(SHA256.hash([1]), by: 2, step: .precommit)
            default: first
            }
        let isSwapped = change == "the other order"
        let votes = isSwapped ? second.encoded + first.encoded : first.encoded + other.encoded
        #expect(throws: DecodingFault.self) {
            try DoubleVote(decoding: [UInt8](DoubleVote.magic.utf8) + votes)
        }
    }

    @Test func aSubmissionThatIsKeptOutOfBlocksRaisesAnAlarm() throws {
        var core = core(overdueMilliseconds: 2_000)
        var alarm = OverdueAlarm()
        var news: [OverdueSubmissions] = []
        _ = core.receive(
            [.submission(try network.verified(network.submission(sequence: 0)))], at: moment(500))
        for second in 1...5 as ClosedRange<Int64> {
            _ = core.wake(at: moment(second * 1_000))
            if alarm.isNews(core.overdue) { news.append(core.overdue) }
        }
        // Held since 500 ms, looked at once a second, and said once.
        #expect(news == [OverdueSubmissions(count: 1, oldestMilliseconds: 2_500)])
        let last = core.overdue
        #expect(last == OverdueSubmissions(count: 1, oldestMilliseconds: 4_500))
        let isOver = alarm.isNews(.none)
        let isSaidAgain = alarm.isNews(.none)
        #expect(isOver)
        #expect(!isSaidAgain)
    }

    // MARK: another root for the same entries

    private func finalBlock(root: Digest?) throws -> Verified<FinalBlock> {
        let submission = try network.submission(sequence: 0)
        let built = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 10),
            submissions: [submission], next: network.genesis.initial)
        let lines = built.checkpointText.split(separator: "\n", omittingEmptySubsequences: false)
        let text =
            root.map { root in
                (lines[..<2] + [Substring(Base64.encode(root.bytes)), ""]).joined(separator: "\n")
            }
            ?? built.checkpointText
        let hash = FinalBlock.hash(ofCheckpointText: text)
        let precommits = (1...3).map { vote(hash, by: $0, step: .precommit) }
        let certificate = Certificate.make(of: precommits, quorum: network.genesis.initial.quorum)
        let block = FinalBlock(
            blockEntry: built.entry, checkpointText: text, certificate: try #require(certificate),
            submissions: [submission])
        return try #require(verifier.verify(block))
    }

    @Test func aValidatorThatComputesAnotherRootHaltsAndSaysWhatItSaw() throws {
        var core = core()
        let block = try finalBlock(root: SHA256.hash([9]))
        let actions = core.confront(block, at: moment(1))
        guard case .halt(.divergedFromQuorum)? = actions.first, actions.count == 1 else {
            Issue.record("the validator went on")
            return
        }
        let divergence = try #require(core.divergence)
        #expect(divergence.fault == .wrongHeader)
        let report = divergence.report(build: "test")
        for part in [
            Hex.encode(block.message.encoded), Hex.encode([UInt8](divergence.ownCheckpointText.utf8)),
            Hex.encode([UInt8](block.message.checkpointText.utf8)), network.genesis.networkID.hex,
            Hex.encode(block.message.blockEntry.encoded), "height 1\n",
        ] {
            let isThere = report.contains(part)
            #expect(isThere)
        }
        #expect(divergence.ownCheckpointText != block.message.checkpointText)
    }

    @Test func aBlockThatFollowsAfterAllIsTaken() throws {
        var core = core()
        let actions = core.confront(try finalBlock(root: nil), at: moment(1))
        let isCommitted = actions.contains { if case .commit = $0 { true } else { false } }
        #expect(isCommitted)
        #expect(core.divergence == nil)
    }

    @Test func oneSenderAloneCastsNoDoubt() {
        var contradictions = Contradictions()
        let (one, other) = (SHA256.hash([1]), SHA256.hash([2]))
        var counts: [Int] = []
        for (hash, giver) in [(one, "a"), (one, "a"), (other, "b"), (one, "c")] {
            counts.append(contradictions.note(hash, at: BlockHeight(5), by: giver))
        }
        counts.append(contradictions.note(one, at: BlockHeight(6), by: "b"))
        #expect(counts == [1, 1, 1, 2, 1])
    }
}
