import Cryptography
import LedgerProtocol
import Model
import Testing

@testable import Messaging

@Suite("The relay's window")
struct RelayWindowTests {
    let network: TestNetwork
    let signer: Signer

    init() throws {
        network = try TestNetwork()
        signer = try #require(network.signers[.consent])
    }

    private func submission(_ sequence: UInt64, entries count: Int = 1) throws -> Submission {
        let entries = (0..<count).map { _ in
            Entry(
                kind: .private, submitter: signer.keyID, id: .random, time: 0, commitment: SHA256.hash([1]))
        }
        return try Submission.make(
            networkID: network.genesis.networkID, sequence: sequence, entries: entries, signer: signer)
    }

    @Test func holdsEightSubmissionsOfAtMostOneMebibyte() throws {
        var window = RelayWindow()
        #expect(window.entryRoom == 1_024)
        for sequence in 0..<8 { window.add(try submission(UInt64(sequence)), version: 0) }
        #expect(window.entryRoom == 0)
        window.land(3)
        #expect(window.entryRoom == 1_024)
        let full = try submission(9, entries: 1_024)
        #expect(full.encoded.count * RelayWindow.submissionsMax <= RelayWindow.bytesMax)
    }

    @Test func sendsAtOnceAndAgainAfterASecond() throws {
        var window = RelayWindow()
        let (first, second) = (try submission(0), try submission(1))
        window.add(second, version: 0)
        window.add(first, version: 0)
        #expect(window.takeDue(at: 5_000).map(\.sequence) == [0, 1])
        #expect(window.takeDue(at: 9_000).isEmpty)
        window.settle(first, at: 10_000)
        #expect(window.takeDue(at: 10_999).isEmpty)
        #expect(window.takeDue(at: 11_000).map(\.sequence) == [0])
        window.land(0)
        window.settle(second, at: 11_000)
        #expect(window.takeDue(at: 20_000).map(\.sequence) == [1])
    }

    @Test func aNewVersionReplacesTheOldAndIsSentAtOnce() throws {
        var window = RelayWindow()
        let (old, new) = (try submission(0, entries: 2), try submission(0))
        window.add(old, version: 0)
        _ = window.takeDue(at: 0)
        window.add(new, version: 1)
        window.settle(old, at: 0)
        #expect(window.takeDue(at: 1).map(\.hash) == [new.hash])
    }
}

@Suite("Counting refusals")
struct RefusalTallyTests {
    private let hash = SHA256.hash([1])

    @Test(arguments: [RefusalCode.kindNotAllowed, .sequenceTaken])
    func believesNoSingleValidatorOfFour(refused: RefusalCode) {
        var tally = RefusalTally(faultMax: 1)
        func count(_ validator: UInt16, _ code: RefusalCode) -> RefusalCode? {
            tally.count(sequence: 0, hash: hash, code: code, validator: ValidatorIndex(validator))
        }
        let verdicts = [
            count(0, refused), count(0, refused), count(1, .tooLarge), count(2, refused),
        ]
        #expect(verdicts == [nil, nil, nil, refused])
    }

    @Test func keepsVersionsApartAndForgetsTheOldest() {
        var tally = RefusalTally(faultMax: 1)
        let verdicts = (0..<UInt64(RefusalTally.versionsMax + 1)).compactMap { number in
            tally.count(sequence: number, hash: hash, code: .tooLarge, validator: ValidatorIndex(0))
        }
        #expect(verdicts.isEmpty)
        let forgotten = tally.count(sequence: 0, hash: hash, code: .tooLarge, validator: ValidatorIndex(1))
        #expect(forgotten == nil)
    }
}
