import LedgerProtocol
import Model

/// Votes and proposals for heights that begin soon here, from validators that are a little ahead.
struct UpcomingMessages: Sendable {
    static let heightsAheadMax: UInt64 = 3
    private static let messagesOfOneValidatorMax = 64

    private var messages: [(height: BlockHeight, sender: ValidatorIndex, message: InboundMessage)] = []

    mutating func add(_ message: InboundMessage, height: BlockHeight, sender: ValidatorIndex) {
        guard messages.count(where: { $0.sender == sender }) < Self.messagesOfOneValidatorMax else { return }
        messages.append((height, sender, message))
    }

    /// Takes what is for the height and drops what is for earlier ones.
    mutating func take(_ height: BlockHeight) -> [InboundMessage] {
        let taken = messages.filter { $0.height == height }.map(\.message)
        messages.removeAll { $0.height <= height }
        return taken
    }
}

/// Final blocks that came before those in front of them.
struct FinalBlockBuffer: Sendable {
    static let heightsAheadMax: UInt64 = 256
    private static let bytesMax = 8 << 20

    private var blocks: [BlockHeight: Verified<FinalBlock>] = [:]
    private var byteCount = 0

    var isEmpty: Bool { blocks.isEmpty }

    mutating func add(_ block: Verified<FinalBlock>) {
        let bytes = Self.byteCount(of: block)
        guard blocks[block.message.height] == nil, byteCount + bytes <= Self.bytesMax else { return }
        blocks[block.message.height] = block
        byteCount += bytes
    }

    mutating func take(_ height: BlockHeight) -> FinalBlock? {
        guard let block = blocks.removeValue(forKey: height) else { return nil }
        byteCount -= Self.byteCount(of: block)
        return block.message
    }

    mutating func drop(through height: BlockHeight) {
        for known in blocks.keys where known <= height { _ = take(known) }
    }

    private static func byteCount(of block: Verified<FinalBlock>) -> Int {
        block.message.submissions.reduce(512) { $0 + $1.encoded.count }
    }
}
