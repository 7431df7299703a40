import Cryptography
import LedgerProtocol
import Merkle
import Model
package import Postgres
package import TransparencyLog

/// What a witness remembers, in the validator's own schema.
package struct WitnessStore: Sendable {
    private let pool: PostgresPool

    // A log that contradicts itself over and over must not fill the disk of its witness.
    private static let evidenceRowsMax: Int64 = 10_000
    private static let evidenceShownMax: Int64 = 100

    /// Remembers in the schema that a `BlockStore` has migrated.
    package init(pool: PostgresPool) { self.pool = pool }

    /// What became of a request.
    package enum Judgement: Sendable {
        /// It is stored; this may leave.
        case cosigned(NoteSignature)
        /// Nothing was stored, evidence aside.
        case refused(WitnessRefusal)
    }

    /// Judges a request, cosigns what is accepted and stores both, as one step.
    ///
    /// The cosignature leaves only when this returns, so none ever outlives the memory of it.
    /// - Throws: `StoreFault` when what is remembered of the log was edited; `PostgresFault`.
    package func judge(
        _ request: AddCheckpointRequest, logKeys: [NoteVerifierKey]?, by cosigner: WitnessCosigner
    ) async throws -> Judgement {
        // Whatever a stranger sends leaves no row behind.
        switch WitnessDecision.decide(request, logKeys: logKeys, stored: nil) {
        case .refuse(.unknownOrigin(let origin)): return .refused(.unknownOrigin(origin))
        case .refuse(.untrustedSignature): return .refused(.untrustedSignature)
        case .accept, .refuse: break
        }
        return try await pool.transaction { session in
            let held = try Self.lock(request.checkpoint.origin, cosigner, session)
            let stored = held.size == 0 ? nil : (size: held.size, root: held.root)
            switch WitnessDecision.decide(request, logKeys: logKeys, stored: stored) {
            case .accept(let checkpoint):
                let signature = cosigner.sign(request.note.text)
                try Self.store(checkpoint, request.note, signature, session)
                return .cosigned(signature)
            case .refuse(let refusal):
                try Self.keepEvidence(refusal, request, held, session)
                return .refused(refusal)
            }
        }
    }

    private struct Held {
        var size: UInt64 = 0
        var root = MerkleTree.emptyRoot
        var note: String?
    }

    /// The row of a log, locked until the transaction ends: two requests are judged one after the other.
    private static func lock(
        _ origin: String, _ cosigner: WitnessCosigner, _ session: PostgresSession
    ) throws -> Held {
        try session.execute(
            "INSERT INTO witnessed_log (origin, size, root) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
            [.text(origin), .bytes(MerkleTree.emptyRoot.bytes)])
        let row = try session.query(
            "SELECT size, root, note, cosignature FROM witnessed_log WHERE origin = $1 FOR UPDATE",
            [.text(origin)]
        ).first
        let damaged = StoreFault(
            halt: nil, description: "what is remembered of the log `\(origin)` is not what was cosigned")
        guard let row, let root = Digest(try row.bytes(1)) else { throw damaged }
        let size = UInt64(bitPattern: try row.int(0))
        guard let text = try row.textOrNull(2), let line = try row.textOrNull(3) else {
            guard size == 0, root == MerkleTree.emptyRoot else { throw damaged }
            return Held()
        }
        // INVARIANT: nothing is built on that the witness's own key did not sign.
        guard let note = try? SignedNote(parsing: text),
            let signature = try? NoteSignature(parsingLine: line.dropLast()),
            cosigner.key.verifies(signature, text: note.text),
            let checkpoint = try? Checkpoint(parsing: note.text, extensionLines: .ignored),
            checkpoint == Checkpoint(origin: origin, size: size, root: root)
        else { throw damaged }
        return Held(size: size, root: root, note: text)
    }

    private static func store(
        _ checkpoint: Checkpoint, _ note: SignedNote, _ signature: NoteSignature, _ session: PostgresSession
    ) throws {
        try session.execute(
            "UPDATE witnessed_log SET size = $2, root = $3, note = $4, cosignature = $5 WHERE origin = $1",
            [
                .text(checkpoint.origin), .int(Int64(bitPattern: checkpoint.size)),
                .bytes(checkpoint.root.bytes), .text(note.encoded()), .text(signature.line),
            ])
    }

    /// SPEC tlog-witness: what a known log signed and is not consistent may be proof of its misbehaviour.
    private static func keepEvidence(
        _ refusal: WitnessRefusal, _ request: AddCheckpointRequest, _ held: Held, _ session: PostgresSession
    ) throws {
        let checkpoint = request.checkpoint
        let isFork = held.size > 0 && checkpoint.size == held.size && checkpoint.root != held.root
        var isInconsistent = isFork
        if case .inconsistent = refusal { isInconsistent = true }
        guard isInconsistent else { return }
        try session.execute(
            """
            INSERT INTO witness_evidence (origin, held_size, digest, is_fork, held_note, request)
            SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM witness_evidence) < $7
            ON CONFLICT DO NOTHING
            """,
            [
                .text(checkpoint.origin), .int(Int64(bitPattern: held.size)),
                .bytes(SHA256.hash([UInt8](request.note.text.utf8)).bytes), .bool(isFork),
                held.note.map { .text($0) } ?? .null, .bytes([UInt8](request.encoded().utf8)),
                .int(evidenceRowsMax),
            ])
    }

    /// A checkpoint that a log signed and that the witness did not cosign.
    package struct Evidence: Sendable {
        /// The log.
        package let origin: String
        /// Whether the log signed two roots for one size; else its proof did not hold.
        package let isFork: Bool
        /// The note that was held, if there was one.
        package let heldNote: String?
        /// The request as it was judged: old size, proof and note.
        package let request: String
    }

    /// The newest evidence, at most 100.
    ///
    /// - Throws: `PostgresFault`.
    package func evidence() async throws -> [Evidence] {
        try await pool.query { session in
            try session.query(
                """
                SELECT origin, is_fork, held_note, request FROM witness_evidence ORDER BY at DESC LIMIT $1
                """, [.int(Self.evidenceShownMax)]
            ).map { row in
                Evidence(
                    origin: try row.text(0), isFork: try row.bool(1), heldNote: try row.textOrNull(2),
                    request: String(decoding: try row.bytes(3), as: UTF8.self))
            }
        }
    }

    /// Keeps a witness's newest cosignature on a checkpoint of this log.
    ///
    /// - Throws: `PostgresFault`.
    func keep(_ cosigned: CosignedNote, witness: NoteVerifierKey) async throws {
        try await pool.transaction { session in
            try session.execute(
                """
                INSERT INTO witness_cosignature (witness, height, size, note, line)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (witness) DO UPDATE SET height = excluded.height, size = excluded.size,
                    note = excluded.note, line = excluded.line
                WHERE witness_cosignature.height < excluded.height
                """,
                [
                    .text(witness.vkey), .int(Int64(bitPattern: cosigned.height.value)),
                    .int(Int64(bitPattern: cosigned.checkpoint.size)), .text(cosigned.note.encoded()),
                    .text(cosigned.signature.line),
                ])
        }
    }

    /// A witness's newest cosignature; nil before the first.
    ///
    /// Note and signature are verified again by whoever shows them.
    /// - Throws: `StoreFault` when the row cannot be read; `PostgresFault`.
    func cosignature(of witness: NoteVerifierKey) async throws -> CosignedNote? {
        let row = try await pool.query { session in
            try session.query(
                "SELECT height, note, line FROM witness_cosignature WHERE witness = $1", [.text(witness.vkey)]
            ).first
        }
        guard let row else { return nil }
        let note = try? SignedNote(parsing: try row.text(1))
        guard let note, let checkpoint = try? Checkpoint(parsing: note.text),
            let signature = try? NoteSignature(parsingLine: try row.text(2).dropLast()),
            witness.verifies(signature, text: note.text)
        else { throw StoreFault.contradiction("the cosignature of the witness `\(witness.name)`") }
        let height = BlockHeight(UInt64(bitPattern: try row.int(0)))
        return CosignedNote(height: height, note: note, checkpoint: checkpoint, signature: signature)
    }
}
