import Foundation

/// How long many calls took.
struct Latencies {
    private let sorted: [UInt64]

    init(nanoseconds: [UInt64]) { sorted = nanoseconds.sorted() }

    var p50: UInt64 { percentile(50) }
    var p99: UInt64 { percentile(99) }
    var max: UInt64 { sorted.last ?? 0 }

    private func percentile(_ hundredths: Int) -> UInt64 {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * hundredths / 100)]
    }
}

/// Clocks and memory of this process.
enum Process {
    /// The time of the wall.
    static var nanoseconds: UInt64 { read(CLOCK_MONOTONIC) }
    /// The time that this thread had a core.
    static var threadNanoseconds: UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return (Int(text.split(separator: " ")[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    static func loadAverage() throws -> String {
        try String(contentsOfFile: "/proc/loadavg", encoding: .utf8).split(separator: " ").prefix(3)
            .joined(separator: " ")
    }
}

/// The time of this thread that some calls took together.
struct Stopwatch {
    private(set) var nanoseconds: UInt64 = 0

    mutating func time(_ calls: () -> Void) {
        let start = Process.threadNanoseconds
        calls()
        nanoseconds += Process.threadNanoseconds - start
    }
}

/// What one thing did in each run.
struct Runs {
    private(set) var rates: [Double] = []
    private(set) var latencies: [Latencies] = []

    /// Adds a run: so many calls in so much time of the thread, and the time that each took on the wall.
    mutating func add(count: Int, threadNanoseconds: UInt64, _ nanoseconds: [UInt64]) {
        rates.append(Double(count) * 1e9 / Double(threadNanoseconds))
        latencies.append(Latencies(nanoseconds: nanoseconds))
    }

    var medianRate: Double { median(rates) }
    var medianP50: UInt64 { median(latencies.map(\.p50)) }
    var medianP99: UInt64 { median(latencies.map(\.p99)) }
    var medianMax: UInt64 { median(latencies.map(\.max)) }
}

/// The middle of some values, of which there is at least one.
func median<Value: Comparable>(_ values: [Value]) -> Value { values.sorted()[(values.count - 1) / 2] }

/// A table of the report in Markdown.
enum Table {
    static func head(_ names: String...) {
        print("\n| \(names.joined(separator: " | ")) |")
        print("|\(String(repeating: "---|", count: names.count))")
    }

    static func row(_ cells: String...) {
        print("| \(cells.joined(separator: " | ")) |")
        // Lines come as they are made, also into a file.
        fflush(nil)
    }

    static func rate(_ rate: Double) -> String { thousands(Int(rate)) + "/s" }

    static func microseconds(_ nanoseconds: UInt64) -> String {
        String(format: "%.2f µs", Double(nanoseconds) / 1_000)
    }

    static func thousands(_ value: Int) -> String {
        var groups: [String] = []
        var rest = value
        while rest >= 1_000 {
            groups.append(String(format: "%03d", rest % 1_000))
            rest /= 1_000
        }
        return ([String(rest)] + groups.reversed()).joined(separator: ",")
    }
}
