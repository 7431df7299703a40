import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// Brings a folder up to the checkpoint of a validator or of another export.
///
/// Everything is verified on the way. A server that shows less than the folder holds, or something else, is
/// refused, and what it signed is kept beside what it contradicts.
struct LedgerExport: Sendable {
    let source: LedgerSource
    let folder: LedgerFolder
    let judge: NoteJudge
    let genesis: Genesis

    /// Exports, and gives what the folder holds then.
    ///
    /// - Throws: `AuditFinding` that says what does not hold and where the evidence is; `FileFault`.
    func run() async throws -> LedgerAudit.Verdict {
        guard let bytes = try await source.read("checkpoint", bytesMax: SignedNote.byteCountMax) else {
            throw FileFault(description: "there is no checkpoint at `\(source.name)`")
        }
        let held = try folder.note()
        do {
            let (note, offered) = try judge.read(bytes)
            let known = try held.map { try Checkpoint(parsing: $0.text) }
            if let known { try await compare(known, offered) }
            let chain = try await mirror(note, offered, known)
            try folder.publish(bytes)
            return LedgerAudit.Verdict(checkpoint: offered, chain: chain)
        } catch let finding as AuditFinding {
            throw try accuse(finding, bytes, held)
        }
    }

    /// Holds the server's checkpoint against the folder's, with a proof where the server gives proofs.
    private func compare(_ known: Checkpoint, _ offered: Checkpoint) async throws {
        guard offered.size >= known.size else {
            throw AuditFinding(
                "`\(source.name)` shows \(offered.size) entries and the folder holds \(known.size) already; "
                    + "ask another validator")
        }
        let path = "consistency/\(known.size)/\(offered.size)"
        guard known.size > 0, offered.size > known.size, let lines = try await source.read(path) else {
            return
        }
        do {
            let proof = try ConsistencyProof(oldSize: known.size, newSize: offered.size, lines: lines)
            try proof.verify(oldRoot: known.root, newRoot: offered.root)
        } catch {
            let kept = try folder.keepEvidence(lines, kind: "proof")
            throw AuditFinding(
                "the proof of `\(source.name)` from \(known.size) to \(offered.size) entries does not hold "
                    + "(\(error)); it is kept as `\(kept)`")
        }
    }

    /// Verifies every block from the first on and writes bundles and tiles.
    private func mirror(
        _ note: SignedNote, _ offered: Checkpoint, _ known: Checkpoint?
    ) async throws -> ChainAudit {
        var chain = ChainAudit(genesis)
        var tiles = TileWriter(folder)
        var bar = ProgressBar("blocks", total: offered.size)
        defer { bar.end() }
        let blocks = MirroredBlocks(remote: source, folder: folder)
        try await BlockWalk(source: blocks).run(to: offered.size, &chain) { checked, chain in
            if let known, chain.size == known.size, chain.head.tree.root() != known.root {
                throw AuditFinding("the blocks do not give the checkpoint that the folder holds")
            }
            try blocks.keep(checked)
            for leaf in checked.leaves { try tiles.append(leaf) }
            bar.show(chain.size)
        }
        try chain.verify(note)
        guard chain.head.tree.root() == offered.root else {
            throw AuditFinding(
                "the network signed two trees of \(offered.size) entries: this is a fork, for which more "
                    + "validators lied than may; take both notes to every organisation")
        }
        try tiles.finish()
        return chain
    }

    /// Keeps both notes and says where.
    private func accuse(
        _ finding: AuditFinding, _ offered: [UInt8], _ held: SignedNote?
    ) throws -> AuditFinding {
        let name = try folder.keepEvidence(offered, kind: "note")
        if let held { _ = try folder.keepEvidence([UInt8](held.encoded().utf8), kind: "held.note") }
        return AuditFinding("\(finding); what the server signed is kept as `\(name)`")
    }
}
