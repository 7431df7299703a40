package import ArgumentParser
import Model

/// `consentry load`: accesses at a fixed rate, for measuring.
package struct LoadCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Ask for access at a fixed rate and print the time from request to final decision as JSON.",
        discussion: """
            Accesses begin at even intervals whether or not earlier ones have been answered, so a slow answer
            shows in the figures and does not lower the rate.
            """)

    @Option(help: "The folder of the network: genesis and the keys of its organisations.")
    var network: String

    @Option(help: "A FHIR R4 Bundle of one patient.")
    var bundle: String

    @Option(help: "Accesses begun a second (1 to 200).")
    var rate: Int = 20

    @Option(help: "For how many seconds (1 to 3,600).")
    var seconds: Int = 30

    package init() {}

    package func validate() throws {
        guard (1...200).contains(rate), (1...3_600).contains(seconds) else {
            throw ValidationError("--rate takes 1 to 200 and --seconds 1 to 3600")
        }
    }

    package func run() async throws {
        let folder = NetworkFolder(network)
        let bundle = try WalkBundle(try FileBytes.read(bundle))
        let cast = WalkCast(genesis: try folder.genesis(), sponsor: try folder.sponsor(), bundle: bundle)
        for hospital in [cast.custodian, cast.permitted] { try await cast.enrol(hospital) }
        try await cast.enrolPatient()
        _ = try await cast.signConsent()
        // The first accesses warm connections and prepared statements up and are not counted.
        for _ in 0..<10 { _ = try await cast.measureAccess() }
        let summary = LatencySummary(try await measure(cast))
        print(String(decoding: Self.report(summary, rate: rate).encoded(), as: UTF8.self))
    }

    private func measure(_ cast: WalkCast) async throws -> [Duration] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Duration.self) { group in
            for number in 0..<rate * seconds {
                try await Task.sleep(until: start + .seconds(1) * number / rate)
                group.addTask { try await cast.measureAccess() }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func report(_ summary: LatencySummary, rate: Int) -> JSONValue {
        func microseconds(_ percentile: Int) -> JSONValue {
            let milliseconds = summary.milliseconds(percentile: percentile) ?? 0
            return .number(JSONNumber(Int64((milliseconds * 1000).rounded())))
        }
        return [
            "accesses": .number(JSONNumber(Int64(summary.count))),
            "ratePerSecond": .number(JSONNumber(Int64(rate))),
            "p50Microseconds": microseconds(50), "p99Microseconds": microseconds(99),
            "maxMicroseconds": microseconds(100),
        ]
    }
}
