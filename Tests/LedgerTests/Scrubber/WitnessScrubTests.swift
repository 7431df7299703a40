import Cryptography
import Foundation
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

/// What a witness remembers, edited or set back while nobody looks.
@Suite struct WitnessScrubTests {
    private struct Scene {
        let witnessed: WitnessedRows
        let chain: StoredChain
        let store: BlockStore
        let pool: PostgresPool
        let schema: String

        func execute(_ sql: String) async throws { try await pool.query { try $0.execute(script: sql) } }

        /// The first pass of a process that starts now.
        func firstPass(_ memory: WitnessMemory? = nil) async throws -> [StoreDamage] {
            let logger = Logger(label: "scrubber", factory: { _ in SwiftLogNoOpLogHandler() })
            var scrubber = Scrubber(
                store: store, settings: chain.network.settings(0), origin: nil, peers: chain.peer,
                witness: (witnessed.settings, try memory ?? witnessed.memory()),
                pace: ScrubPace(sharePercent: 100), board: DamageBoard(Metrics(), logger: logger))
            return try await scrubber.passOverEverything(through: chain.height)
        }
    }

    private func withScene(_ body: (Scene) async throws -> Void) async throws {
        let chain = try StoredChain([[1], [2], [1], [1], [3]], network: try LedgerNetwork(validatorCount: 4))
        let configuration = try await PrivatePostgres.shared().createSchema("validator_1")
        let pool = PostgresPool(configuration)
        let witnessed = WitnessedRows()
        defer { WitnessMemory.remove(witnessed.path) }
        do {
            let store = try await BlockStore.open(
                pool: pool, schema: configuration.schema, genesis: chain.network.genesis,
                validator: ValidatorIndex(0))
            try await chain.store(in: store)
            try await witnessed.store(chain, pool)
            try await body(
                Scene(
                    witnessed: witnessed, chain: chain, store: store, pool: pool, schema: configuration.schema
                ))
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    @Test(arguments: [
        "DELETE FROM witnessed_log WHERE origin = 'log.example/one'", "TRUNCATE witnessed_log",
        "UPDATE witnessed_log SET size = 0, root = sha256(''), note = NULL, cosignature = NULL",
        "UPDATE witnessed_log SET size = size + 1", "UPDATE witnessed_log SET origin = origin || 'x'",
        "INSERT INTO witnessed_log SELECT 'log.example/other', size, root, note, cosignature "
            + "FROM witnessed_log LIMIT 1",
        "INSERT INTO witnessed_log VALUES ('log.example/other', 0, sha256(''))",
        "INSERT INTO witness_evidence SELECT origin, held_size + 1, digest, is_fork, held_note, request "
            + "FROM witness_evidence",
        "INSERT INTO witness_cosignature SELECT witness || 'x', height, size, note, line "
            + "FROM witness_cosignature",
    ])
    func whatIsEditedBeforeAProcessStartsIsNamedAndUndone(edit: String) async throws {
        try await withScene { scene in
            let tables = try await EditableSchema(scene.pool, schema: scene.schema)
            let original = try await tables.contents(scene.pool)
            #expect(try await scene.firstPass() == [])
            try await scene.execute(edit)
            let damages = try await scene.firstPass()
            let isNamed = damages.contains { edit.contains(" \($0.table.rawValue)") }
            #expect(isNamed)
            #expect(try await tables.contents(scene.pool) == original)
        }
    }

    @Test func aDatabaseThatWasSetBackDoesNotMakeItCosignAnotherHistory() async throws {
        try await withScene { scene in
            let memory = try scene.witnessed.memory()
            let store = WitnessStore(pool: scene.pool, memory: memory)
            let log = WitnessedRows.logNames[0]
            try await scene.execute("CREATE TABLE public.backup AS SELECT * FROM witnessed_log")
            let next = try await scene.witnessed.judge(
                try scene.witnessed.request(log, from: 7, to: 12), store)
            #expect(next)
            try await scene.execute(
                "DELETE FROM witnessed_log; INSERT INTO witnessed_log TABLE public.backup")
            // The row is one that the witness did cosign; only the memory tells that it is not the newest.
            let fork = try scene.witnessed.request(log, from: 7, to: 7, root: .zero, hashes: [])
            let other = try scene.witnessed.request(log, from: 7, to: 13)
            for request in [fork, other] {
                await #expect(throws: StoreFault.self) { _ = try await scene.witnessed.judge(request, store) }
            }
            let damages = try await scene.firstPass(memory)
            #expect(damages.map(\.table) == [.witnessedLog])
            let stale = try await scene.witnessed.judge(other, store)
            #expect(!stale)
            let on = try await scene.witnessed.judge(
                try scene.witnessed.request(log, from: 12, to: 13), store)
            #expect(on)
        }
    }

    @Test func aCommitThatFailedLeavesNoCosignatureAndIsNoEdit() async throws {
        try await withScene { scene in
            let memory = try scene.witnessed.memory()
            let store = WitnessStore(pool: scene.pool, memory: memory)
            let log = WitnessedRows.logNames[0]
            try await scene.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'no'; END $$;
                CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON witnessed_log
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
                """)
            let request = try scene.witnessed.request(log, from: 7, to: 12)
            await #expect(throws: PostgresFault.self) { _ = try await scene.witnessed.judge(request, store) }
            try await scene.execute("DROP TRIGGER refuse ON witnessed_log")
            let damages = try await scene.firstPass(memory)
            #expect(damages == [])
            let size = try await scene.pool.query { session in
                try session.query("SELECT size FROM witnessed_log WHERE origin = $1", [.text(log)])[0].int(0)
            }
            #expect(size == 12)
        }
    }

    @Test func editedEvidenceIsNotShown() async throws {
        try await withScene { scene in
            let logs = scene.witnessed.settings.logs
            let store = WitnessStore(pool: scene.pool, memory: try scene.witnessed.memory())
            let shown = try await store.evidence(against: logs)
            #expect(shown.count == 4)
            try await scene.execute("UPDATE witness_evidence SET is_fork = NOT is_fork")
            await #expect(throws: StoreFault.self) { _ = try await store.evidence(against: logs) }
        }
    }

    @Test func onlyAnUndamagedMemoryOfTheSameKeyIsUsed() async throws {
        try await withScene { scene in
            let (path, key) = (scene.witnessed.path, try #require(scene.witnessed.settings.cosigner?.key))
            let file = path + ".witness"
            let sound = try Data(contentsOf: URL(filePath: file))
            #expect(try WitnessMemory(besides: path, key: key).rows.count == 2)
            #expect(try WitnessMemory(besides: path, key: nil).rows.isEmpty)
            let other = NoteVerifierKey(
                name: key.name, kind: .cosignature, key: SigningKey.generate().publicKey)
            #expect(throws: WitnessMemoryFault.self) { _ = try WitnessMemory(besides: path, key: other) }
            for damaged in [sound.prefix(sound.count / 2), Data("{}".utf8), Data()] {
                try damaged.write(to: URL(filePath: file))
                #expect(throws: WitnessMemoryFault.self) { _ = try WitnessMemory(besides: path, key: key) }
            }
            // One that is gone is made again of rows that the key signed.
            try FileManager.default.removeItem(atPath: file)
            #expect(try await scene.firstPass() == [])
            #expect(try WitnessMemory(besides: path, key: key).rows.count == 2)
        }
    }
}
