import LedgerProtocol
import Merkle
import Model
import TransparencyLog

/// Verifies a whole ledger: its checkpoint, its blocks where the source has them, its tiles and entries.
struct LedgerAudit: Sendable {
    /// What was found to hold.
    struct Verdict: Sendable {
        let checkpoint: Checkpoint
        /// The number of blocks; nil where the source has none.
        let blockCount: UInt64?
        /// What verifies and is still to be doubted, since a key was compromised.
        let doubts: [String]

        /// States what holds up to a checkpoint; nil for the chain where the source has no blocks.
        init(checkpoint: Checkpoint, chain: ChainAudit?) {
            self.checkpoint = checkpoint
            blockCount = chain?.head.height.value
            doubts = chain?.doubts ?? []
        }

        /// The verdict in one sentence; doubts follow it.
        var sentence: String {
            let blocks = blockCount.map { "in \($0) blocks " } ?? ""
            let what = blockCount == nil ? "tiles and entries" : "blocks, signatures, tiles and entries"
            let valid =
                "ledger is valid: \(checkpoint.size) entries \(blocks)of \(checkpoint.origin), root "
                + "\(checkpoint.root); \(what) all lead to it"
            return ([valid] + doubts).joined(separator: "; ")
        }
    }

    let source: LedgerSource
    let judge: NoteJudge

    /// Verifies everything.
    ///
    /// - Throws: `AuditFinding` that says what does not hold; `FileFault` when something cannot be read.
    func run() async throws -> Verdict {
        guard let bytes = try await source.read("checkpoint", bytesMax: SignedNote.byteCountMax) else {
            throw FileFault(description: "there is no checkpoint at `\(source.name)`")
        }
        let (note, checkpoint) = try judge.read(bytes)
        let chain = try await chain(to: checkpoint, note)
        // Where no block tells who signs, the policy does, or those of the genesis file.
        if chain == nil { _ = try judge.judge(bytes) }
        var bar = ProgressBar("tiles ", total: checkpoint.size)
        defer { bar.end() }
        let root = try await TileWalk(source: source).root(size: checkpoint.size) { bar.show($0) }
        guard root == checkpoint.root else {
            throw AuditFinding("the entries and tiles do not give the root of the checkpoint")
        }
        return Verdict(checkpoint: checkpoint, chain: chain)
    }

    /// Verifies the blocks; nil where there are none, or no genesis file says who signs them.
    private func chain(to checkpoint: Checkpoint, _ note: SignedNote) async throws -> ChainAudit? {
        guard let genesis = judge.genesis, checkpoint.size > 0, try await source.read("blocks/1") != nil
        else { return nil }
        var chain = ChainAudit(genesis)
        var bar = ProgressBar("blocks", total: checkpoint.size)
        defer { bar.end() }
        try await BlockWalk(source: source).run(to: checkpoint.size, &chain) { _, chain in
            bar.show(chain.size)
        }
        guard chain.head.tree.root() == checkpoint.root else {
            throw AuditFinding("the blocks do not give the root of the checkpoint")
        }
        try chain.verify(note)
        return chain
    }
}
