import LedgerCore
import LedgerProtocol
import Model
import Testing

/// What travels between validators over HTTP, and when.
@Suite struct PeersTests {
    @Test func aBatchGivesItsMessagesAgain() throws {
        let messages = [[1], [2, 3], [UInt8](repeating: 4, count: 70_000)] as [[UInt8]]
        let bytes = MessageBatch.encode(messages)
        #expect(try MessageBatch.decode(bytes) == messages)
        #expect(try MessageBatch.decode([]) == [])
        let cut = bytes.indices.filter { $0 > 0 && (try? MessageBatch.decode(Array(bytes[..<$0]))) != nil }
        // Between two messages a batch may end.
        #expect(cut == [5, 11])
    }

    @Test(arguments: [
        MessageBatch.encode([[]]), MessageBatch.encode([[1]]) + [0],
        MessageBatch.encode([[UInt8]](repeating: [1], count: MessageBatch.messagesMax + 1)),
        MessageBatch.encode([[UInt8]](repeating: [UInt8](repeating: 1, count: 800_000), count: 3)),
    ])
    func aBatchBeyondItsLimitsIsRefused(bytes: [UInt8]) {
        #expect(throws: DecodingFault.self) { try MessageBatch.decode(bytes) }
    }

    @Test func theBusIsSuspectWhileOwnMessagesStayOut() {
        var trust = BusTrust()
        trust.sent([1], atMilliseconds: 0)
        trust.sent([2], atMilliseconds: 250)
        let before = trust.isSuspect(atMilliseconds: 300)
        let late = trust.isSuspect(atMilliseconds: 301)
        #expect(!before)
        #expect(late)
        // Another's message proves nothing; a later own one says that the first is lost or known.
        let stranger = trust.returned([9])
        let own = trust.returned([2])
        let after = trust.isSuspect(atMilliseconds: 10_000)
        #expect(!stranger)
        #expect(own)
        #expect(!after)
    }

    @Test func aLongOutageIsForgottenWithTheFirstMessageThatComesBack() {
        var trust = BusTrust()
        for number in 0..<1_000 as Range<Int64> {
            trust.sent([UInt8(number >> 8), UInt8(number & 255)], atMilliseconds: number)
        }
        let during = trust.isSuspect(atMilliseconds: 1_000)
        let isKnown = trust.returned([3, 231])
        let after = trust.isSuspect(atMilliseconds: 1_000)
        #expect(during)
        #expect(isKnown)
        #expect(!after)
    }

    @Test func repetitionsCastDoubtForAWhile() {
        var trust = BusTrust()
        trust.doubt(atMilliseconds: 5)
        let during = trust.isSuspect(atMilliseconds: 30_004)
        let after = trust.isSuspect(atMilliseconds: 30_005)
        #expect(during)
        #expect(!after)
    }

    @Test func theNewestMessagesStayInAFullQueue() {
        var queue = PeerQueue()
        var droppedCount = 0
        let total = PeerQueue.messagesMax + 10
        for number in 0..<total { droppedCount += queue.add([UInt8(number >> 8), UInt8(number & 255)]) }
        droppedCount += queue.add([0, 12])
        #expect(droppedCount == 10)
        let first = queue.take()
        #expect(first.count == MessageBatch.messagesMax)
        #expect(first.first == [0, 10])
        var last: [[UInt8]] = []
        while !queue.isEmpty { last = queue.take() }
        #expect(last.last == [UInt8((total - 1) >> 8), UInt8((total - 1) & 255)])
    }

    @Test func aQueueIsBoundedInBytesAndSoIsABatch() {
        var queue = PeerQueue()
        var droppedCount = 0
        for number in 0..<8 {
            droppedCount += queue.add([UInt8](repeating: UInt8(number), count: 800_000))
        }
        #expect(droppedCount == 3)
        let batch = queue.take()
        #expect(batch.map { $0[0] } == [3, 4])
        #expect(MessageBatch.encode(batch).count <= MessageBatch.bytesMax)
    }

    @Test func answersWithOldBlocksTakeAQuarterOfTheTime() {
        var share = BulkShare()
        let first = share.begin(atMicroseconds: 1_000)
        let second = share.begin(atMicroseconds: 1_500)
        share.end(atMicroseconds: 3_000)
        let early = share.begin(atMicroseconds: 8_999)
        let due = share.begin(atMicroseconds: 9_000)
        #expect(first)
        #expect(!second)
        #expect(!early)
        #expect(due)
    }
}
