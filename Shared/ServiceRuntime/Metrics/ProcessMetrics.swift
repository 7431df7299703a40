import FoundationEssentials
import Glibc
import Model

/// The metrics that Prometheus client libraries report about their own process.
enum ProcessMetrics {
    static func register(in metrics: Metrics) {
        let startSeconds = Double(WallClock.now().milliseconds) / 1_000
        metrics.gauge(
            "process_start_time_seconds", help: "Start time of the process since the Unix epoch in seconds."
        ) { startSeconds }
        metrics.gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.") {
            residentMemoryBytes()
        }
        metrics.counter(
            "process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds."
        ) {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
        }
    }

    /// The second field of `/proc/self/statm` counts resident pages (proc(5)).
    private static func residentMemoryBytes() -> Double? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else { return nil }
        let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pageCount = Double(fields[1]) else { return nil }
        return pageCount * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
