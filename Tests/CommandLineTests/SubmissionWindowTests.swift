import CommandLineTools
import Cryptography
import LedgerProtocol
import Testing

@Suite struct SubmissionWindowTests {
    private static let start = ContinuousClock.now

    private func batch(count: Int, keyCount: Int = 1) throws -> SubmissionBatch {
        let signers = try (0..<keyCount).map { _ in Signer(try SigningKey(seed: SecretBytes(byteCount: 32))) }
        return try SubmissionBatch.make(
            networkID: SHA256.hash([1]), signers: signers, starts: [signers[0].keyID: 5], count: count,
            entryCount: 3)
    }

    @Test func keysTakeTurnsFromTheirNextSequences() throws {
        let submissions = try batch(count: 5, keyCount: 2).submissions
        #expect(submissions.map(\.sequence) == [5, 0, 6, 1, 7])
        #expect(Set(submissions.flatMap { $0.entries.map(\.id) }).count == 15)
    }

    @Test func noMoreIsOnItsWayThanTheWindowHolds() throws {
        let batch = try batch(count: 6, keyCount: 2)
        let bytes = batch.submissions[0].encoded.count
        let byKey = SubmissionWindow(
            batch, aheadMax: 1, bytesMax: 100 * bytes, start: Self.start, interval: nil)
        let byBytes = SubmissionWindow(
            batch, aheadMax: 9, bytesMax: 3 * bytes, start: Self.start, interval: nil)
        let counts = [byKey, byBytes].map { window in
            let first = window.takeSendable(at: Self.start)
            let none = window.takeSendable(at: Self.start)
            let isNew = [
                window.settle(first[0].hash, at: Self.start), window.settle(first[0].hash, at: Self.start),
            ]
            let next = window.takeSendable(at: Self.start)
            #expect(isNew == [true, false])
            return [first.count, none.count, next.count]
        }
        #expect(counts == [[2, 0, 1], [3, 0, 1]])
    }

    @Test func whatHasNoReceiptIsSentAgainAndTimedFromItsTurn() throws {
        let window = SubmissionWindow(
            try batch(count: 2), aheadMax: 9, bytesMax: 9_000_000, start: Self.start,
            interval: .milliseconds(100))
        let first = window.takeSendable(at: Self.start)
        // The second one was due 100 ms after the first and leaves late.
        let second = window.takeSendable(at: Self.start + .milliseconds(400))
        let again = window.takeSendable(at: Self.start + .milliseconds(3_050))
        #expect([first.count, second.count, again.count] == [1, 1, 1])
        #expect(again == first)
        let isDone = (first + second).map { submission in
            _ = window.settle(submission.hash, at: Self.start + .milliseconds(3_100))
            return window.isDone
        }
        let (whole, each) = window.figures()
        #expect(isDone == [false, true])
        #expect(whole == .milliseconds(3_100))
        #expect(each == [.milliseconds(3_100), .milliseconds(3_000)])
        #expect(window.sentAgainCount == 1)
    }
}
