import ArgumentParser
import Cryptography
import LedgerProtocol
import Model

/// `consentry events open`: opens sealed events, checks each receipt and prints one line for each.
struct OpenEvents: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Open sealed events, one JSON record a line, and check their receipts.",
        discussion: """
            Reads the values of records as kcat prints them, or the envelopes of `kcat -J`. Exits with 1 \
            when a line could not be opened or its receipt is not valid.
            """)

    @Argument(help: "The file with the records; - or nothing for standard input.")
    var file: String = "-"

    @Option(help: "The sealing key of the subscriber.")
    var key: String

    @Option(help: "The genesis file of the network, from a source you trust.")
    var genesis: String

    @Option(help: "The changes to the network since genesis, as `consentry network changes` writes them.")
    var changes: String?

    @Flag(help: "Print one line of JSON for each event instead of a sentence.")
    var json: Bool = false

    func run() throws {
        let opener = EventOpener(
            history: try NetworkFile.history(genesis: genesis, changes: changes),
            unsealer: Unsealer(try KeyFile(parsing: FileBytes.read(key)).sealingKey()))
        var number = 0
        var isEveryLineValid = true
        try forEachLine { line in
            number += 1
            guard !line.isEmpty else { return }
            do {
                let event = try opener.open(line)
                print(json ? event.json : event.sentence)
            } catch {
                isEveryLineValid = false
                StandardError.write("line \(number): \(error)\n")
            }
        }
        guard isEveryLineValid else { throw ExitCode(1) }
    }

    /// Gives lines as they come, since standard input may be a pipe that never ends.
    private func forEachLine(_ body: ([UInt8]) -> Void) throws {
        guard file == "-" else {
            let lines = try FileBytes.read(file).split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for line in lines { body([UInt8](line)) }
            return
        }
        while let line = readLine() {
            body([UInt8](line.utf8))
            StandardOutput.flush()
        }
    }
}
