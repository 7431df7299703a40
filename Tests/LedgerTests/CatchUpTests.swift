import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

/// One validator of four that was away while the others went on.
@Suite struct CatchUpTests {
    let network: LedgerNetwork
    let verifier: MessageVerifier

    init() throws {
        network = try LedgerNetwork(validatorCount: 4)
        verifier = MessageVerifier(history: NetworkHistory(network.genesis))
    }

    private func moment(_ uptime: Int64) -> Moment {
        Moment(
            uptimeMilliseconds: uptime,
            wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: 100_000 + uptime))
    }

    private func core(_ state: SignState? = nil) -> ValidatorCore {
        let fresh = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: state ?? fresh)
        var core = ValidatorCore(settings: network.settings(0), origin: origin, now: moment(0))
        _ = core.start(at: moment(0))
        return core
    }

    private func blocks(_ count: Int) throws -> [InboundMessage] {
        var head = ChainHead(network.genesis)
        return try (1...count).map { number in
            let block = BlockBuilder.build(
                on: head, time: LedgerNetwork.createdAt.advanced(byMilliseconds: Int64(number)),
                submissions: [], next: network.genesis.initial)
            head = block.head
            return .finalBlock(try #require(verifier.verify(network.finalBlock(block))))
        }
    }

    private func status(_ height: UInt64, by index: Int) throws -> InboundMessage {
        let status = HeightStatus.make(
            networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)),
            height: BlockHeight(height), signer: network.keys[index].consensus)
        return try #require(verifier.verify(.heightStatus(status)))
    }

    /// One that fetches blocks states its height every second, but cannot propose; waiting a second for each
    /// of its turns would slow all others as long as it catches up.
    @Test(arguments: [(2, true), (5, false), (6, false)])
    func aProposerThatIsBehindGetsLittleTime(stated: UInt64, isGivenUp: Bool) throws {
        var core = core()
        _ = core.receive(try blocks(5), at: moment(1))
        while core.committedHeight < core.chain.height {
            _ = core.committed(core.committedHeight.next, at: moment(2))
        }
        let proposer = network.genesis.initial.proposer(height: BlockHeight(6), round: 0)
        try #require(proposer.position != 0)
        for second in 1...8 {
            _ = core.receive([try status(stated, by: proposer.position)], at: moment(Int64(second) * 1_000))
            _ = core.wake(at: moment(Int64(second) * 1_000 + 1))
        }
        let work = try network.verified(network.submission(sequence: 0))
        _ = core.receive([.submission(work)], at: moment(8_100))
        let actions = core.wake(at: moment(8_250))
        let votes = actions.filter { action in
            guard case .send(let message) = action, case .vote? = try? LedgerMessage(decoding: message.bytes)
            else { return false }
            return true
        }
        #expect(!votes.isEmpty == isGivenUp)
    }

    @Test func manyBlocksOfOthersGoToTheStoreAtOnce() throws {
        var core = core()
        let actions = core.receive(try blocks(40), at: moment(1))
        var committed: [UInt64] = []
        for case .commit(let commit) in actions { committed.append(commit.block.height.value) }
        // The first few were given one by one; once the store had two, the rest waited for it.
        #expect(committed.first == 1)
        let first = committed.count
        var later = core.committed(BlockHeight(UInt64(first)), at: moment(2))
        var bulk: [UInt64] = []
        var persists = 0
        while !later.isEmpty {
            let heights = later.compactMap { action -> UInt64? in
                guard case .commit(let commit) = action else { return nil }
                return commit.block.height.value
            }
            for case .persist in later { persists += 1 }
            bulk = heights.count > bulk.count ? heights : bulk
            committed += heights
            guard let newest = heights.last else { break }
            later = core.committed(BlockHeight(newest), at: moment(3))
        }
        #expect(committed == Array(1...40))
        #expect(bulk.count > 20)
        #expect(persists > 0)
        let found1 = core.committedHeight
        #expect(found1 == BlockHeight(40))
        let found2 = core.chain.height
        #expect(found2 == BlockHeight(40))
    }

    @Test func blocksThatComeBeforeTheStartAreTakenWithIt() throws {
        let fresh = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: fresh)
        var core = ValidatorCore(settings: network.settings(0), origin: origin, now: moment(0))
        let early = core.receive(try blocks(2), at: moment(1))
        #expect(!early.contains { if case .commit = $0 { true } else { false } })
        _ = core.start(at: moment(2))
        let height = core.chain.height
        #expect(height == BlockHeight(2))
    }

    @Test func aValidatorKnowsThatItIsBehind() throws {
        var core = core()
        let found3 = core.catchUpTarget(at: moment(10_000))
        #expect(found3 == nil)
        // Whoever works on height 3 has decided 2; the difference may be the time that messages take.
        _ = core.receive([try status(3, by: 1)], at: moment(100))
        let found4 = core.catchUpTarget(at: moment(400))
        #expect(found4 == nil)
        let found5 = core.catchUpTarget(at: moment(500))
        #expect(found5 == BlockHeight(2))
        _ = core.receive([try status(100, by: 2)], at: moment(100))
        let found6 = core.catchUpTarget(at: moment(101))
        #expect(found6 == BlockHeight(99))
    }

    @Test func aSignStateAheadOfTheStoreIsAReasonToCatchUp() throws {
        var state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        _ = try state.vote(
            .prevote, height: BlockHeight(7), round: 0, blockHash: nil, signer: network.keys[0].consensus)
        var core = core(state)
        let isBehindAtStart = core.isBehindSignState
        #expect(isBehindAtStart)
        let found7 = core.catchUpTarget(at: moment(500))
        #expect(found7 == BlockHeight(6))
        _ = core.receive(try blocks(6), at: moment(501))
        while core.committedHeight < BlockHeight(6) {
            _ = core.committed(core.committedHeight.next, at: moment(502))
        }
        let target = core.catchUpTarget(at: moment(5_000))
        let isBehind = core.isBehindSignState
        #expect(target == nil)
        #expect(!isBehind)
    }

    @Test func aValidatorThatIsFarBehindIsNotHelpedOverTheBusAtFirst() throws {
        var core = core()
        for batch in 0..<10 {
            let chain = try blocks(300)
            _ = core.receive(Array(chain[batch * 30..<batch * 30 + 30]), at: moment(Int64(batch)))
            while core.committedHeight < core.chain.height {
                _ = core.committed(core.chain.height, at: moment(Int64(batch)))
            }
        }
        let found8 = core.chain.height
        #expect(found8 == BlockHeight(300))
        func isHelped(_ actions: [ValidatorAction]) -> Bool {
            actions.contains { if case .answer(.finalBlocks) = $0 { true } else { false } }
        }
        let asked = try (1...3).map { try status(1, by: $0) }
        let first = isHelped(core.receive(asked, at: moment(1_000)))
        let again = isHelped(core.receive([asked[0]], at: moment(2_000)))
        #expect(!first)
        #expect(again)
        // It repeats itself twenty times a second; an answer a second is enough.
        let soon = stride(from: Int64(2_050), to: 3_000, by: 50).filter {
            isHelped(core.receive([asked[0]], at: moment($0)))
        }
        let other = isHelped(core.receive([asked[1]], at: moment(2_960)))
        let later = isHelped(core.receive([asked[0]], at: moment(3_000)))
        #expect(soon == [])
        #expect(other)
        #expect(later)
    }

    /// It may lack its own cosignature, which it lost with its database.
    @Test func aBlockThatSomebodyWasSentIsNotVerifiedAndBringsItsCosignatures() throws {
        let view = NetworkView(network.genesis)
        let block = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 1),
            submissions: [], next: network.genesis.initial)
        var forged = network.finalBlock(block).encoded
        forged[forged.count - 20] ^= 1
        #expect(view.verify(blockRecord: forged) == nil)
        view.hasStored(BlockHeight(1))
        let settled = try #require(view.verify(blockRecord: forged))
        guard case .settledBlock(BlockHeight(1)) = settled else {
            Issue.record("a block of a stored height is more than a hint")
            return
        }
        #expect(view.verify(blockRecord: Array(forged.prefix(11))) == nil)
        var core = core()
        _ = try noteOfFirstBlock(&core)
        #expect(Self.cosignatureAnswers(core.receive([settled, settled], at: moment(4))) == 1)
    }

    /// Brings a validator the first block and the cosignatures of the others, which it gives back.
    private func noteOfFirstBlock(_ core: inout ValidatorCore) throws -> [InboundMessage] {
        let block = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 1),
            submissions: [], next: network.genesis.initial)
        let cosignatures = try (1...3).map { index in
            var state = SignState(
                networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)))
            return InboundMessage.cosignature(
                try state.cosign(
                    checkpointText: block.checkpointText, height: block.height, time: block.entry.time,
                    signer: network.keys[index].cosignature))
        }
        _ = core.receive(try blocks(1), at: moment(1))
        _ = core.committed(BlockHeight(1), at: moment(2))
        _ = core.receive(cosignatures, at: moment(3))
        return cosignatures
    }

    private static func cosignatureAnswers(_ actions: [ValidatorAction]) -> Int {
        actions.count { if case .answer(.cosignatures(BlockHeight(1))) = $0 { true } else { false } }
    }

    /// Otherwise each answer would be a question to all. At height 1 this validator helps the one of index 2
    /// at once, and leaves that of index 3 to another until it asks again.
    @Test(arguments: [(2, [1, 0, 1, 0]), (3, [0, 0, 1, 0])])
    func cosignaturesThatAnswerAnotherAreNoQuestion(asker: Int, answers: [Int]) throws {
        var core = core()
        let cosignatures = try noteOfFirstBlock(&core)
        _ = core.wake(at: moment(1_500))
        let question = cosignatures[asker - 1]
        let asked = Self.cosignatureAnswers(core.receive([question], at: moment(2_000)))
        let answered = Self.cosignatureAnswers(core.receive(cosignatures, at: moment(2_010)))
        let again = Self.cosignatureAnswers(core.receive([question], at: moment(3_000)))
        let answeredAgain = Self.cosignatureAnswers(core.receive(cosignatures, at: moment(3_010)))
        #expect([asked, answered, again, answeredAgain] == answers)
    }

    @Test func aSubmissionBroughtByHandIsToldToTheOthers() throws {
        var core = core()
        let submission = try network.submission(sequence: 0)
        let (intake, actions) = core.submit(try network.verified(submission), at: moment(1))
        #expect(intake == .held)
        let isTold = actions.contains { action in
            guard case .send(let message) = action else { return false }
            return message.bytes == submission.encoded && message.way == .direct
        }
        #expect(isTold)
        let again = core.submit(try network.verified(submission), at: moment(2)).intake
        #expect(again == .known)
        let ahead = core.submit(try network.verified(network.submission(sequence: 16)), at: moment(3)).intake
        #expect(ahead == .refused(.sequenceTooFarAhead))
    }
}
