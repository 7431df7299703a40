import Cryptography
import Foundation
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Merkle
import Postgres
import Testing
import TransparencyLog

/// What a validator serves to readers, over real HTTP.
@Suite struct ReadingTests {
    /// Small blocks and large ones, so that bundles cross blocks and blocks cross bundles.
    private static let shapes =
        [[1], [3, 2], [], [255, 9], [1_000, 1_000, 500]] + Array(repeating: [1], count: 40) + [[2, 2]]

    @Test func anIndependentClientVerifiesTheWholeLog() async throws {
        try await ServedLog.serving(Self.shapes) { log in
            try Self.withPolicy(of: log) { policy in
                let (code, output) = try Self.run(
                    "/usr/bin/python3",
                    [Self.conformance("verify_tiles.py"), log.url, "--policy", policy.path])
                #expect(code == 0)
                #expect(output.contains("\(log.size) entries of consentry.example/test, cosigned by 3"))
            }
        }
    }

    /// Go's own packages, which verify its checksum database, accept the log and refuse one of another key.
    @Test func aStockClientVerifiesTheWholeLog() async throws {
        let program = FileManager.default.temporaryDirectory.appending(
            path: "tlog_client-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: program) }
        let built = try Self.run(
            "/usr/bin/go", ["build", "-o", program.path, Self.conformance("tlog_client/main.go")],
            environment: [
                "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
                "GOCACHE": program.path + ".cache",
            ])
        defer { try? FileManager.default.removeItem(atPath: program.path + ".cache") }
        try #require(built.code == 0, "\(built.output)")
        let other = try LedgerNetwork(validatorCount: 4, name: "other").genesis.initial.quorumPolicy
        try await ServedLog.serving(Self.shapes) { log in
            try Self.withPolicy(of: log) { policy in
                let (code, output) = try Self.run(program.path, [log.url, policy.path])
                #expect(code == 0, "\(output)")
                #expect(output.hasPrefix("log is valid: \(log.size) entries"))
                try Data(other.policyFile.utf8).write(to: policy)
                let refused = try Self.run(program.path, [log.url, policy.path])
                #expect(refused.code == 1, "\(refused.output)")
                #expect(refused.output.hasPrefix("log is not valid"))
            }
        }
    }

    private static func withPolicy(of log: ServedLog, _ body: (URL) throws -> Void) throws {
        let policy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: policy) }
        try Data(log.network.genesis.initial.quorumPolicy.policyFile.utf8).write(to: policy)
        try body(policy)
    }

    @Test func bundlesHoldTheLeavesInTheOrderOfTheLog() async throws {
        try await ServedLog.serving(Self.shapes) { log in
            let leaves = log.leaves
            var read: [[UInt8]] = []
            while read.count < leaves.count {
                let width = min(256, leaves.count - read.count)
                let path = TilePath.entries(index: UInt64(read.count / 256), width: width).text
                let answer = try await log.get("/\(path)")
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "application/octet-stream")
                #expect(answer.headers["cache-control"] == "public, max-age=31536000, immutable")
                read += try EntryBundle.decode(answer.body)
            }
            #expect(read == leaves)
        }
    }

    @Test func nothingBeyondThePublishedCheckpointIsServed() async throws {
        try await ServedLog.serving([[300], [2], [300]], unnoted: 1) { log in
            let size = log.blocks[1].commit.block.treeSize
            let note = try await log.get("/checkpoint")
            #expect(note.headers["cache-control"] == "public, max-age=1")
            #expect(note.headers["content-type"] == "text/plain; charset=utf-8")
            let checkpoint = try Checkpoint(parsing: try SignedNote(parsing: note.body).text)
            #expect(checkpoint.size == size)
            let width = Int(size - 256)
            let served = [
                "/tile/0/000", "/tile/0/001.p/\(width)", "/tile/0/001.p/1", "/tile/1/000.p/1",
                "/tile/entries/000", "/tile/entries/000.p/17", "/tile/entries/001.p/\(width)",
                "/receipts/\(size - 1)", "/receipts/0?height=1", "/consistency/0/\(size)",
                "/consistency/\(size)/\(size)",
            ]
            let refused = [
                "/tile/0/001", "/tile/0/001.p/\(width + 1)", "/tile/0/002.p/1", "/tile/1/000.p/2",
                "/tile/2/000.p/1", "/tile/63/000.p/1", "/tile/entries/001", "/tile/entries/x001/000",
                "/tile/entries/001.p/\(width + 1)", "/receipts/\(size)", "/receipts/302?height=1",
                "/receipts/0?height=3", "/receipts/0?height=9", "/consistency/1/\(size + 1)",
                "/payloads/\(size)", "/payloads/0", "/tile/00/000", "/tile/0/0", "/tile/0/000.p/0",
                "/tile/0/000.p/256", "/tile/0/x000/001", "/tile/64/000", "/tile/0", "/tile/0/001.p/1/1",
            ]
            for path in served { #expect(try await log.get(path).status == 200, "\(path)") }
            for path in refused { #expect(try await log.get(path).status == 404, "\(path)") }
            for path in ["/receipts/01", "/receipts/-1", "/consistency/2/1", "/receipts/0?height=x"] {
                #expect(try await log.get(path).status == 400, "\(path)")
            }
        }
    }

    @Test func receiptsOfEveryKindOfLeafAreBelieved() async throws {
        try await ServedLog.serving(Self.shapes) { log in
            let leaves = log.leaves
            for index in [0, 1, 4, 255, 256, 257, 2_000, leaves.count - 1] {
                let answer = try await log.get("/receipts/\(index)")
                let proof = try TlogProof(parsing: answer.body)
                #expect(proof.index == UInt64(index))
                let checkpoint = try proof.verify(
                    leafHash: MerkleTree.leafHash(leaves[index]),
                    policy: log.network.genesis.initial.quorumPolicy)
                #expect(checkpoint.size == log.size)
                _ = try log.network.genesis.initial.verify(proof.checkpoint)
            }
            let early = try TlogProof(parsing: try await log.get("/receipts/3?height=2").body)
            let checkpoint = try early.verify(
                leafHash: MerkleTree.leafHash(leaves[3]), policy: log.network.genesis.initial.quorumPolicy)
            #expect(checkpoint.size == log.blocks[1].commit.block.treeSize)
        }
    }

    @Test func consistencyHoldsBetweenAnyTwoSizes() async throws {
        try await ServedLog.serving(Self.shapes) { log in
            let hashes = log.leaves.map { MerkleTree.leafHash($0) }
            func root(_ size: UInt64) -> Digest {
                MerkleTree.root(ofLeafHashes: Array(hashes.prefix(Int(size))))
            }
            let sizes: [UInt64] = [1, 2, 3, 7, 255, 256, 257, 512, 2_048, log.size - 1, log.size]
            for (place, old) in sizes.enumerated() {
                for new in sizes[place...] {
                    let answer = try await log.get("/consistency/\(old)/\(new)")
                    let proof = try ConsistencyProof(oldSize: old, newSize: new, lines: answer.body)
                    try proof.verify(oldRoot: root(old), newRoot: root(new))
                    #expect(proof.lines == answer.text)
                }
            }
        }
    }

    @Test func payloadsOfPublicEntriesAreServed() async throws {
        try await ServedLog.serving([[2, 1], [1]], kind: EntryKind(rawValue: 0x8001)) { log in
            for index in [0, 1, 2, 4] {
                let answer = try await log.get("/payloads/\(index)")
                #expect(answer.body == [1], "\(index)")
            }
            // The block entries of the two blocks.
            for index in [3, 5] {
                let answer = try await log.get("/payloads/\(index)")
                #expect(answer.status == 404)
            }
        }
    }

    @Test(arguments: [
        (
            "UPDATE tile SET hashes = set_byte(hashes, 77, 1 # get_byte(hashes, 77)) WHERE index = 3",
            ["/tile/0/003", "/tile/entries/003", "/receipts/800", "/receipts/769?height=5"]
        ),
        ("DELETE FROM tile WHERE level = 0 AND index = 3", ["/tile/0/003", "/receipts/800"]),
        (
            "UPDATE block SET final_block = set_byte(final_block, 700, 255) WHERE height = 5",
            ["/tile/entries/001", "/payloads/400"]
        ),
        ("DELETE FROM block WHERE height = 5", ["/tile/entries/003", "/payloads/800"]),
        (
            "UPDATE block SET first_index = first_index + 1 WHERE height = 5",
            ["/tile/entries/001", "/tile/entries/003"]
        ),
        (
            "UPDATE note SET note = replace(note, 'validator-1', 'validator-2') WHERE height = 5",
            ["/receipts/3?height=5"]
        ),
        (
            "UPDATE note SET note = (SELECT note FROM note WHERE height = 3) WHERE height = 5",
            ["/receipts/3?height=5"]
        ),
    ])
    func anEditedRowIsNotServed(edit: String, paths: [String]) async throws {
        try await ServedLog.serving(Self.shapes) { log in
            let changed = try await log.pool.query { try $0.execute(edit) }
            #expect(changed == 1)
            for path in paths {
                let answer = try await log.get(path)
                #expect(answer.status == 503, "\(path)")
                #expect(answer.text.contains("store_damaged"))
            }
            // What the edit did not touch is served as before.
            #expect(try await log.get("/tile/0/002").status == 200)
            #expect(try await log.get("/tile/entries/000.p/9").status == 200)
        }
    }

    /// Runs a program of `Tests/Conformance`, its output in a file so that no pipe can fill.
    private static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (code: Int32, output: String) {
        let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: output), as: UTF8.self))
    }

    private static func conformance(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Conformance/\(name)").path
    }
}
