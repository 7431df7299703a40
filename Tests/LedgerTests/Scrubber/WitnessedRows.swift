import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import Merkle
import Model
import Postgres
import TransparencyLog

/// Rows in every table of a witness: two logs that it cosigned, their lies, and two witnesses of its own log.
struct WitnessedRows {
    static let logNames = ["log.example/one", "log.example/two"]
    private static let logSigner = Signer(SigningKey.generate())
    private static let witnessSigners = [Signer(SigningKey.generate()), Signer(SigningKey.generate())]

    let settings: WitnessSettings
    /// Beside this path the memory of the witness lies.
    let path: String

    init(path: String = WitnessMemory.newPath()) {
        self.path = path
        let witnesses = Self.witnessSigners.enumerated().map { place, signer in
            let name = "witness-\(place).example"
            return TlogPolicy.Witness(
                name: name, key: NoteVerifierKey(name: name, kind: .cosignature, key: signer.publicKey),
                url: "http://127.0.0.1:1")
        }
        settings = WitnessSettings(
            signer: Signer(SigningKey.generate()), name: "witness.example",
            logs: Self.logNames.map {
                TlogPolicy.Log(key: NoteVerifierKey(name: $0, kind: .log, key: Self.logSigner.publicKey))
            }, witnesses: witnesses)
    }

    /// The memory as a process that starts reads it.
    func memory() throws -> WitnessMemory {
        try WitnessMemory(besides: path, key: settings.cosigner?.key)
    }

    /// A request that a log of so many leaves signed.
    func request(
        _ log: String, from old: UInt64, to new: UInt64, root: Digest? = nil, hashes: [Digest]? = nil
    ) throws -> AddCheckpointRequest {
        let leaves = (0..<20).map { MerkleTree.leafHash([UInt8($0)] + [UInt8](log.utf8)) }
        let root = root ?? MerkleTree.root(ofLeafHashes: Array(leaves.prefix(Int(new))))
        let text = Checkpoint(origin: log, size: new, root: root).text
        let proof = try ProofBuilder.consistency(oldSize: old, newSize: new) { level, index in
            let first = Int(index) << level
            return MerkleTree.root(ofLeafHashes: Array(leaves[first..<first + 1 << level]))
        }
        return try AddCheckpointRequest(
            oldSize: old, hashes: hashes ?? proof.hashes,
            note: SignedNote(
                text: text, signatures: [NoteSignature(signing: text, name: log, with: Self.logSigner)]))
    }

    /// Lets the witness judge a request as over HTTP; true when it cosigned.
    func judge(_ request: AddCheckpointRequest, _ store: WitnessStore) async throws -> Bool {
        guard let cosigner = settings.cosigner else { return false }
        let keys = settings.logs[request.checkpoint.origin]
        if case .cosigned = try await store.judge(request, logKeys: keys, by: cosigner) { return true }
        return false
    }

    /// Fills the tables as a witness at work does.
    func store(_ chain: StoredChain, _ pool: PostgresPool) async throws {
        let store = WitnessStore(pool: pool, memory: try memory())
        for (place, log) in Self.logNames.enumerated() {
            _ = try await judge(try request(log, from: 0, to: 5), store)
            let held = 7 + UInt64(place)
            _ = try await judge(try request(log, from: 5, to: held), store)
            _ = try await judge(try request(log, from: held, to: 9, hashes: [.zero]), store)
            _ = try await judge(try request(log, from: 0, to: held, root: .zero, hashes: []), store)
        }
        for (place, signer) in Self.witnessSigners.enumerated() {
            let (commit, note) = (chain.commits[3 + place], chain.notes[3 + place])
            let key = settings.witnesses[place].key
            let line = NoteSignature(cosigning: note.text, name: key.name, time: 1, with: signer).line
            try await pool.transaction { session in
                try session.execute(
                    """
                    INSERT INTO witness_cosignature (witness, height, size, note, line)
                    VALUES ($1, $2, $3, $4, $5)
                    """,
                    [
                        .text(key.vkey), .int(Int64(bitPattern: commit.block.height.value)),
                        .int(Int64(bitPattern: commit.block.treeSize)), .text(note.encoded()), .text(line),
                    ])
            }
        }
    }
}
