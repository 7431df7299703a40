import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

/// One validator of four, given messages by hand.
@Suite struct ValidatorCoreTests {
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

    private func core() -> ValidatorCore {
        let state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: state)
        var core = ValidatorCore(settings: network.settings(0), origin: origin, now: moment(0))
        _ = core.start(at: moment(0))
        return core
    }

    private func vote(
        _ step: VoteStep, height: BlockHeight, round: UInt32, _ hash: Digest?, by index: Int
    ) -> Vote {
        Vote.make(
            networkID: network.genesis.networkID, step: step, height: height, round: round, blockHash: hash,
            validator: ValidatorIndex(UInt16(index)), signer: network.keys[index].consensus)
    }

    private func inbound(_ block: FinalBlock) throws -> InboundMessage {
        .finalBlock(try #require(verifier.verify(block)))
    }

    @Test(arguments: [true, false])
    func falseSubmissionsDoNotKeepAFinalBlockOut(falseOneIsFirst: Bool) throws {
        let genuine = [try network.submission(sequence: 0)]
        let others = [try network.submission(sequence: 0, salt: "other")]
        let created = LedgerNetwork.createdAt
        let first = BlockBuilder.build(
            on: ChainHead(network.genesis), time: created.advanced(byMilliseconds: 10), submissions: [],
            next: network.genesis.initial)
        let second = BlockBuilder.build(
            on: first.head, time: created.advanced(byMilliseconds: 20), submissions: genuine,
            next: network.genesis.initial)
        let versions = [
            try inbound(network.finalBlock(second, submissions: others)),
            try inbound(network.finalBlock(second, submissions: genuine)),
        ]
        var core = core()
        _ = core.receive(falseOneIsFirst ? versions : versions.reversed(), at: moment(1))
        _ = core.receive([try inbound(network.finalBlock(first))], at: moment(2))
        #expect(core.chain.hash == second.blockHash)
    }

    @Test func evidenceOfOneValidatorIsBounded() throws {
        var core = core()
        _ = core.receive([.submission(try network.verified(network.submission(sequence: 0)))], at: moment(1))
        var reported = 0
        for round in 0..<40 as Range<UInt32> {
            let votes = [SHA256.hash([1]), nil].map {
                vote(.prevote, height: BlockHeight(1), round: round, $0, by: 2)
            }
            let messages = try votes.map { InboundMessage.vote(try #require(verifier.verify($0))) }
            for case .report in core.receive(messages, at: moment(2)) { reported += 1 }
        }
        #expect(reported == ValidatorCore.evidenceOfOneValidatorMax)
        #expect(core.evidence.count == reported)
        #expect(core.droppedEvidenceCount == 40 - reported)
    }

    /// Validators pass on what they hold, often just after its block; a service asks again later.
    @Test(arguments: [(900, false), (3_000, true)] as [(Int64, Bool)])
    func aCopyJustAfterItsBlockIsNoQuestion(uptime: Int64, isAnswered: Bool) throws {
        var core = core()
        let submission = try network.submission(sequence: 0)
        let block = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 10),
            submissions: [submission], next: network.genesis.initial)
        _ = core.receive([try inbound(network.finalBlock(block))], at: moment(1))
        let actions = core.receive([.submission(try network.verified(submission))], at: moment(uptime))
        let questions = actions.filter { if case .answer(.submission) = $0 { true } else { false } }
        #expect(!questions.isEmpty == isAnswered)
    }
}
