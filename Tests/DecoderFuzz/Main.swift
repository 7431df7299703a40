import ArgumentParser
import Foundation

/// Tries every decoder of the ledger with inputs that are almost right, or flips every bit of proof bundles.
@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Try every decoder with inputs that are almost right.",
        discussion: """
            No input may end the process, take long or much memory, and what a decoder reads it must write \
            again as it was. A trap leaves the input in the file fuzz-input-N of the folder.
            """)

    @Option(help: "How many inputs to try, over all decoders.") var runs = 1_000_000
    @Option(help: "The number from which all inputs come.") var seed: UInt64 = 1
    @Option(help: "Try only the decoder of this name.") var decoder: String?
    @Option(help: "How many threads work.") var workers = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "The folder for the inputs that are being tried.") var folder = NSTemporaryDirectory()
    @Option(help: "Flip every bit of that many proof bundles instead.") var bitFlips: Int?

    /// The most memory that the whole process may have taken: examples, inputs and what decoders make of
    /// them.
    private static let memoryBytesMax = 512 << 20

    func validate() throws {
        guard runs > 0, workers > 0, bitFlips ?? 1 > 0 else { throw ValidationError("counts are above 0") }
    }

    func run() throws {
        if let bitFlips { return try flip(bitFlips) }
        let examples = try BinaryExamples()
        var decoders = try binaryDecoders(examples) + noteDecoders(examples) + jsonDecoders(examples)
        if let decoder { decoders = decoders.filter { $0.name == decoder } }
        guard !decoders.isEmpty else { throw ValidationError("no decoder is named so") }
        for decoder in decoders where !decoder.wrongExamples.isEmpty {
            throw FuzzFault(description: "`\(decoder.name)` refuses its examples \(decoder.wrongExamples)")
        }
        let fuzz = FuzzRun(
            decoders: decoders, seed: seed, workerCount: workers,
            folder: URL(filePath: folder, directoryHint: .isDirectory))
        let start = Date()
        let (tallies, findings) = try fuzz.run(runs)
        FuzzReport(decoders: decoders, tallies: tallies, seconds: -start.timeIntervalSinceNow, seed: seed)
            .print()
        for finding in findings {
            print("FOUND: `\(finding.decoder)`: \(finding.sentence); the input in hexadecimal:")
            print(finding.input.prefix(8_192).map { String(format: "%02x", $0) }.joined())
        }
        guard findings.isEmpty else { throw ExitCode(1) }
        guard FuzzReport.peakMemoryBytes <= Self.memoryBytesMax else {
            print("FOUND: the process took more than \(Self.memoryBytesMax >> 20) MiB")
            throw ExitCode(1)
        }
    }

    private func flip(_ bundleCount: Int) throws {
        let start = Date()
        let flips = try BitFlips(bundleCount: bundleCount)
        let result = try flips.run(workerCount: workers)
        let seconds = String(format: "%.1f", -start.timeIntervalSinceNow)
        print(
            "\(result.flipCount) one-bit flips of \(flips.bundleCount) proof bundles in \(seconds) s: ",
            terminator: "")
        print(result.accepted.isEmpty ? "all refused" : "\(result.accepted.count) ACCEPTED")
        for accepted in result.accepted.prefix(20) { print("FOUND: \(accepted)") }
        guard result.accepted.isEmpty else { throw ExitCode(1) }
    }
}
