import Cryptography
import Testing

@testable import Messaging

@Suite("The position in a producer's chain")
struct ProducerChainTests {
    static let head = SHA256.hash([1])
    static let other = SHA256.hash([2])

    @Test(arguments: [
        (UInt64(6), head, ProducerChain.Verdict.duplicate), (6, other, .duplicate), (0, .zero, .duplicate),
        (7, head, .follows), (7, other, .mismatch), (7, .zero, .mismatch), (8, head, .gap), (8, other, .gap),
        (UInt64.max, head, .gap),
    ])
    func judgesRecords(number: UInt64, previous: Digest, expected: ProducerChain.Verdict) {
        let verdict = ProducerChain(next: 7, head: Self.head).judge(number: number, previous: previous)
        #expect(verdict == expected)
    }

    @Test(arguments: [
        (UInt64(6), other, ProducerChain.HeartbeatVerdict.older), (7, head, .current), (7, other, .mismatch),
        (8, head, .ahead),
    ])
    func judgesHeartbeats(next: UInt64, head: Digest, expected: ProducerChain.HeartbeatVerdict) {
        let verdict = ProducerChain(next: 7, head: Self.head).judge(heartbeatNext: next, head: head)
        #expect(verdict == expected)
    }

    @Test func startsAtZeroAndGoesOn() {
        let first = ProducerChain()
        #expect(first.judge(number: 0, previous: .zero) == .follows)
        let second = first.advanced(to: Self.head)
        #expect(second == ProducerChain(next: 1, head: Self.head))
    }
}
