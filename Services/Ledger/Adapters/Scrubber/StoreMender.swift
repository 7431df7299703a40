import Cryptography
import LedgerCore
import LedgerProtocol
import Model
import Postgres
import TransparencyLog

/// Brings back from other validators what nothing here holds any more.
struct StoreMender: Sendable {
    let store: BlockStore
    let settings: ValidatorSettings
    let peers: PeerReader

    /// Restores a block with everything that follows from it; false when nobody has it.
    ///
    /// - Parameter replay: the chain up to the block before.
    func restore(_ lost: LedgerScan.LostBlock, on replay: LedgerReplay) async throws -> Bool {
        let found = await peers.first("/blocks/\(lost.height)") { bytes in
            var replay = replay
            return try? replay.advance(decoding: bytes)
        }
        guard let commit = found else { return false }
        let settings = settings
        try await store.pool.transaction { session in
            let height = PostgresValue.int(Int64(bitPattern: lost.height.value))
            let note = try session.query("SELECT note FROM note WHERE height = $1", [height]).first
                .map { [UInt8](try $0.text(0).utf8) }
                .map { NoteRow($0, block: commit.block, logKey: settings.keys.log.publicKey) }
            let cosignature =
                lost.cosignature.flatMap { try? CosignatureMessage(decoding: $0) }
                .flatMap { $0.isOwn(of: settings, commit.block) ? $0.encoded : nil }
                ?? note?.cosignature(of: settings.validator)?.encoded
            try BlockStore.rewrite(commit, cosignature: cosignature, session)
            try session.execute("DELETE FROM key_block WHERE height = $1", [height])
            try BlockStore.insertRuns(of: commit.block, session)
            try BlockStore.replace(commit.tiles, session)
        }
        return true
    }

    /// Makes a note again from cosignatures that others hold; false when they have too few.
    func restore(_ lost: LedgerScan.LostNote) async throws -> Bool {
        let block = lost.block
        var cosignatures = lost.cosignatures
        let made = await peers.first("/notes/\(block.height)") { bytes -> SignedNote? in
            for message in NoteRow(bytes, block: block, logKey: settings.keys.log.publicKey).cosignatures
            where cosignatures.count < block.network.quorum
                && !cosignatures.contains(where: { $0.validator == message.validator })
            {
                cosignatures.append(message)
            }
            return CheckpointNote.make(
                checkpointText: block.checkpointText, cosignatures: cosignatures.byValidator,
                logSigner: settings.keys.log, network: block.network)
        }
        guard let made else { return false }
        try await store.keep([block.height: made])
        return true
    }
}

extension CosignatureMessage {
    /// Whether it is what a validator's own row of the block may hold.
    func isOwn(of settings: ValidatorSettings, _ block: BuiltBlock) -> Bool {
        guard height == block.height, validator == settings.validator else { return false }
        return (try? verify(block.network, checkpointText: block.checkpointText)) != nil
    }
}
