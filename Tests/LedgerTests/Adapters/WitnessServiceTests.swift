import Cryptography
import Foundation
import LedgerAdapters
import LedgerProtocol
import LedgerSimulation
import Merkle
import Model
import Postgres
import ServiceRuntime
import TestSupport
import Testing
import TransparencyLog

/// The witness of a validator against the C2SP text, over real HTTP.
@Suite struct WitnessServiceTests {
    /// Another log, whose every checkpoint one key signs.
    private struct OtherLog: Sendable {
        static let origin = "log.example/other"
        let signer = Signer(SigningKey.generate())
        let leaves = (0..<20).map { MerkleTree.leafHash([UInt8($0)]) }

        var key: NoteVerifierKey { NoteVerifierKey(name: Self.origin, kind: .log, key: signer.publicKey) }

        func note(size: Int, root: Digest? = nil, extra: String = "", by signer: Signer? = nil) -> SignedNote
        {
            let root = root ?? MerkleTree.root(ofLeafHashes: Array(leaves.prefix(size)))
            let text = Checkpoint(origin: Self.origin, size: UInt64(size), root: root).text + extra
            return SignedNote(
                text: text,
                signatures: [NoteSignature(signing: text, name: Self.origin, with: signer ?? self.signer)])
        }

        func request(
            _ old: Int, _ new: Int, note: SignedNote? = nil, hashes: [Digest]? = nil
        ) throws -> [UInt8] {
            let proof = try? ProofBuilder.consistency(oldSize: UInt64(old), newSize: UInt64(new)) {
                level, index in
                let first = Int(index) << level
                return MerkleTree.root(ofLeafHashes: Array(leaves[first..<first + 1 << level]))
            }
            let request = try AddCheckpointRequest(
                oldSize: UInt64(old), hashes: hashes ?? proof?.hashes ?? [],
                note: note ?? self.note(size: new))
            return [UInt8](request.encoded().utf8)
        }
    }

    private struct Witness: Sendable {
        let log: OtherLog
        let settings: WitnessSettings
        let memory: WitnessMemory
        let store: BlockStore
        let pool: PostgresPool
        let port: Int

        func add(_ body: [UInt8]) async throws -> WebAnswer {
            try await WebAnswer.of(port: port, "/add-checkpoint", posting: body)
        }

        /// Whether the answer is a cosignature of the witness on the note.
        func cosigned(_ answer: WebAnswer, _ note: SignedNote) throws -> Bool {
            guard answer.status == 200, let key = settings.cosigner?.key else { return false }
            let lines = answer.text.split(separator: "\n")
            let signatures = try lines.map { try NoteSignature(parsingLine: $0) }
            return signatures.contains { key.verifies($0, text: note.text) }
        }
    }

    private func withWitness(
        _ configuration: PostgresConfiguration? = nil, beside path: String? = nil, log: OtherLog = OtherLog(),
        signer: Signer? = Signer(SigningKey.generate()),
        _ body: @Sendable (Witness) async throws -> Void
    ) async throws {
        let network = try LedgerNetwork(validatorCount: 1)
        let postgres: PostgresConfiguration
        if let configuration {
            postgres = configuration
        } else {
            postgres = try await PrivatePostgres.shared().createSchema("validator_1")
        }
        let pool = PostgresPool(postgres)
        let place = path ?? WitnessMemory.newPath()
        defer { if path == nil { WitnessMemory.remove(place) } }
        let outcome: Result<Void, any Error>
        do {
            let store = try await BlockStore.open(
                pool: pool, schema: postgres.schema, genesis: network.genesis, validator: ValidatorIndex(0))
            let settings = WitnessSettings(
                signer: signer, name: "witness.example",
                logs: [TlogPolicy.Log(key: log.key)])
            let memory = try WitnessMemory(besides: place, key: settings.cosigner?.key)
            let routes = WitnessRoutes(settings: settings, store: WitnessStore(pool: pool, memory: memory))
                .routes
            outcome = .success(
                try await ServedLog.serving(routes) { port in
                    try await body(
                        Witness(
                            log: log, settings: settings, memory: memory, store: store, pool: pool, port: port
                        ))
                })
        } catch {
            outcome = .failure(error)
        }
        await pool.close()
        try outcome.get()
    }

    @Test func everyStepOfALogIsCosigned() async throws {
        try await withWitness { witness in
            var old = 0
            // The same size again is cosigned again, as a log may have lost the answer.
            for new in [1, 3, 3, 8, 20] {
                let answer = try await witness.add(try witness.log.request(old, new))
                let cosigned = try witness.cosigned(answer, witness.log.note(size: new))
                #expect(cosigned, "\(old) to \(new): \(answer.text)")
                old = new
            }
        }
    }

    @Test func extensionLinesAreCosignedWithTheRest() async throws {
        try await withWitness { witness in
            let note = witness.log.note(size: 4, extra: "an extension\n")
            let answer = try await witness.add(try witness.log.request(0, 4, note: note))
            let cosigned = try witness.cosigned(answer, note)
            #expect(cosigned)
        }
    }

    @Test func anUnknownLogIs404() async throws {
        try await withWitness { witness in
            let text = Checkpoint(origin: "log.example/unknown", size: 1, root: .zero).text
            let note = SignedNote(
                text: text,
                signatures: [
                    NoteSignature(signing: text, name: "log.example/unknown", with: witness.log.signer)
                ])
            let answer = try await witness.add(try witness.log.request(0, 1, note: note))
            #expect(answer.status == 404)
        }
    }

    @Test func aStrangersSignatureIs403AndLeavesNothing() async throws {
        try await withWitness { witness in
            let note = witness.log.note(size: 2, by: Signer(SigningKey.generate()))
            let answer = try await witness.add(try witness.log.request(0, 2, note: note))
            #expect(answer.status == 403)
            let rows = try await witness.pool.query { try $0.query("SELECT 1 FROM witnessed_log").count }
            #expect(rows == 0)
        }
    }

    @Test(arguments: ["", "old 1\n", "old 01\n\n", "nonsense"])
    func aMalformedBodyIs400(prefix: String) async throws {
        try await withWitness { witness in
            let body = [UInt8]((prefix + witness.log.note(size: 2).encoded()).utf8)
            let answer = try await witness.add(body)
            #expect(answer.status == 400)
        }
    }

    @Test func anOldSizeAboveTheCheckpointIs400() async throws {
        try await withWitness { witness in
            let answer = try await witness.add(try witness.log.request(5, 4, hashes: []))
            #expect(answer.status == 400)
        }
    }

    @Test func aStaleOldSizeIs409AndToldTheSize() async throws {
        try await withWitness { witness in
            _ = try await witness.add(try witness.log.request(0, 5))
            for (old, new) in [(0, 9), (3, 9), (6, 9), (0, 5)] {
                let answer = try await witness.add(try witness.log.request(old, new))
                #expect(answer.status == 409)
                #expect(answer.text == "5\n")
                #expect(answer.headers["content-type"] == "text/x.tlog.size")
            }
        }
    }

    @Test func aWrongProofIs422AndKept() async throws {
        try await withWitness { witness in
            let known = witness.log.note(size: 5)
            _ = try await witness.add(try witness.log.request(0, 5))
            let wrong = try witness.log.request(5, 9, hashes: [.zero])
            for _ in 0..<2 {
                let answer = try await witness.add(wrong)
                #expect(answer.status == 422)
            }
            let evidence = try await WebAnswer.of(port: witness.port, "/witness/evidence")
            let rows = try JSONValue(parsing: evidence.body)
            #expect(rows[0]?["kind"]?.string == "unproven")
            #expect(rows[0]?["heldNote"]?.string == known.encoded())
            #expect(rows[0]?["request"]?.string == String(decoding: wrong, as: UTF8.self))
            #expect(rows[1] == nil)
            // It goes on from what it cosigned.
            let answer = try await witness.add(try witness.log.request(5, 9))
            #expect(answer.status == 200)
        }
    }

    @Test func anotherRootOfTheSameSizeIsRefusedAndKeptAsAFork() async throws {
        try await withWitness { witness in
            _ = try await witness.add(try witness.log.request(0, 5))
            let fork = witness.log.note(size: 5, root: SHA256.hash([1]))
            let same = try await witness.add(try witness.log.request(5, 5, note: fork))
            #expect(same.status == 422)
            let stale = try await witness.add(try witness.log.request(0, 5, note: fork, hashes: []))
            #expect(stale.status == 409)
            let evidence = try await WebAnswer.of(port: witness.port, "/witness/evidence")
            let rows = try JSONValue(parsing: evidence.body)
            #expect(rows[0]?["kind"]?.string == "fork")
            #expect(rows[0]?["origin"]?.string == OtherLog.origin)
            #expect(rows[1] == nil)
        }
    }

    @Test func ofTwoRequestsFromTheSameSizeOneWins() async throws {
        try await withWitness { witness in
            _ = try await witness.add(try witness.log.request(0, 5))
            for old in stride(from: 5, to: 17, by: 3) {
                let bodies = try (1...3).map { try witness.log.request(old, old + $0) }
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for body in bodies { group.addTask { try await witness.add(body).status } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let wins = statuses.count { $0 == 200 }
                let losses = statuses.count { $0 == 409 }
                #expect(wins == 1)
                #expect(losses == 2)
                let size = try await witness.pool.query {
                    try $0.query("SELECT size FROM witnessed_log")[0].int(0)
                }
                let next = try await witness.add(try witness.log.request(Int(size), old + 3))
                #expect(next.status == 200)
            }
        }
    }

    @Test func whatWasCosignedOutlivesTheProcess() async throws {
        let postgres = try await PrivatePostgres.shared().createSchema("validator_1")
        let log = OtherLog()
        let signer = Signer(SigningKey.generate())
        try await withWitness(postgres, log: log, signer: signer) { witness in
            let answer = try await witness.add(try log.request(0, 7))
            #expect(answer.status == 200)
        }
        try await withWitness(postgres, log: log, signer: signer) { witness in
            let back = try await witness.add(try log.request(0, 3))
            #expect(back.status == 409)
            #expect(back.text == "7\n")
            let on = try await witness.add(try log.request(7, 9))
            #expect(on.status == 200)
        }
    }

    @Test(arguments: [
        "size = 3", "root = sha256('')", "note = replace(note, '7', '8')", "note = NULL, cosignature = NULL",
        "cosignature = replace(cosignature, 'witness', 'witnest')",
    ])
    func anEditedMemoryIsNotBuiltOn(edit: String) async throws {
        try await withWitness { witness in
            _ = try await witness.add(try witness.log.request(0, 7))
            let changed = try await witness.pool.query {
                try $0.execute("UPDATE witnessed_log SET \(edit)")
            }
            #expect(changed == 1)
            for (old, new) in [(3, 9), (7, 9), (0, 9)] {
                let answer = try await witness.add(try witness.log.request(old, new))
                #expect(answer.status == 503)
            }
        }
    }

    @Test func aValidatorWithoutAKeyIsNoWitness() async throws {
        try await withWitness(signer: nil) { witness in
            let answer = try await witness.add(try witness.log.request(0, 1))
            #expect(answer.status == 404)
            #expect(answer.text.contains("no_witness"))
        }
    }

    @Test func theWitnessSaysWhichKeyToList() async throws {
        try await withWitness { witness in
            let answer = try await WebAnswer.of(port: witness.port, "/witness")
            let shown = try JSONValue(parsing: answer.body)
            #expect(shown["vkey"]?.string == witness.settings.cosigner?.key.vkey)
            #expect(shown["logs"]?[0]?.string == OtherLog.origin)
        }
    }
}
