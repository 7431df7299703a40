/// What waits to be sent to one other validator: bounded, the newest messages last.
///
/// Everything in it is repeated by the core until it has served its purpose, so dropping costs time only;
/// old messages are of the least use.
package struct PeerQueue: Sendable {
    /// The most messages that wait.
    package static let messagesMax = 1_024
    /// The most bytes that wait, for each of the other validators.
    package static let bytesMax = 4 << 20

    private var messages: [[UInt8]] = []
    private var waiting: Set<[UInt8]> = []
    private var byteCount = 0

    /// Makes an empty queue.
    package init() {}

    /// Whether nothing waits.
    package var isEmpty: Bool { messages.isEmpty }

    /// Adds a message and says how many old ones made room for it; one that waits already is not added.
    package mutating func add(_ message: [UInt8]) -> Int {
        guard waiting.insert(message).inserted else { return 0 }
        messages.append(message)
        byteCount += MessageBatch.byteCount(of: message)
        var droppedCount = 0
        while messages.count - droppedCount > Self.messagesMax || byteCount > Self.bytesMax {
            byteCount -= MessageBatch.byteCount(of: messages[droppedCount])
            waiting.remove(messages[droppedCount])
            droppedCount += 1
        }
        messages.removeFirst(droppedCount)
        return droppedCount
    }

    /// Takes the oldest messages, as many as one batch holds.
    package mutating func take() -> [[UInt8]] {
        var count = 0
        var bytes = 0
        for message in messages.prefix(MessageBatch.messagesMax) {
            let added = bytes + MessageBatch.byteCount(of: message)
            guard added <= MessageBatch.bytesMax else { break }
            bytes = added
            count += 1
        }
        let taken = Array(messages.prefix(count))
        waiting.subtract(taken)
        messages.removeFirst(count)
        byteCount -= bytes
        return taken
    }
}
