import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

/// The rules of the algorithm one by one, at height 1 of four validators; this one is number 0.
@Suite struct AgreementTests {
    let network: LedgerNetwork
    let verifier: MessageVerifier

    init() throws {
        network = try LedgerNetwork(validatorCount: 4)
        verifier = MessageVerifier(history: NetworkHistory(network.genesis))
    }

    private func agreement() -> Agreement {
        Agreement(network: network.genesis.initial, validator: ValidatorIndex(0), height: BlockHeight(1))
    }

    private func block(_ number: Int64) -> BuiltBlock {
        BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: number),
            submissions: [], next: network.genesis.initial)
    }

    private func proposal(
        _ block: BuiltBlock, round: UInt32, validRound: UInt32? = nil
    ) throws -> Verified<Proposal> {
        let proposer = network.genesis.initial.proposer(height: BlockHeight(1), round: round)
        let prevotes = validRound.map { round in
            (1...3).map { raw(.prevote, round: round, block.blockHash, by: $0) }
        }
        let proposal = try Proposal.make(
            Proposal.Content(
                networkID: network.genesis.networkID, round: round, validRound: validRound,
                proposer: proposer, submissionHashes: [], blockEntry: block.entry,
                checkpointText: block.checkpointText, prevotes: prevotes ?? []),
            signer: network.keys[proposer.position].consensus)
        return try #require(verifier.verify(proposal))
    }

    private func raw(_ step: VoteStep, round: UInt32, _ hash: Digest?, by index: Int) -> Vote {
        Vote.make(
            networkID: network.genesis.networkID, step: step, height: BlockHeight(1), round: round,
            blockHash: hash, validator: ValidatorIndex(UInt16(index)), signer: network.keys[index].consensus)
    }

    private func vote(
        _ step: VoteStep, round: UInt32, _ hash: Digest?, by index: Int
    ) throws -> Verified<Vote> {
        try #require(verifier.verify(raw(step, round: round, hash, by: index)))
    }

    /// Gives a proposal with its verdict and returns the votes asked for.
    private func give(
        _ proposal: Verified<Proposal>, _ verdict: Verdict, to agreement: inout Agreement
    ) -> [AgreementAction] {
        agreement.receive(proposal) + agreement.judged(proposal.message, verdict)
    }

    private func votes(_ actions: [AgreementAction]) -> [String] {
        actions.compactMap { action in
            guard case .vote(let step, let round, let hash) = action else { return nil }
            return "\(step) \(round) \(hash == nil ? "nil" : "block")"
        }
    }

    @Test(arguments: [
        (Verdict.valid, ["prevote 0 block"]), (.untimely, ["prevote 0 nil"]), (.invalid, ["prevote 0 nil"]),
    ])
    func prevotesWhatIsValidAndTimely(verdict: Verdict, expected: [String]) throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        let actions = give(try proposal(block(1), round: 0), verdict, to: &agreement)
        #expect(votes(actions) == expected)
    }

    @Test func aReproposalIsNotHeldAgainstTheClock() throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        _ = agreement.fired(AgreementTimeout(step: .precommit, height: BlockHeight(1), round: 0))
        let actions = give(try proposal(block(1), round: 1, validRound: 0), .untimely, to: &agreement)
        #expect(votes(actions) == ["prevote 1 block"])
    }

    /// After a lock on a block in round 0 this validator prevotes another block only with a newer quorum
    /// for it.
    @Test(arguments: [(false, "nil"), (true, "block")])
    func aLockYieldsToANewerQuorumOnly(hasNewerQuorum: Bool, expected: String) throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        let locked = block(1)
        var actions = give(try proposal(locked, round: 0), .valid, to: &agreement)
        for index in 0..<3 {
            actions += agreement.receive(try vote(.prevote, round: 0, locked.blockHash, by: index))
        }
        #expect(votes(actions) == ["prevote 0 block", "precommit 0 block"])
        #expect(agreement.lock == Lock(round: 0, blockHash: locked.blockHash))
        let round: UInt32 = 2
        for passed in 0..<round {
            _ = agreement.fired(AgreementTimeout(step: .precommit, height: BlockHeight(1), round: passed))
        }
        let other = try proposal(block(2), round: round, validRound: hasNewerQuorum ? 1 : nil)
        #expect(votes(give(other, .valid, to: &agreement)) == ["prevote 2 \(expected)"])
    }

    @Test func followsToTheRoundThatAnHonestValidatorReached() throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        _ = agreement.receive(try vote(.prevote, round: 7, nil, by: 2))
        #expect(agreement.round == 0)
        _ = agreement.receive(try vote(.prevote, round: 5, nil, by: 3))
        #expect(agreement.round == 5)
    }

    @Test func waitsForWorkAndThenNoLongerThanTheTimeOut() throws {
        var agreement = agreement()
        let idle = agreement.start(verifier: verifier)
        #expect(idle.isEmpty)
        let awake = agreement.wake()
        guard case .schedule(let timeout) = awake.first else {
            Issue.record("a validator with work waits for the proposer without a time-out")
            return
        }
        #expect(votes(agreement.fired(timeout)) == ["prevote 0 nil"])
        #expect(votes(agreement.fired(timeout)).isEmpty)
    }

    @Test func decidesInAnyRoundOnceTheBlockIsKnown() throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        let block = block(1)
        for index in 1...3 {
            let actions = agreement.receive(try vote(.precommit, round: 0, block.blockHash, by: index))
            #expect(votes(actions).isEmpty)
        }
        _ = agreement.fired(AgreementTimeout(step: .precommit, height: BlockHeight(1), round: 0))
        let actions = give(try proposal(block, round: 0), .valid, to: &agreement)
        guard case .decide(let hash, let round, let precommits) = actions.last else {
            Issue.record("a quorum of precommits for a known block does not decide")
            return
        }
        #expect(hash == block.blockHash && round == 0)
        let certificate = try #require(
            Certificate.make(of: precommits, quorum: network.genesis.initial.quorum))
        try certificate.verify(network.genesis.initial)
    }

    @Test func twoVotesOfOneValidatorAreEvidence() throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        _ = agreement.receive(try vote(.prevote, round: 0, SHA256.hash([1]), by: 2))
        let actions = agreement.receive(try vote(.prevote, round: 0, nil, by: 2))
        let reports = actions.compactMap { action -> DoubleVote? in
            if case .report(let evidence) = action { evidence } else { nil }
        }
        #expect(reports.map(\.first.validator) == [ValidatorIndex(2)])
    }

    @Test func aFaultyValidatorCannotFillTheMemory() throws {
        var agreement = agreement()
        _ = agreement.start(verifier: verifier)
        for round in 1..<200 as Range<UInt32> {
            _ = agreement.receive(try vote(.prevote, round: round, SHA256.hash([UInt8(round % 250)]), by: 2))
        }
        for salt in 0..<200 as Range<UInt8> {
            _ = agreement.receive(try vote(.precommit, round: 0, SHA256.hash([salt]), by: 2))
        }
        // Two of its future rounds, and two votes of the round under way.
        #expect(agreement.heldMessages.votes.count == 4)
    }

    @Test func aRestartedValidatorSendsTheSameVotesAgain() throws {
        var state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        let block = block(1)
        let signed = try state.vote(
            .prevote, height: BlockHeight(1), round: 0, blockHash: block.blockHash,
            signer: network.keys[0].consensus)
        let restored = try SignState(decoding: state.encoded)
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: restored)
        let now = Moment(uptimeMilliseconds: 0, wallClock: LedgerNetwork.createdAt)
        var core = ValidatorCore(settings: network.settings(0), origin: origin, now: now)
        let sent = core.start(at: now).compactMap { action -> [UInt8]? in
            if case .send(let message) = action { message.bytes } else { nil }
        }
        #expect(sent.contains(signed.encoded))
        // The proposal comes again with another verdict, as after a change of the clock: the vote stays.
        #expect(core.agreement.step == .prevote)
        var agreement = core.agreement
        #expect(votes(give(try proposal(block, round: 0), .invalid, to: &agreement)).isEmpty)
    }
}
