import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Testing

/// What is not done a second time, so that repetitions do not cost what the first time did.
@Suite struct RecentMessagesTests {
    let network: LedgerNetwork

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    @Test func theOldestSubmissionsAreForgottenBeyondTheLimit() throws {
        let submissions = try (0..<3 as Range<UInt64>).map {
            try network.verified(network.submission(sequence: $0))
        }
        let byteCount = submissions[0].message.encoded.count
        var recent = RecentSubmissions(bytesMax: byteCount * 2 + byteCount / 2)
        for submission in submissions { recent.add(submission) }
        let found = submissions.map { recent.find($0.message.hash) }
        #expect(found == [nil, submissions[1], submissions[2]])
    }

    @Test func hashesAreKnownForASecondAndNotForTwo() {
        var recent = RecentHashes()
        let hashes = (0..<2 as Range<UInt8>).map { SHA256.hash([$0]) }
        recent.add([hashes[0]], atMilliseconds: 0)
        recent.add([hashes[1]], atMilliseconds: 999)
        let early = hashes.map { recent.contains($0, atMilliseconds: 1_000) }
        let late = recent.contains(hashes[1], atMilliseconds: 1_998)
        let over = hashes.map { recent.contains($0, atMilliseconds: 2_000) }
        #expect(early == [true, true])
        #expect(late)
        #expect(over == [false, false])
        recent.add(hashes, atMilliseconds: 10_000)
        let afterRest = recent.contains(hashes[0], atMilliseconds: 20_000)
        #expect(!afterRest)
    }

    /// The same entries under another signature are other bytes, known or not.
    @Test func whatVerifiedOnceVouchesForNoOtherBytes() throws {
        let view = NetworkView(network.genesis)
        let genuine = try network.submission(sequence: 0)
        for _ in 0..<2 {
            guard case .submission? = view.verify(.submission(genuine)) else {
                Issue.record("a genuine submission does not verify")
                return
            }
        }
        var bytes = genuine.encoded
        bytes[bytes.count - 1] ^= 1
        let forged = try Submission(decoding: bytes)
        guard case .refused(_, .badSignature)? = view.verify(.submission(forged)) else {
            Issue.record("a false signature verifies beside a genuine one")
            return
        }
        let isBelieved = try [genuine, forged].map { view.verify(.finalBlock(try finalBlock($0))) != nil }
        #expect(isBelieved == [true, false])
    }

    private func finalBlock(_ submission: Submission) throws -> FinalBlock {
        let block = BlockBuilder.build(
            on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 10),
            submissions: [submission], next: network.genesis.initial)
        let precommits = (1...3).map { index in
            Vote.make(
                networkID: network.genesis.networkID, step: .precommit, height: block.height, round: 0,
                blockHash: block.blockHash, validator: ValidatorIndex(UInt16(index)),
                signer: network.keys[index].consensus)
        }
        let certificate = Certificate.make(of: precommits, quorum: network.genesis.initial.quorum)
        return FinalBlock(
            blockEntry: block.entry, checkpointText: block.checkpointText,
            certificate: try #require(certificate), submissions: [submission])
    }

    /// Validators pass on what they hold, often just after its block; a service asks again later.
    @Test(arguments: [(900, false), (3_000, true)] as [(Int64, Bool)])
    func aCopyJustAfterItsBlockIsNoQuestion(uptime: Int64, isAnswered: Bool) throws {
        let state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
        let origin = ValidatorCore.Origin(genesis: network.genesis, signState: state)
        func moment(_ uptime: Int64) -> Moment {
            Moment(
                uptimeMilliseconds: uptime,
                wallClock: LedgerNetwork.createdAt.advanced(byMilliseconds: 1_000 + uptime))
        }
        var core = ValidatorCore(settings: network.settings(0), origin: origin, now: moment(0))
        _ = core.start(at: moment(0))
        let submission = try network.submission(sequence: 0)
        let verifier = MessageVerifier(history: NetworkHistory(network.genesis))
        let block = try #require(verifier.verify(try finalBlock(submission)))
        _ = core.receive([.finalBlock(block)], at: moment(1))
        let actions = core.receive([.submission(try network.verified(submission))], at: moment(uptime))
        let questions = actions.filter { if case .answer(.submission) = $0 { true } else { false } }
        #expect(!questions.isEmpty == isAnswered)
    }
}
