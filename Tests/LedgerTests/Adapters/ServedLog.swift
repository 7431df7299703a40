import Cryptography
import Foundation
import FoundationNetworking
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

/// An answer over HTTP, whole.
struct WebAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Fetches a path, or posts a body to it.
    static func of(port: Int, _ path: String, posting body: [UInt8]? = nil) async throws -> WebAnswer {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        var request = URLRequest(
            url: url, cachePolicy: .reloadIgnoringLocalAndRemoteCacheData, timeoutInterval: 20)
        if let body {
            request.httpMethod = "POST"
            request.httpBody = Data(body)
        }
        let (data, response) = try await URLSession.shared.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        var headers: [String: String] = [:]
        for (name, value) in answer.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)"
        }
        return WebAnswer(status: answer.statusCode, headers: headers, body: Array(data))
    }
}

/// A stored chain of blocks whose reading routes are served over HTTP, without a bus.
struct ServedLog: Sendable {
    let network: LedgerNetwork
    let blocks: [(commit: BlockCommit, note: SignedNote)]
    let pool: PostgresPool
    let published: PublishedLog
    let reader: LogReader
    let cosigned: CosignedNotes
    let port: Int

    /// The leaves in the order of the log.
    var leaves: [[UInt8]] { blocks.flatMap { Self.leaves($0.commit.block) } }

    var size: UInt64 { blocks.last?.commit.block.treeSize ?? 0 }

    var url: String { "http://127.0.0.1:\(port)" }

    func get(_ path: String) async throws -> WebAnswer { try await WebAnswer.of(port: port, path) }

    /// Stores the blocks, the last `unnoted` of them without notes, and serves them while the body runs.
    static func serving(
        _ shapes: [[Int]], kind: EntryKind = .private, unnoted: Int = 0,
        body: @Sendable (ServedLog) async throws -> Void
    ) async throws {
        let network = try LedgerNetwork(validatorCount: 4)
        let blocks = try chain(network, shapes, kind: kind)
        let configuration = try await PrivatePostgres.shared().createSchema("validator_1")
        let pool = PostgresPool(configuration)
        let outcome: Result<Void, any Error>
        do {
            let store = try await BlockStore.open(
                pool: pool, schema: configuration.schema, genesis: network.genesis,
                validator: ValidatorIndex(0))
            let state = SignState(networkID: network.genesis.networkID, validator: ValidatorIndex(0))
            let published = PublishedLog(try await store.load(signState: state))
            for (place, (commit, note)) in blocks.enumerated() {
                let isNoted = place < blocks.count - unnoted
                // A note may be complete before its block is stored; it must not show then.
                if isNoted { published.noted(note, commit.block.height) }
                try await store.append(commit, notes: isNoted ? [commit.block.height: note] : [:])
                published.stored(commit.block)
            }
            let reader = LogReader(store: store, published: published)
            let cosigned = CosignedNotes()
            let routes = ReadingRoutes(reader: reader, cosigned: cosigned).routes
            outcome = .success(
                try await serving(routes) { port in
                    try await body(
                        ServedLog(
                            network: network, blocks: blocks, pool: pool, published: published,
                            reader: reader, cosigned: cosigned, port: port))
                })
        } catch {
            outcome = .failure(error)
        }
        await pool.close()
        try outcome.get()
    }

    /// Serves routes while the body runs.
    static func serving(
        _ routes: [Route], body: @Sendable (Int) async throws -> Void
    ) async throws {
        var logger = Logger(label: "reading")
        logger.logLevel = .critical
        let application = ServiceApplication(
            name: "reading", host: "127.0.0.1", port: 0, routes: routes, readiness: { [] },
            metrics: Metrics(), logger: logger, mapError: LedgerService.problem)
        let (started, start) = AsyncStream.makeStream(of: ServiceApplication.Running.self)
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run(trapsSignals: false) { start.yield($0) } }
            var iterator = started.makeAsyncIterator()
            let running = try #require(await iterator.next())
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(running.port))
            } catch {
                outcome = .failure(error)
            }
            await running.stop()
            try await group.waitForAll()
            try outcome.get()
        }
    }

    private static func leaves(_ block: BuiltBlock) -> [[UInt8]] {
        block.submissions.flatMap { $0.entries.map(\.encoded) } + [block.entry.encoded]
    }

    /// Blocks with certificates and notes; a block has these numbers of entries a submission.
    private static func chain(
        _ network: LedgerNetwork, _ shapes: [[Int]], kind: EntryKind
    ) throws -> [(commit: BlockCommit, note: SignedNote)] {
        var head = ChainHead(network.genesis)
        var tiles = TileAccumulator()
        var sequences: [ServiceName: UInt64] = [:]
        return try shapes.enumerated().map { number, shape in
            let submissions = try shape.enumerated().map { place, count in
                let service = ServiceName.allCases[place % ServiceName.allCases.count]
                defer { sequences[service, default: 0] += 1 }
                return try network.submission(
                    by: service, sequence: sequences[service, default: 0], entryCount: count, kind: kind)
            }
            let block = BlockBuilder.build(
                on: head, time: LedgerNetwork.createdAt.advanced(byMilliseconds: Int64(number + 1)),
                submissions: submissions, next: network.genesis.initial)
            head = block.head
            return try finish(network, block, tiles: tiles.append(block.nodes))
        }
    }

    private static func finish(
        _ network: LedgerNetwork, _ block: BuiltBlock, tiles: [FullTile]
    ) throws -> (commit: BlockCommit, note: SignedNote) {
        let genesis = network.genesis
        let precommits = (0..<3).map { index in
            Vote.make(
                networkID: genesis.networkID, step: .precommit, height: block.height, round: 0,
                blockHash: block.blockHash, validator: ValidatorIndex(UInt16(index)),
                signer: network.keys[index].consensus)
        }
        let cosignatures = Dictionary(
            uniqueKeysWithValues: (0..<3).map { index in
                let cosignature = Cosignature(
                    signing: block.checkpointText, time: 1_795_374_000,
                    with: network.keys[index].cosignature)
                return (ValidatorIndex(UInt16(index)), cosignature)
            })
        let note = CheckpointNote.make(
            checkpointText: block.checkpointText, cosignatures: cosignatures, logSigner: network.keys[0].log,
            network: genesis.initial)
        let commit = BlockCommit(
            block: block,
            certificate: try #require(Certificate.make(of: precommits, quorum: genesis.initial.quorum)),
            cosignature: nil, tiles: tiles)
        return (commit, try #require(note))
    }
}
