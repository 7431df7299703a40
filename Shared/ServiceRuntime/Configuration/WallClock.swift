import Glibc
package import Model

/// The system's clock of calendar time, for the adapters; cores get the time as a value.
package enum WallClock {
    /// Returns the present time.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
