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

@Suite struct ScrubberTests {
    // Eight blocks are read at first, and recognised from then on; the others are verified each time.
    private static let shapes = [
        [1], [3, 2], [], [250, 9], [200, 60], [1], [2, 2], [1], [3], [200, 100], [1, 1],
    ]
    private static let editCount = 1_000

    let chain: StoredChain
    let witnessed = WitnessedRows()

    init() throws {
        chain = try StoredChain(Self.shapes, network: try LedgerNetwork(validatorCount: 4))
    }

    /// A store that holds the chain, two proofs of faults, and what a witness stores.
    private func withStore(
        _ body: (BlockStore, PostgresPool, _ schema: String) async throws -> Void
    ) async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("validator_1")
        let pool = PostgresPool(configuration)
        defer { WitnessMemory.remove(witnessed.path) }
        do {
            let store = try await BlockStore.open(
                pool: pool, schema: configuration.schema, genesis: chain.network.genesis,
                validator: ValidatorIndex(0))
            try await chain.store(in: store)
            try await store.keep(chain.doubleVote(by: 2))
            try await store.keep(chain.doubleVote(by: 3))
            try await witnessed.store(chain, pool)
            try await body(store, pool, configuration.schema)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    private func scrubber(_ store: BlockStore, peers: PeerReader) throws -> Scrubber {
        let logger = Logger(label: "scrubber", factory: { _ in SwiftLogNoOpLogHandler() })
        return Scrubber(
            store: store, settings: chain.network.settings(0), origin: nil, peers: peers,
            witness: (witnessed.settings, try witnessed.memory()),
            pace: ScrubPace(sharePercent: 100), board: DamageBoard(Metrics(), logger: logger))
    }

    /// An edit that no pass names, or that is not undone byte for byte, fails with its statement.
    @Test(.timeLimit(.minutes(5)))
    func everyEditOfEveryColumnIsNamedAndUndone() async throws {
        try await withStore { store, pool, schema in
            let tables = try await EditableSchema(pool, schema: schema)
            let original = try await tables.contents(pool)
            // A table without rows would be edited by nobody: give it rows in `withStore`.
            #expect(original.filter(\.value.isEmpty).keys.sorted() == [])
            var scrubber = try scrubber(store, peers: chain.peer)
            let sound = try await scrubber.passOverEverything(through: chain.height)
            #expect(sound == [])
            #expect(scrubber.sound.stretches.map(\.span.heights) == [1...8])
            var numbers = SeededNumbers(seed: 20_261_125)
            var counts: [EditableSchema.Column: Int] = [:]
            var attempt = 0
            while counts.values.reduce(0, +) < Self.editCount, attempt < 4 * Self.editCount {
                let column = tables.columns[attempt % tables.columns.count]
                attempt += 1
                let edit = tables.edit(of: column, &numbers)
                guard try await isApplied(edit, pool), try await tables.contents(pool) != original else {
                    continue
                }
                counts[column, default: 0] += 1
                let damages = try await scrubber.passOverEverything(through: chain.height)
                let isNamed = damages.contains { $0.table.rawValue == column.table }
                let isUndone = try await tables.contents(pool) == original
                try #require(isNamed && isUndone, "named: \(isNamed), undone: \(isUndone), by \(edit)")
            }
            #expect(counts.values.reduce(0, +) == Self.editCount)
            // A check constraint keeps the only value of this one column in its place.
            let untouched = tables.columns.filter { counts[$0, default: 0] < 5 }.map(\.description)
            #expect(Set(untouched).subtracting(["ledger.singleton"]) == [])
            #expect(scrubber.board.unrepaired == [])
        }
    }

    /// The constraints of the schema refuse some edits.
    private func isApplied(_ edit: String, _ pool: PostgresPool) async throws -> Bool {
        do {
            try await pool.query { try $0.execute(script: edit) }
            return true
        } catch let fault as PostgresFault where fault.reason == .server {
            return false
        }
    }

    @Test(arguments: [
        "UPDATE block SET final_block = set_byte(final_block, 300, 7) WHERE height = 4",
        "DELETE FROM block WHERE height = 5", "TRUNCATE block",
    ])
    func aLostBlockHoldsSigningUntilAnotherValidatorHasIt(edit: String) async throws {
        try await withStore { store, pool, schema in
            let tables = try await EditableSchema(pool, schema: schema)
            let original = try await tables.contents(pool)
            var alone = try scrubber(store, peers: PeerReader(peerCount: 1) { _, _ in [1, 2, 3] })
            try await pool.query { try $0.execute(script: edit) }
            let damages = try await alone.passOverEverything(through: chain.height)
            #expect(damages.map(\.table) == [.block])
            #expect(damages.map(\.remedy) == [.wanted])
            #expect(alone.board.holdsSigning)
            #expect(alone.board.unrepaired.count == 1)
            var together = try scrubber(store, peers: chain.peer)
            _ = try await together.passOverEverything(through: chain.height)
            #expect(!together.board.holdsSigning)
            // The scrubber that knew of the damage sees that it is gone.
            let after = try await alone.passOverEverything(through: chain.height)
            #expect(after == [])
            #expect(alone.board.unrepaired == [])
            #expect(try await tables.contents(pool) == original)
        }
    }

    /// One that left, or only follows as yet: its notes have the quorum and no signature of the log.
    @Test func aValidatorThatIsNotInForceFindsItsOwnNotesSound() async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("validator_6")
        let pool = PostgresPool(configuration)
        let store = try await BlockStore.open(
            pool: pool, schema: configuration.schema, genesis: chain.network.genesis,
            validator: ValidatorIndex(5))
        let settings = chain.network.settings(5)
        for (commit, note) in zip(chain.commits, chain.notes) {
            let block = commit.block
            let cosignatures = note.cosignatures(height: block.height, network: block.network)
            let own = try #require(
                CheckpointNote.make(
                    checkpointText: block.checkpointText,
                    cosignatures: Dictionary(
                        uniqueKeysWithValues: cosignatures.map { ($0.validator, $0.cosignature) }),
                    logSigner: settings.keys.log, network: block.network))
            // A strict verifier refuses a signature of somebody who is no validator at that size.
            _ = try block.network.verify(own)
            #expect(own.signatures.count == block.network.quorum)
            let stored = BlockCommit(
                block: block, certificate: commit.certificate, cosignature: nil, tiles: commit.tiles)
            try await store.append(stored, notes: [block.height: own])
        }
        let logger = Logger(label: "scrubber", factory: { _ in SwiftLogNoOpLogHandler() })
        var scrubber = Scrubber(
            store: store, settings: settings, origin: nil, peers: PeerReader(peerCount: 0) { _, _ in nil },
            witness: (WitnessSettings(name: "witness"), try witnessed.memory()),
            pace: ScrubPace(sharePercent: 100), board: DamageBoard(Metrics(), logger: logger))
        let damages = try await scrubber.passOverEverything(through: chain.height)
        #expect(damages == [])
        // The quorum without its last signature is no note.
        try await pool.query {
            try $0.execute(
                script: "UPDATE note SET note = regexp_replace(note, '\n[^\n]*\n$', E'\n') WHERE height = 3")
        }
        let found = try await scrubber.passOverEverything(through: chain.height)
        #expect(found.map(\.table) == [.note])
        #expect(scrubber.board.unrepaired.map(\.table) == [.note])
        await pool.close()
    }

    @Test func whatWasDecidedAfterTheCommittedHeightIsNoStray() async throws {
        try await withStore { store, pool, schema in
            let tables = try await EditableSchema(pool, schema: schema)
            let original = try await tables.contents(pool)
            var scrubber = try scrubber(store, peers: PeerReader(peerCount: 0) { _, _ in nil })
            let damages = try await scrubber.passOverEverything(through: BlockHeight(2))
            #expect(damages == [])
            #expect(try await tables.contents(pool) == original)
        }
    }

    @Test(arguments: [
        "DELETE FROM block WHERE height = 10", "DELETE FROM tile",
        "UPDATE block SET checkpoint = replace(checkpoint, 'test', 'tesu') WHERE height = 11",
        "UPDATE block SET height = 900 WHERE height = 11",
        "UPDATE key_block SET next_sequence = next_sequence + 1 WHERE height = 11",
        "UPDATE note SET note = replace(note, 'validator-1', 'validator-2') WHERE height = 11",
    ])
    func aStoreThatWasEditedWhileNoProcessRanIsRepairedBeforeItIsLoaded(edit: String) async throws {
        try await withStore { store, pool, _ in
            let state = SignState(
                networkID: chain.network.genesis.networkID, validator: ValidatorIndex(0))
            let sound = try await store.load(signState: state)
            try await pool.query { try $0.execute(script: edit) }
            await #expect(throws: StoreFault.self) { _ = try await store.load(signState: state) }
            var scrubber = try scrubber(store, peers: chain.peer)
            _ = try await scrubber.passOverEverything(through: try await store.certifiedHeight())
            let origin = try await store.load(signState: state)
            #expect(origin.chain == sound.chain)
            #expect(origin.tiles == sound.tiles)
            #expect(origin.nextSequences == sound.nextSequences)
        }
    }
}
