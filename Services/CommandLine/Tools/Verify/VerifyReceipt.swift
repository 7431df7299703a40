import ArgumentParser
import LedgerProtocol

/// `consentry verify receipt`: three files, one answer.
struct VerifyReceipt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Check that an event is on the ledger.",
        discussion: "Exits with 0 when the receipt is valid, 1 when it is not, 2 when a file cannot be read.")

    @Option(help: "The receipt, a C2SP tlog-proof.")
    var receipt: String

    @Option(help: "The event that it is for, as disclosed.")
    var event: String

    @Option(help: "The genesis file of the network, from a source you trust.")
    var genesis: String

    @Option(help: "The changes to the network since genesis, as `consentry network changes` writes them.")
    var changes: String?

    @Flag(help: "Print one line of JSON instead of a sentence.")
    var json: Bool = false

    func run() throws {
        let verdict: ReceiptVerdict
        do {
            verdict = ReceiptVerdict(
                receipt: try FileBytes.read(receipt), event: try FileBytes.read(event),
                genesis: try FileBytes.read(genesis), changes: try changes.map { try FileBytes.read($0) })
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode(2)
        }
        print(json ? verdict.json : verdict.sentence)
        guard verdict.isValid else { throw ExitCode(1) }
    }
}
