import Cryptography
import Dispatch
import LedgerCore
import LedgerProtocol
import Logging
import Model
import Postgres

/// Answers from the store what others ask for on the bus.
struct Responder: Sendable {
    let store: BlockStore
    let validator: Validator
    let transport: LedgerTransport
    let settings: ValidatorSettings
    let board: DamageBoard
    let logger: Logger

    /// Runs until the questions end or the task is cancelled.
    ///
    /// - Throws: what no asking again mends.
    func run(_ questions: AsyncStream<StoredQuestion>) async throws {
        var sent = RecentHashes()
        for await question in questions {
            do {
                try await answer(question, &sent)
            } catch let fault as StoreFault {
                // What does not fit is not served; the scrubber finds the row and brings it back.
                if fault.halt != nil { board.ring() }
                logger.info("a question is not answered yet", metadata: ["cause": "\(fault)"])
            } catch let fault as PostgresFault {
                // Whoever asked asks again.
                logger.warning("a question is not answered", metadata: ["cause": "\(fault)"])
            }
        }
        try Task.checkCancellation()
    }

    private func answer(_ question: StoredQuestion, _ sent: inout RecentHashes) async throws {
        switch question {
        case .finalBlocks(let from, let through):
            for bytes in try await store.finalBlocks(from: from, through: through) {
                transport.send(OutboundMessage(topic: .ledgerBlocks, bytes: bytes))
            }
        case .cosignatures(let height):
            for message in try await store.cosignatures(height) {
                transport.send(
                    OutboundMessage(topic: .ledgerConsensus, bytes: message.encoded, way: .direct))
            }
        case .receipts(let height):
            let records = try await store.receipts(
                height, partials: await validator.tiles, isWanted: await validator.isOwn)
            for record in records { send(record, &sent) }
        case .submission(let keyID, let sequence, let hash):
            // One answer has the receipts of all that the key has in a block, and costs reading that block.
            guard !sent.contains(hash, atMilliseconds: Self.now()) else { return }
            let settled = try await store.settled(
                keyID: keyID, sequence: sequence, hash: hash, partials: await validator.tiles)
            switch settled {
            case .final(let record): send(record, &sent)
            case .taken: await refuse(keyID: keyID, sequence: sequence, hash: hash)
            case .awaitingNote, nil: break
            }
        }
    }

    private func send(_ record: ReceiptRecord, _ sent: inout RecentHashes) {
        sent.add(record.items.map(\.hash), atMilliseconds: Self.now())
        transport.send(
            OutboundMessage(topic: .ledgerReceipts, key: record.keyID.bytes, bytes: record.encoded))
    }

    private static func now() -> Int64 { Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000) }

    private func refuse(keyID: KeyID, sequence: UInt64, hash: Digest) async {
        let content = SubmissionRefusal.Content(
            networkID: settings.genesis.networkID, keyID: keyID, sequence: sequence, submissionHash: hash,
            code: .sequenceTaken, nextSequence: await validator.nextSequence(of: keyID) ?? 0,
            validator: settings.validator)
        let refusal = SubmissionRefusal.make(content, signer: settings.keys.consensus)
        transport.send(OutboundMessage(topic: .ledgerReceipts, key: keyID.bytes, bytes: refusal.encoded))
    }
}
