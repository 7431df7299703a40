import Cryptography
import LedgerAdapters
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Model
import Postgres
import TestSupport
import Testing
import TransparencyLog

@Suite struct BlockStoreTests {
    let network: LedgerNetwork

    init() throws { network = try LedgerNetwork(validatorCount: 4) }

    /// Blocks with certificates and notes; a block has these numbers of entries a submission.
    private func chain(_ shapes: [[Int]]) throws -> [(commit: BlockCommit, note: SignedNote)] {
        var head = ChainHead(network.genesis)
        var tiles = TileAccumulator()
        var sequences: [ServiceName: UInt64] = [:]
        return try shapes.enumerated().map { number, shape in
            let submissions = try shape.enumerated().map { place, count in
                let service = ServiceName.allCases[place % 2]
                defer { sequences[service, default: 0] += 1 }
                return try network.submission(
                    by: service, sequence: sequences[service, default: 0], entryCount: count)
            }
            let block = BlockBuilder.build(
                on: head, time: LedgerNetwork.createdAt.advanced(byMilliseconds: Int64(number + 1)),
                submissions: submissions, next: network.genesis.initial)
            head = block.head
            let cosignatures = try cosignatures(block)
            let commit = BlockCommit(
                block: block, certificate: try certificate(block), cosignature: cosignatures[0],
                tiles: tiles.append(block.nodes))
            let note = try #require(
                CheckpointNote.make(
                    checkpointText: block.checkpointText,
                    cosignatures: Dictionary(
                        uniqueKeysWithValues: cosignatures.map { ($0.validator, $0.cosignature) }),
                    logSigner: network.keys[0].log, network: network.genesis.initial))
            return (commit, note)
        }
    }

    private func certificate(_ block: BuiltBlock) throws -> Certificate {
        let precommits = (0..<3).map { index in
            Vote.make(
                networkID: network.genesis.networkID, step: .precommit, height: block.height, round: 0,
                blockHash: block.blockHash, validator: ValidatorIndex(UInt16(index)),
                signer: network.keys[index].consensus)
        }
        return try #require(Certificate.make(of: precommits, quorum: network.genesis.initial.quorum))
    }

    private func cosignatures(_ block: BuiltBlock) throws -> [CosignatureMessage] {
        try (0..<3).map { index in
            var state = SignState(
                networkID: network.genesis.networkID, validator: ValidatorIndex(UInt16(index)))
            return try state.cosign(
                checkpointText: block.checkpointText, height: block.height, time: block.entry.time,
                signer: network.keys[index].cosignature)
        }
    }

    private func withStore(
        _ body: (BlockStore, PostgresPool, PostgresConfiguration) async throws -> Void
    ) async throws {
        let configuration = try await PrivatePostgres.shared().createSchema("validator_1")
        let pool = PostgresPool(configuration)
        do {
            let store = try await BlockStore.open(
                pool: pool, schema: configuration.schema, genesis: network.genesis,
                validator: ValidatorIndex(0))
            try await body(store, pool, configuration)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    private var signState: SignState {
        SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
    }

    private static let shapes = [[1], [3, 2], [], [255, 9], [1_000, 1_000], [1], [2, 2]]

    @Test func aRestartFindsTheSameTree() async throws {
        try await withStore { store, _, configuration in
            let empty = try await store.load(signState: signState)
            #expect(empty.chain == ChainHead(network.genesis))
            var tiles = TileAccumulator()
            for (commit, note) in try chain(Self.shapes) {
                _ = tiles.append(commit.block.nodes)
                let isNoted = commit.block.height.value < 6
                try await store.append(commit, notes: isNoted ? [commit.block.height: note] : [:])
                // A transaction of unknown outcome is done again.
                try await store.append(commit, notes: [:])
                let origin = try await store.load(signState: signState)
                #expect(origin.chain == commit.block.head)
                #expect(origin.tiles == tiles)
            }
            let origin = try await store.load(signState: signState)
            #expect(origin.open.map(\.height.value) == [6, 7])
            let sequences = [ServiceName.identity, .consent].map {
                origin.nextSequences[network.signer($0).keyID]
            }
            #expect(sequences == [6, 4])
            let other = try LedgerNetwork(validatorCount: 4, name: "other")
            await #expect(throws: StoreFault.self) {
                let pool = PostgresPool(configuration)
                defer { Task { await pool.close() } }
                _ = try await BlockStore.open(
                    pool: pool, schema: configuration.schema, genesis: other.genesis,
                    validator: ValidatorIndex(0))
            }
        }
    }

    @Test(arguments: [
        "UPDATE tile SET hashes = set_byte(hashes, 77, get_byte(hashes, 77) # 1) WHERE index = 3",
        "DELETE FROM tile WHERE level = 0 AND index = 5",
        "UPDATE block SET final_block = set_byte(final_block, 400, get_byte(final_block, 400) # 1)",
        "UPDATE block SET checkpoint = replace(checkpoint, 'test', 'tesu') WHERE height = 7",
        "UPDATE block SET tree_size = tree_size + 1 WHERE height = 7",
        "UPDATE block SET block_hash = set_byte(block_hash, 0, get_byte(block_hash, 0) # 1) WHERE height = 7",
        "DELETE FROM block WHERE height = 6",
        "UPDATE key_block SET next_sequence = next_sequence + 1 WHERE height = 7",
        "DELETE FROM key_block WHERE height = 7",
        "UPDATE note SET note = replace(note, 'validator-1', 'validator-2') WHERE height = 7",
    ])
    func anEditedRowIsFoundAtStart(edit: String) async throws {
        try await withStore { store, pool, _ in
            for (commit, note) in try chain(Self.shapes) {
                try await store.append(commit, notes: [commit.block.height: note])
            }
            let changed = try await pool.query { try $0.execute(edit) }
            #expect(changed > 0)
            let fault = await #expect(throws: StoreFault.self) {
                _ = try await store.load(signState: signState)
            }
            #expect(fault?.halt == .storeContradictsRoot)
        }
    }

    @Test func anotherBlockAtAStoredHeightHaltsTheValidator() async throws {
        try await withStore { store, _, _ in
            let known = try chain([[1], [2]])
            let other = try chain([[2], [2]])
            try await store.append(known[0].commit, notes: [:])
            let fault = await #expect(throws: StoreFault.self) {
                try await store.append(other[0].commit, notes: [:])
            }
            #expect(fault?.halt == .storeContradictsRoot)
            await #expect(throws: StoreFault.self) {
                try await store.append(chain([[1], [1], [1]])[2].commit, notes: [:])
            }
        }
    }

    @Test func storedBlocksGiveReceiptsThatLightClientsBelieve() async throws {
        try await withStore { store, _, _ in
            let blocks = try chain(Self.shapes)
            for (commit, note) in blocks {
                // A height without a note has its receipts at the next one.
                let isNoted = commit.block.height.value != 2
                try await store.append(commit, notes: isNoted ? [commit.block.height: note] : [:])
            }
            let tiles = try await store.load(signState: signState).tiles
            var client = LightClient(genesis: network.genesis)
            var receiptCount = 0
            for (commit, _) in blocks {
                for submission in commit.block.submissions {
                    let settled = try await store.settled(
                        keyID: submission.keyID, sequence: submission.sequence, hash: submission.hash,
                        partials: tiles)
                    guard case .final(let record) = settled else {
                        Issue.record("a stored submission has no receipt")
                        continue
                    }
                    let own = commit.block.submissions.filter { $0.keyID == submission.keyID }
                    receiptCount += try client.accept(record, submissions: own).count
                }
                let bytes = try await store.finalBlock(commit.block.height)
                #expect(bytes == commit.finalBlock.encoded)
            }
            #expect(receiptCount == 2_275)
            let keyID = network.signer(.identity).keyID
            let taken = try await store.settled(
                keyID: keyID, sequence: 0, hash: SHA256.hash([0]), partials: tiles)
            guard case .taken = taken else {
                Issue.record("a sequence taken by other bytes is not called so")
                return
            }
        }
    }
}
