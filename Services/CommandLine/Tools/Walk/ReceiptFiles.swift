import LedgerProtocol
import Model

/// A receipt, its event and the genesis as the bytes of three files, checked with nothing else.
struct ReceiptFiles: Sendable {
    /// The three things that a verifier is given.
    enum Part: String, CaseIterable, Sendable {
        case receipt
        case event
        case genesis
    }

    let receipt: [UInt8]
    let event: [UInt8]
    let genesis: [UInt8]
    /// The proven changes to the network since genesis.
    let changes: NetworkChangeList

    /// Writes the receipt and the event where a person can check them again.
    func write(to folder: String) throws {
        try FileBytes.write(receipt, to: "\(folder)/receipt.txt")
        try FileBytes.write(event, to: "\(folder)/event.json")
        guard !changes.changes.isEmpty else { return }
        try FileBytes.write(try changes.json.canonicalBytes(), to: "\(folder)/changes.json")
    }

    /// Checks all three and says what was found.
    func verify() throws -> String {
        let genesis = try Genesis(parsing: genesis)
        let event = try ReceiptVerifier.verify(
            receipt: receipt, disclosure: event, history: NetworkHistory(genesis, changes: changes))
        return "valid: entry \(event.index) of a ledger with \(event.treeSize), cosigned by "
            + event.cosigners.joined(separator: ", ")
    }

    /// Flips one bit in the middle of a part and returns the sentence with which the check fails.
    ///
    /// - Throws: `ClientFailure` when the check passes all the same.
    func failureWithFlippedByte(in part: Part) throws -> String {
        var (receipt, event, genesis) = (receipt, event, genesis)
        switch part {
        case .receipt: receipt[receipt.count / 2] ^= 1
        case .event: event[event.count / 2] ^= 1
        case .genesis: genesis[genesis.count / 2] ^= 1
        }
        let flipped = ReceiptFiles(receipt: receipt, event: event, genesis: genesis, changes: changes)
        do {
            _ = try flipped.verify()
        } catch {
            return "\(error)"
        }
        throw ClientFailure("a \(part.rawValue) with a flipped byte passed the check")
    }
}
