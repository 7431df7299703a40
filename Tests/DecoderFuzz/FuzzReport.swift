import Foundation

/// One line a decoder, and one for all.
struct FuzzReport {
    let decoders: [Decoder]
    let tallies: [FuzzRun.Tally]
    let seconds: Double
    let seed: UInt64

    func print() {
        Swift.print("decoder                    runs        kept   runs/s a core   slowest input")
        for (decoder, tally) in zip(decoders, tallies) {
            let rate = tally.nanoseconds > 0 ? Double(tally.runCount) / Double(tally.nanoseconds) * 1e9 : 0
            let slowest = Double(tally.slowestNanoseconds) / 1e6
            let name = decoder.name.padding(toLength: 20, withPad: " ", startingAt: 0)
            let numbers = String(
                format: "%11d %11d %15.0f %12.1f ms", tally.runCount, tally.keptCount, rate, slowest)
            Swift.print(name + numbers)
        }
        let runCount = tallies.reduce(0) { $0 + $1.runCount }
        Swift.print(
            "seed \(seed): \(runCount) runs in \(String(format: "%.1f", seconds)) s,",
            "\(String(format: "%.0f", Double(runCount) / seconds)) runs/s,",
            "peak memory \(Self.peakMemoryBytes >> 20) MiB")
    }

    /// The most memory that the process has had so far.
    static var peakMemoryBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}
