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
///
/// Their certificates verified, their submissions not: only the chain before them tells which are genuine.
struct FinalBlockBuffer: Sendable {
    static let heightsAheadMax: UInt64 = 256
    // One version alone could be a false one that keeps the genuine one out.
    private static let versionsMax = 4
    private static let bytesMax = 8 << 20

    private var blocks: [BlockHeight: [FinalBlock]] = [:]
    private var byteCount = 0

    var isEmpty: Bool { blocks.isEmpty }
    /// How many heights are held.
    var count: Int { blocks.count }

    /// Keeps a version of a block; the newest takes the place of the oldest of its height.
    mutating func add(_ block: Verified<FinalBlock>) {
        let bytes = Self.byteCount(of: block.message)
        var versions = blocks[block.message.height] ?? []
        guard bytes <= Self.bytesMax, !versions.contains(block.message) else { return }
        while let oldest = versions.first,
            versions.count == Self.versionsMax || byteCount + bytes > Self.bytesMax
        {
            byteCount -= Self.byteCount(of: oldest)
            versions.removeFirst()
        }
        if byteCount + bytes <= Self.bytesMax {
            versions.append(block.message)
            byteCount += bytes
        }
        blocks[block.message.height] = versions.isEmpty ? nil : versions
    }

    /// Takes all versions of a block, the oldest first.
    mutating func take(_ height: BlockHeight) -> [FinalBlock] {
        let versions = blocks.removeValue(forKey: height) ?? []
        for block in versions { byteCount -= Self.byteCount(of: block) }
        return versions
    }

    mutating func drop(through height: BlockHeight) {
        for known in blocks.keys where known <= height { _ = take(known) }
    }

    private static func byteCount(of block: FinalBlock) -> Int {
        block.submissions.reduce(512) { $0 + $1.encoded.count }
    }
}
