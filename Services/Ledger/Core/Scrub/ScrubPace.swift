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
    package func restMicroseconds(afterBusy microseconds: Int64) -> Int64 {
        microseconds * Int64(100 - sharePercent) / Int64(sharePercent)
    }
}
