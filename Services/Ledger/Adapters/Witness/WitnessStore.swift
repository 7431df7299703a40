import Cryptography
import LedgerCore
import LedgerProtocol
import Merkle
import Model
package import Postgres
package import TransparencyLog

/// What a witness remembers, in the validator's own schema.
package struct WitnessStore: Sendable {
    private let pool: PostgresPool
    private let memory: WitnessMemory

    // A log that contradicts itself over and over must not fill the disk of its witness, nor the memory of
    // the scrubber, which keeps each row.
    private static let evidenceRowsMax: Int64 = 10_000
    private static let evidenceBytesMax: Int64 = 16 << 20
    private static let evidenceShownMax: Int64 = 100

    /// Remembers in the schema that a `BlockStore` has migrated, and what must not be lost in a file as well.
    package init(pool: PostgresPool, memory: WitnessMemory) {
        self.pool = pool
        self.memory = memory
    }

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
        let memory = memory
        let judgement = try await pool.transaction { session in
            let held = try Self.lock(request.checkpoint.origin, cosigner, memory, session)
            let stored = held.map { (size: $0.checkpoint.size, root: $0.checkpoint.root) }
            switch WitnessDecision.decide(request, logKeys: logKeys, stored: stored) {
            case .accept(let checkpoint):
                let signature = cosigner.sign(request.note.text)
                let row = WitnessedLogRow(
                    origin: [UInt8](checkpoint.origin.utf8), size: Int64(bitPattern: checkpoint.size),
                    root: checkpoint.root.bytes, note: [UInt8](request.note.encoded().utf8),
                    cosignature: [UInt8](signature.line.utf8))
                try Self.write(row, session)
                // Whether or not the commit succeeds, nothing older is cosigned from here on.
                try memory.remember(row)
                return Judgement.cosigned(signature)
            case .refuse(let refusal):
                try Self.keepEvidence(refusal, request, held, session)
                return .refused(refusal)
            }
        }
        if case .cosigned = judgement { memory.settle([UInt8](request.checkpoint.origin.utf8)) }
        return judgement
    }

    private struct Held {
        let checkpoint: Checkpoint
        let note: String
    }

    /// What is held of a log, nil when nothing was cosigned, and its row locked until the transaction ends:
    /// two requests are judged one after the other.
    private static func lock(
        _ origin: String, _ cosigner: WitnessCosigner, _ memory: WitnessMemory, _ session: PostgresSession
    ) throws -> Held? {
        try session.execute(
            "INSERT INTO witnessed_log (origin, size, root) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
            [.text(origin), .bytes(MerkleTree.emptyRoot.bytes)])
        let row = try session.query(
            "SELECT origin, size, root, note, cosignature FROM witnessed_log WHERE origin = $1 FOR UPDATE",
            [.text(origin)]
        ).first.map { try WitnessedLogRow($0) }
        let remembered = memory.row([UInt8](origin.utf8))
        if remembered == nil, let row, row.isBlank { return nil }
        // INVARIANT: nothing is built on that the witness's own key did not sign, or that is not the newest.
        guard let row, row.isCosigned(by: cosigner.key), remembered == nil || remembered == row,
            let bytes = row.note, let note = try? SignedNote(parsing: bytes),
            let checkpoint = try? Checkpoint(parsing: note.text, extensionLines: .ignored)
        else { throw StoreFault.damaged("what is remembered of the log `\(origin)`") }
        return Held(checkpoint: checkpoint, note: note.encoded())
    }

    /// Writes the row of a log, new or in place of the one before.
    static func write(_ row: WitnessedLogRow, _ session: PostgresSession) throws {
        try session.execute(
            """
            INSERT INTO witnessed_log (origin, size, root, note, cosignature) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
                note = excluded.note, cosignature = excluded.cosignature
            """,
            [
                .utf8(row.origin), .int(row.size), .bytes(row.root), row.note.map { .utf8($0) } ?? .null,
                row.cosignature.map { .utf8($0) } ?? .null,
            ])
    }

    private static func keepEvidence(
        _ refusal: WitnessRefusal, _ request: AddCheckpointRequest, _ held: Held?, _ session: PostgresSession
    ) throws {
        let checkpoint = request.checkpoint
        let stored = held.map { (size: $0.checkpoint.size, root: $0.checkpoint.root) }
        guard let isFork = WitnessEvidenceRow.isFork(refusal, checkpoint, held: stored) else { return }
        let sizes = try session.query(
            """
            SELECT count(*),
                coalesce(sum(octet_length(request) + coalesce(octet_length(held_note), 0)), 0)::bigint
            FROM witness_evidence
            """)[0]
        guard try sizes.int(0) < evidenceRowsMax, try sizes.int(1) < evidenceBytesMax else { return }
        try session.execute(
            """
            INSERT INTO witness_evidence (origin, held_size, digest, is_fork, held_note, request)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
            """,
            [
                .text(checkpoint.origin), .int(Int64(bitPattern: stored?.size ?? 0)),
                .bytes(SHA256.hash([UInt8](request.note.text.utf8)).bytes), .bool(isFork),
                held.map { .text($0.note) } ?? .null, .bytes([UInt8](request.encoded().utf8)),
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

    /// The newest evidence against the logs that are witnessed, at most 100.
    ///
    /// - Throws: `StoreFault` when a row is not what a witness finds when it judges the request once more;
    ///   `PostgresFault`.
    package func evidence(against logs: [String: [NoteVerifierKey]]) async throws -> [Evidence] {
        let rows = try await pool.query { session in
            try session.query(
                """
                SELECT \(WitnessEvidenceRow.columns) FROM witness_evidence WHERE origin = ANY($1)
                ORDER BY at DESC LIMIT $2
                """, [.textArray(Array(logs.keys)), .int(Self.evidenceShownMax)]
            ).map { try WitnessEvidenceRow($0) }
        }
        return try rows.map { row in
            let origin = String(decoding: row.key.origin, as: UTF8.self)
            guard row.isEvidence(against: logs[origin] ?? []) else {
                throw StoreFault.damaged("the evidence against \(row.name)")
            }
            return Evidence(
                origin: origin, isFork: row.isFork,
                heldNote: row.heldNote.map { String(decoding: $0, as: UTF8.self) },
                request: String(decoding: row.request, as: UTF8.self))
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

extension WitnessedLogRow {
    /// Reads `origin, size, root, note, cosignature`.
    init(_ row: PostgresRow) throws {
        self.init(
            origin: [UInt8](try row.text(0).utf8), size: try row.int(1), root: try row.bytes(2),
            note: try row.textOrNull(3).map { [UInt8]($0.utf8) },
            cosignature: try row.textOrNull(4).map { [UInt8]($0.utf8) })
    }
}

extension WitnessEvidenceRow {
    /// The columns in the order in which they are read.
    static let columns = "origin, held_size, digest, is_fork, held_note, request, at::text"

    /// Reads `columns`.
    init(_ row: PostgresRow) throws {
        self.init(
            key: Key(
                origin: [UInt8](try row.text(0).utf8), heldSize: try row.int(1), digest: try row.bytes(2)),
            isFork: try row.bool(3), heldNote: try row.textOrNull(4).map { [UInt8]($0.utf8) },
            request: try row.bytes(5), storedAt: [UInt8](try row.text(6).utf8))
    }
}

extension PostgresValue {
    /// A text that is held as its bytes.
    static func utf8(_ bytes: [UInt8]) -> PostgresValue { .text(String(decoding: bytes, as: UTF8.self)) }
}
