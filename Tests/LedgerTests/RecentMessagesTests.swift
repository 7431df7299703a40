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
        let isBelieved = [genuine, forged].map { submission in
            let block = BlockBuilder.build(
                on: ChainHead(network.genesis), time: LedgerNetwork.createdAt.advanced(byMilliseconds: 10),
                submissions: [submission], next: network.genesis.initial)
            return view.verify(.finalBlock(network.finalBlock(block))) != nil
        }
        #expect(isBelieved == [true, false])
    }
}
