import ArgumentParser
import Model
import TransparencyLog

/// `consentry measure receipts`: how long a validator takes for the receipt of a random entry.
struct MeasureReceipts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipts",
        abstract: "Ask a validator for receipts of random entries, one after another.")

    @Option(help: "The base URL of a validator.")
    var url: String

    @Option(help: "How many receipts.")
    var count: Int = 2_000

    func run() async throws {
        let client = ServiceClient()
        let answer = try await client.send { ServiceCall(url: "\(url)/checkpoint") }
        let note = try SignedNote(parsing: answer.body)
        // A validator's note may carry witnesses' lines, but its text is the network's own.
        let size = try Checkpoint(parsing: note.text).size
        var durations: [Duration] = []
        for number in -100..<count {
            let index = UInt64.random(in: 0..<size)
            let started = ContinuousClock.now
            let answer = try await client.send { ServiceCall(url: "\(url)/receipts/\(index)") }
            let duration = ContinuousClock.now - started
            guard answer.status == 200 else { throw ClientFailure("receipt \(index): \(answer.problem)") }
            // The first ones warm the connection up.
            if number >= 0 { durations.append(duration) }
        }
        let summary = LatencySummary(durations)
        let values = [50, 99].map { percentile in
            Int64(((summary.milliseconds(percentile: percentile) ?? 0) * 1000).rounded())
        }
        let report: JSONValue = [
            "receipts": .number(JSONNumber(Int64(count))), "treeSize": .number(JSONNumber(Int64(size))),
            "p50Microseconds": .number(JSONNumber(values[0])),
            "p99Microseconds": .number(JSONNumber(values[1])),
        ]
        print(String(decoding: report.encoded(), as: UTF8.self))
    }
}
