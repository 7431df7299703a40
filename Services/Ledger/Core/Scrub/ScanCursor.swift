import LedgerProtocol
package import Model

/// How far a pass over the store has come, by verifying blocks or recognising what verified before.
package struct ScanCursor: Sendable {
    /// The chain as far as blocks were verified one after another.
    package private(set) var replay: LedgerReplay
    /// The last height that was looked at; above the replay's after stretches that were recognised.
    package private(set) var height: BlockHeight
    // Heights that were recognised and are verified again, so that the replay comes along.
    private var verifiesThrough: BlockHeight

    /// Begins where a replay stands.
    package init(_ replay: LedgerReplay) {
        self.replay = replay
        height = replay.chain.height
        verifiesThrough = height
    }

    /// Whether the next block can be verified: the replay ends right before it.
    package var isAtReplay: Bool { replay.chain.height == height }
    /// Whether a stretch may be passed over, because nothing behind it waits for the replay.
    package var mayPassOver: Bool { height >= verifiesThrough }

    /// Passes over a stretch that is what it was.
    package mutating func passOver(_ stretch: SoundStretches.Stretch) {
        height = BlockHeight(stretch.span.heights.upperBound)
    }

    /// Goes back to a replay, from which everything is verified until the height is reached again.
    package mutating func goBack(to replay: LedgerReplay) {
        verifiesThrough = max(verifiesThrough, height)
        self.replay = replay
        height = replay.chain.height
    }

    /// Verifies the next block.
    ///
    /// - Throws: `LedgerReplay.Refusal`; the cursor stays where it is.
    package mutating func advance(
        decoding bytes: [UInt8], isVerified: Bool
    ) throws(LedgerReplay.Refusal) -> BlockCommit {
        let commit = try replay.advance(decoding: bytes, isVerified: isVerified)
        height = replay.chain.height
        return commit
    }
}
