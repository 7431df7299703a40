/// What nothing that is stored vouches for, remembered from its first sight on.
///
/// That a note or a cosignature was ever there follows from no block, so what lacks one is remembered: few
/// heights do, and a height that comes to lack one later was edited.
package struct ScrubMemory: Sendable {
    /// The newest height when this process started; the heights up to it are seen first by the first pass.
    private let startHeight: UInt64
    private var seenThrough: UInt64
    private var passCount = 0
    private var passedThrough: UInt64 = 0
    private var unnoted: Set<UInt64> = []
    private var uncosigned: Set<UInt64> = []
    /// The rows whose signatures need not be verified again.
    package var verified = VerifiedRows()
    /// What need not be verified again as long as all its rows are the same.
    package var sound = SoundStretches()

    /// Remembers nothing yet.
    package init(startHeight: UInt64) {
        self.startHeight = startHeight
        seenThrough = startHeight
    }

    /// Whether everything is seen for the first time.
    package var isFirstPass: Bool { passCount == 0 }

    /// Tells whether a missing note was there before.
    package mutating func isNoteGone(_ height: UInt64, isStored: Bool) -> Bool {
        let isFirst = isFirstSight(height)
        return Self.isGone(height, isStored: isStored, isFirst: isFirst, from: &unnoted)
    }

    /// Tells whether a missing cosignature was there before.
    package mutating func isCosignatureGone(_ height: UInt64, isStored: Bool) -> Bool {
        let isFirst = isFirstSight(height)
        return Self.isGone(height, isStored: isStored, isFirst: isFirst, from: &uncosigned)
    }

    /// Takes a cosignature as lost for good, so that it is reported once.
    package mutating func forgetCosignature(_ height: UInt64) { uncosigned.insert(height) }

    /// Remembers that a height was looked at with everything that belongs to it.
    package mutating func saw(_ height: UInt64) { seenThrough = max(seenThrough, height) }

    /// Remembers that a whole pass is done, up to a height.
    package mutating func finishedPass(through height: UInt64) {
        passCount += 1
        passedThrough = height
    }

    /// Tells whether no pass that was finished has come by a height.
    package func isNew(_ height: UInt64) -> Bool { height > passedThrough }

    private func isFirstSight(_ height: UInt64) -> Bool {
        height > startHeight ? height > seenThrough : passCount == 0
    }

    private static func isGone(
        _ height: UInt64, isStored: Bool, isFirst: Bool, from absent: inout Set<UInt64>
    ) -> Bool {
        if isStored {
            absent.remove(height)
            return false
        }
        if isFirst { absent.insert(height) }
        return !absent.contains(height)
    }
}
