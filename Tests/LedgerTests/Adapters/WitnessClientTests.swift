import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Logging
import Model
import Postgres
import ServiceRuntime
import TestSupport
import Testing
import TransparencyLog

/// A validator that asks a witness to cosign its checkpoints, both over real HTTP.
@Suite struct WitnessClientTests {
    private struct Scene: Sendable {
        let log: ServedLog
        let settings: WitnessSettings
        let memory: WitnessMemory
        let port: Int

        var key: NoteVerifierKey { settings.cosigner!.key }

        func client(_ key: NoteVerifierKey? = nil) -> WitnessClient {
            var logger = Logger(label: "witnesses")
            logger.logLevel = .critical
            let witness = TlogPolicy.Witness(
                name: "w", key: key ?? self.key, url: "http://127.0.0.1:\(port)/")
            return WitnessClient(
                witnesses: { [witness] }, reader: log.reader,
                store: WitnessStore(pool: log.pool, memory: memory), cosigned: log.cosigned,
                intervalMilliseconds: 20, logger: logger)
        }

        /// The note that is served, once the witness's signature is on it; nil after ten seconds without.
        func witnessed(size: UInt64) async throws -> SignedNote? {
            for _ in 0..<200 {
                let note = try SignedNote(parsing: try await log.get("/checkpoint").body)
                let isSigned = try note.isSigned(by: key)
                if isSigned, try Checkpoint(parsing: note.text).size == size { return note }
                try await Task.sleep(for: .milliseconds(50))
            }
            return nil
        }
    }

    /// A log whose last block has no note yet, and a witness that knows the log's keys.
    private func withScene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        try await ServedLog.serving([[1], [300], [2]], unnoted: 1) { log in
            let settings = WitnessSettings(
                signer: Signer(SigningKey.generate()), name: "witness.example",
                logs: log.network.genesis.initial.logKeys.map { TlogPolicy.Log(key: $0) })
            let postgres = try await PrivatePostgres.shared().createSchema("validator_2")
            let pool = PostgresPool(postgres)
            _ = try await BlockStore.open(
                pool: pool, schema: postgres.schema, genesis: log.network.genesis,
                validator: ValidatorIndex(1))
            let path = WitnessMemory.newPath()
            defer { WitnessMemory.remove(path) }
            let memory = try WitnessMemory(besides: path, key: settings.cosigner?.key)
            let routes = WitnessRoutes(settings: settings, store: WitnessStore(pool: pool, memory: memory))
                .routes
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(
                    try await ServedLog.serving(routes) { port in
                        try await body(Scene(log: log, settings: settings, memory: memory, port: port))
                    })
            } catch {
                outcome = .failure(error)
            }
            await pool.close()
            try outcome.get()
        }
    }

    private func running(_ client: WitnessClient, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                do { try await client.run() } catch is CancellationError {}
            }
            try await body()
            group.cancelAll()
        }
    }

    @Test func checkpointsGainTheWitnessesSignature() async throws {
        try await withScene { scene in
            let (early, late) = (scene.log.blocks[1], scene.log.blocks[2])
            try await running(scene.client()) {
                let note = try await scene.witnessed(size: early.commit.block.treeSize)
                _ = try scene.log.network.genesis.initial.quorumPolicy.verify(try #require(note))
                scene.log.published.noted(late.note, late.commit.block.height)
                let later = try await scene.witnessed(size: scene.log.size)
                #expect(later != nil)
            }
            // Receipts stay as strict verifiers want them.
            let receipt = try TlogProof(parsing: try await scene.log.get("/receipts/0").body)
            _ = try scene.log.network.genesis.initial.verify(receipt.checkpoint)
        }
    }

    @Test func aWitnessThatIsAheadOfTheClientIsCaughtUpWith() async throws {
        try await withScene { scene in
            // Another validator was there with the first block's checkpoint.
            let first = try AddCheckpointRequest(oldSize: 0, hashes: [], note: scene.log.blocks[0].note)
            let answer = try await WebAnswer.of(
                port: scene.port, "/add-checkpoint", posting: [UInt8](first.encoded().utf8))
            #expect(answer.status == 200)
            try await running(scene.client()) {
                let size = scene.log.blocks[1].commit.block.treeSize
                let note = try await scene.witnessed(size: size)
                #expect(note != nil)
            }
        }
    }

    @Test func whatAWitnessSignedIsStored() async throws {
        try await withScene { scene in
            let size = scene.log.blocks[1].commit.block.treeSize
            try await running(scene.client()) {
                let note = try await scene.witnessed(size: size)
                #expect(note != nil)
            }
            let row = try await scene.log.pool.query {
                try $0.query("SELECT size FROM witness_cosignature")[0].int(0)
            }
            #expect(row == Int64(size))
            // Nothing can be asked of a witness that is gone; what it signed is shown again all the same.
            let gone = TlogPolicy.Witness(name: "w", key: scene.key, url: "http://127.0.0.1:1")
            let cosigned = CosignedNotes()
            let again = ReadingRoutes(reader: scene.log.reader, cosigned: cosigned)
            var logger = Logger(label: "witnesses")
            logger.logLevel = .critical
            let client = WitnessClient(
                witnesses: { [gone] }, reader: scene.log.reader,
                store: WitnessStore(pool: scene.log.pool, memory: scene.memory), cosigned: cosigned,
                logger: logger)
            try await running(client) {
                try await ServedLog.serving(again.routes) { port in
                    var isSigned = false
                    for _ in 0..<200 where !isSigned {
                        let answer = try await WebAnswer.of(port: port, "/checkpoint")
                        isSigned = try SignedNote(parsing: answer.body).isSigned(by: scene.key)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    #expect(isSigned)
                }
            }
        }
    }

    @Test func aCosignatureOfAnotherKeyIsNotKept() async throws {
        try await withScene { scene in
            let other = NoteVerifierKey(
                name: "witness.example", kind: .cosignature, key: SigningKey.generate().publicKey)
            try await running(scene.client(other)) { try await Task.sleep(for: .milliseconds(400)) }
            let rows = try await scene.log.pool.query {
                try $0.query("SELECT 1 FROM witness_cosignature").count
            }
            #expect(rows == 0)
            let note = try SignedNote(parsing: try await scene.log.get("/checkpoint").body)
            #expect(note == scene.log.blocks[1].note)
        }
    }
}
