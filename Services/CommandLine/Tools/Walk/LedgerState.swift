import LedgerProtocol
import Model
import TransparencyLog

/// How far the ledger has grown, as the newest checkpoint of a validator says.
struct LedgerState: Sendable {
    let blockCount: UInt64
    let entryCount: UInt64

    /// Reads the newest checkpoint and the height from the first validator that answers.
    ///
    /// The note is verified against genesis, so a validator cannot invent a size.
    static func read(genesis: Genesis, client: ServiceClient) async throws -> LedgerState {
        guard let validator = genesis.validators.first else {
            throw ClientFailure("the network has no validator")
        }
        let answer = try await client.send { ServiceCall(url: "\(validator.url)/checkpoint") }
        let note = try SignedNote(parsing: String(decoding: answer.body, as: UTF8.self))
        let checkpoint = try genesis.initial.quorumPolicy.verify(note)
        guard let height = answer.header("Consentry-Block-Height").flatMap({ UInt64($0) }) else {
            throw ClientFailure("the validator did not say the height of its newest checkpoint")
        }
        // Every block ends with one entry of its own.
        return LedgerState(blockCount: height, entryCount: checkpoint.size - height)
    }
}
