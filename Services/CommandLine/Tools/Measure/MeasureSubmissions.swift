import ArgumentParser
import Cryptography
import Kafka
import LedgerProtocol
import Model

/// `consentry measure submissions`: from a submission to its receipt.
struct MeasureSubmissions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submissions",
        abstract: "Submit entries to a ledger whose services stand still, and wait for every receipt.",
        discussion: """
            The load is made and signed beforehand. The clock runs from the first submission to the last \
            receipt; then every receipt is verified as a light client does, and the run fails when an entry \
            is missing or has two places. Never run this on a network that people use: it spends the \
            sequences of its services.
            """)

    @Option(help: "The folder of the network: genesis and the keys of its services.")
    var network: String

    @Option(help: "The Kafka brokers, as host:port.")
    var kafka: String

    @Option(help: "Entries of one submission (1 to 1,024).")
    var entries: Int

    @Option(help: "How many submissions.")
    var submissions: Int

    @Option(help: "Entries a second at even intervals; 0 is as fast as the window allows.")
    var rate: Int = 0

    @Option(help: "The most bytes on their way; the in-memory broker loses records above 2,400,000.")
    var bytes: Int = 2_000_000

    func validate() throws {
        guard (1...ProtocolLimits.submissionEntriesMax).contains(entries), submissions > 0, rate >= 0,
            bytes >= 200_000
        else {
            throw ValidationError(
                "--entries takes 1 to 1024, --submissions at least 1, --bytes at least 200000")
        }
    }

    func run() async throws {
        let genesis = try NetworkFolder(network).genesis()
        let layout = NetworkLayout(network)
        let signers = try genesis.services.map { service in
            let file = try KeyFile(parsing: try FileBytes.read(layout.serviceKey(service.name, "signing")))
            return Signer(try file.signingKey())
        }
        let starts = try await starts(genesis, signers)
        let warmUp = try SubmissionBatch.make(
            networkID: genesis.networkID, signers: signers, starts: starts, count: signers.count,
            entryCount: entries)
        let load = try SubmissionBatch.make(
            networkID: genesis.networkID, signers: signers, starts: starts.mapValues { $0 + 1 },
            count: submissions, entryCount: entries)
        let interval: Duration? = rate == 0 ? nil : .seconds(1) * entries / rate
        // Submissions that come closer together than that share a request to the broker.
        let linger: Duration = .milliseconds(5)
        let properties = interval.map { $0 < linger } ?? true ? ["linger.ms": "5"] : [:]
        let run = SubmissionRun(
            genesis: genesis,
            kafka: KafkaConfiguration(
                bootstrapServers: kafka, clientID: "measure", properties: properties), bytesMax: bytes)
        let window = try await run.run(warmUp: warmUp, load: load, interval: interval)
        print(String(decoding: report(window).encoded(), as: UTF8.self))
    }

    /// The next sequence of each key, as the first validator states it.
    private func starts(_ genesis: Genesis, _ signers: [Signer]) async throws -> [KeyID: UInt64] {
        var starts: [KeyID: UInt64] = [:]
        for signer in signers {
            let answer = try await ServiceClient().send {
                ServiceCall(url: "\(genesis.validators[0].url)/keys/\(signer.keyID.hex)")
            }
            guard let next = answer.json["nextSequence"]?.string.flatMap({ UInt64($0) }) else {
                throw ClientFailure("the first validator does not state a key's sequence: \(answer.problem)")
            }
            starts[signer.keyID] = next
        }
        return starts
    }

    private func report(_ window: SubmissionWindow) -> JSONValue {
        let (whole, each) = window.figures()
        let summary = LatencySummary(each)
        func microseconds(_ percentile: Int) -> JSONValue {
            let milliseconds = summary.milliseconds(percentile: percentile) ?? 0
            return .number(JSONNumber(Int64((milliseconds * 1000).rounded())))
        }
        func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }
        return [
            "entries": number(window.entryCount), "submissions": number(submissions),
            "entriesPerSecond": number(Int(Double(window.entryCount) / max(whole.seconds, 1e-9))),
            "wholeMicroseconds": number(Int(whole.seconds * 1e6)),
            "p50Microseconds": microseconds(50), "p99Microseconds": microseconds(99),
            "sentAgain": number(window.sentAgainCount),
        ]
    }
}
