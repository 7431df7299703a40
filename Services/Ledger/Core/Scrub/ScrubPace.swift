/// How much of a core the scrubber takes, and how often it begins again.
package struct ScrubPace: Hashable, Sendable {
    /// The share of one core, in percent, that it takes at most.
    package let sharePercent: Int
    /// How long one transaction reads and verifies before others get the connection.
    package let chunkMilliseconds: Int64 = 25
    /// From the beginning of one pass over everything to the next, when the share allows it.
    package let passMilliseconds: Int64 = 10_000
    /// From one look at what was written lately to the next.
    package let tailMilliseconds: Int64 = 2_000

    /// Takes a share from 1 to 100 percent.
    package init(sharePercent: Int) {
        precondition((1...100).contains(sharePercent), "a share is 1 to 100 percent")
        self.sharePercent = sharePercent
    }

    /// How long to rest after work that took so many microseconds, so that the share is kept.
    ///
    /// What no pass has come by yet gets three times the share: every signature of it is verified, and until
    /// then nobody knows what was edited, be it while no process ran.
    package func restMicroseconds(afterBusy microseconds: Int64, isNew: Bool) -> Int64 {
        let percent = isNew ? min(100, 3 * sharePercent) : sharePercent
        return microseconds * Int64(100 - percent) / Int64(percent)
    }
}
