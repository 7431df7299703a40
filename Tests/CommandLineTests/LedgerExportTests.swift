import CommandLineTools
import Cryptography
import Foundation
import LedgerProtocol
import Merkle
import Model
import Testing
import TransparencyLog

/// `ledger export` and `verify ledger`, against an ordinary web server.
@Suite struct LedgerExportTests {
    /// A ledger that is served, the folder of an export beside it, and the genesis file.
    private struct Scene {
        var ledger: SampleLedger
        let server: StaticServer
        let served: String
        let copy: String
        let genesis: String

        func export() async -> Int32 {
            await ConsentryProgram.run(["ledger", "export", server.url, copy, "--genesis", genesis])
        }

        func verify() async -> Int32 {
            await ConsentryProgram.run(["verify", "ledger", copy, "--genesis", genesis])
        }

        func evidence() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(copy)/evidence")) ?? []).sorted()
        }
    }

    private func withScene(_ counts: [Int], _ body: (inout Scene) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var ledger = try SampleLedger()
            try ledger.append(counts)
            try ledger.write(to: "\(folder)/served")
            try writeFile(ledger.genesis.bytes, "\(folder)/genesis.json")
            let server = try await StaticServer("\(folder)/served")
            defer { server.stop() }
            var scene = Scene(
                ledger: ledger, server: server, served: "\(folder)/served", copy: "\(folder)/copy",
                genesis: "\(folder)/genesis.json")
            try await body(&scene)
        }
    }

    @Test func aCopyIsVerifiedByBothVerifiers() async throws {
        try await withScene([1, 300, 2, 1_024, 1]) { scene in
            #expect(await scene.export() == 0)
            #expect(await scene.verify() == 0)
            let policy = scene.copy + ".policy"
            try writeFile([UInt8](scene.ledger.genesis.initial.quorumPolicy.policyFile.utf8), policy)
            #expect(try python("verify_tiles", [scene.copy, "--policy", policy]) == 0)
            // The copy is a source like any other.
            let again = scene.copy + "2"
            let export = ["ledger", "export", scene.copy, again, "--genesis", scene.genesis]
            #expect(await ConsentryProgram.run(export + ["--policy", policy]) == 0)
            let byPolicy = ["verify", "ledger", again, "--policy", policy]
            #expect(await ConsentryProgram.run(byPolicy) == 0)
        }
    }

    @Test func everyChangedOrMissingFileIsFound() async throws {
        try await withScene([1, 300, 2]) { scene in
            #expect(await scene.export() == 0)
            let files = try FileManager.default.subpathsOfDirectory(atPath: scene.copy).filter { path in
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(scene.copy)/\(path)")
                return attributes[.type] as? FileAttributeType == .typeRegular && path != ".lock"
            }
            // Checkpoint, three blocks, two bundles, two tiles of leaves and one above.
            #expect(files.count == 9)
            for file in files {
                let path = "\(scene.copy)/\(file)"
                let good = try readFile(path)
                var bad = good
                bad[bad.count / 2] ^= 1
                try writeFile(bad, path)
                #expect(await scene.verify() == 1, "changed \(file)")
                try FileManager.default.removeItem(atPath: path)
                let expected: Int32 = file == "checkpoint" ? 2 : (file == "blocks/1" ? 0 : 1)
                // Without its first block a source counts as one that has no blocks.
                #expect(await scene.verify() == expected, "missing \(file)")
                try writeFile(good, path)
            }
            #expect(await scene.verify() == 0)
        }
    }

    @Test func anExportGoesOnWhereItWasAndRepairsWhatIsDamaged() async throws {
        try await withScene([1, 300, 2]) { scene in
            #expect(await scene.export() == 0)
            try scene.ledger.append([400, 3])
            try scene.ledger.write(to: scene.served)
            // As an interruption leaves it: later files without a later checkpoint, one of them damaged.
            try writeFile(scene.ledger.blocks[3].encoded, "\(scene.copy)/blocks/4")
            try writeFile([1, 2, 3], "\(scene.copy)/blocks/5")
            try writeFile([1, 2, 3], "\(scene.copy)/tile/0/000")
            // What is in the folder is not fetched again.
            try FileManager.default.removeItem(atPath: "\(scene.served)/blocks/2")
            #expect(await scene.export() == 0)
            #expect(await scene.verify() == 0)
            let note = try SignedNote(parsing: readFile("\(scene.copy)/checkpoint"))
            #expect(try Checkpoint(parsing: note.text).size == scene.ledger.size)
        }
    }

    @Test(arguments: ["other network", "swapped proof", "old head", "fork", "continued fork", "forged block"])
    func aLyingServerIsRefusedAndItsNoteKept(lie: String) async throws {
        try await withScene([1, 30, 2]) { scene in
            #expect(await scene.export() == 0)
            let before = try readFile("\(scene.copy)/checkpoint")
            let old = scene.ledger.size
            switch lie {
            case "other network":
                var other = try SampleLedger()
                try other.append([1, 30, 2, 1])
                try other.write(to: scene.served)
            case "swapped proof":
                try scene.ledger.append([5])
                try scene.ledger.write(to: scene.served)
                let proof = try scene.ledger.consistency(from: old, to: scene.ledger.size)
                let swapped = ConsistencyProof(
                    oldSize: proof.oldSize, newSize: proof.newSize, hashes: proof.hashes.reversed())
                let folder = "\(scene.served)/consistency/\(old)"
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
                try writeFile([UInt8](swapped.lines.utf8), "\(folder)/\(scene.ledger.size)")
            case "old head":
                try scene.ledger.write(to: scene.served, through: 2)
            case "forged block":
                try scene.ledger.appendForged()
                try scene.ledger.write(to: scene.served)
            default:
                // f + 1 validators sign another history from the third block on.
                try scene.ledger.forget(1)
                try scene.ledger.append(lie == "continued fork" ? [2, 9] : [2])
                try scene.ledger.write(to: scene.served)
            }
            let offered = try readFile("\(scene.served)/checkpoint")
            #expect(await scene.export() == 1)
            #expect(try readFile("\(scene.copy)/checkpoint") == before)
            let kept = scene.evidence()
            let notes = try kept.map { try readFile("\(scene.copy)/evidence/\($0)") }
            #expect(notes.contains(offered))
            #expect(notes.contains(before))
            #expect(await scene.verify() == 0)
        }
    }

    @Test func blocksAfterAChangeOfValidatorsAreJudgedByThoseInForce() async throws {
        try await withScene([1, 30]) { scene in
            // With two new ones among four, every quorum needs one of them.
            try scene.ledger.replaceFirstValidator()
            try scene.ledger.replaceFirstValidator()
            try scene.ledger.append([2, 3])
            try scene.ledger.write(to: scene.served)
            #expect(await scene.export() == 0)
            #expect(await scene.verify() == 0)
            try scene.ledger.append([4])
            try scene.ledger.write(to: scene.served)
            #expect(await scene.export() == 0)
            #expect(await scene.verify() == 0)
            // The validators of the genesis file alone are not those who sign now.
            let note = try SignedNote(parsing: readFile("\(scene.copy)/checkpoint"))
            #expect(throws: NoteError.self) { try scene.ledger.genesis.initial.quorumPolicy.verify(note) }
        }
    }

    @Test func whatAStolenKeySignedIsToBeDoubted() async throws {
        try await withScene([1, 30, 2]) { scene in
            let stolenAt = scene.ledger.blocks[1].blockEntry.time
            try scene.ledger.replaceStolenKey(since: stolenAt)
            try scene.ledger.append([2, 3])
            // A change names the hash of the state before it, in which the compromise is.
            try scene.ledger.replaceFirstValidator()
            try scene.ledger.append([1])
            try scene.ledger.write(to: scene.served)
            #expect(await scene.export() == 0)
            // Doubt is no fault of the ledger.
            #expect(await scene.verify() == 0)
            #expect(try python("verify_ledger", [scene.copy, "--genesis", scene.genesis]) == 0)
            var keys = CompromisedKeys(scene.ledger.genesis)
            var head = ChainHead(scene.ledger.genesis)
            for block in scene.ledger.blocks {
                head = try block.verify(after: head)
                keys.append(block, head: head)
            }
            let doubt = "doubt what it signed in blocks 2 to 4"
            #expect(keys.sentences == ["a key of `consent` is compromised since \(stolenAt): \(doubt)"])
        }
    }

    @Test func changesTellWhoSignsWhereNoBlockDoes() async throws {
        try await withScene([1, 30]) { scene in
            let early = scene.copy + ".early"
            try writeFile(try readFile("\(scene.served)/checkpoint"), early)
            let size = scene.ledger.size
            try scene.ledger.replaceFirstValidator()
            try scene.ledger.replaceFirstValidator()
            try scene.ledger.append([2])
            try scene.ledger.write(to: scene.served)
            #expect(await scene.export() == 0)
            let blocks = "\(scene.copy)/blocks"
            try FileManager.default.removeItem(atPath: blocks)
            let changes = scene.copy + ".changes"
            try writeFile(try scene.ledger.changes().json.canonicalBytes(), changes)
            let proof = scene.copy + ".proof"
            let lines = try scene.ledger.consistency(from: size, to: scene.ledger.size).lines
            try writeFile([UInt8](lines.utf8), proof)
            let later = "\(scene.copy)/checkpoint"
            for command in [
                ["verify", "ledger", scene.copy], ["verify", "consistency", early, later, "--proof", proof],
            ] {
                let genesis = command + ["--genesis", scene.genesis]
                #expect(await ConsentryProgram.run(genesis + ["--changes", changes]) == 0, "\(command)")
                #expect(await ConsentryProgram.run(genesis) == 1, "\(command)")
                #expect(await ConsentryProgram.run(genesis + ["--changes", proof]) == 2, "\(command)")
                #expect(await ConsentryProgram.run(command + ["--changes", changes]) == 2, "\(command)")
            }
        }
    }

    @Test func aGapInASequenceIsFoundAlthoughAQuorumSignedIt() async throws {
        try await withScene([1, 2]) { scene in
            try scene.ledger.append([1], skippingSequences: 1)
            try scene.ledger.write(to: scene.served)
            #expect(await scene.export() == 1)
        }
    }

    @Test func whatCannotBeReadIsNoVerdict() async throws {
        try await withScene([1]) { scene in
            let genesis = ["--genesis", scene.genesis]
            for arguments in [
                ["verify", "ledger", scene.copy] + genesis, ["verify", "ledger", scene.served],
                ["verify", "ledger", scene.served, "--genesis", scene.genesis + "x"],
                ["verify", "ledger", scene.served, "--policy", scene.genesis],
                ["ledger", "export", scene.served + "x", scene.copy] + genesis,
                ["verify", "consistency", scene.genesis + "x", scene.served] + genesis,
            ] { #expect(await ConsentryProgram.run(arguments) == 2, "\(arguments)") }
        }
    }

    @Test func consistencyIsShownOfFilesAndOfServers() async throws {
        try await withScene([1, 30, 2]) { scene in
            let (old, new) = (scene.copy + ".old", scene.copy + ".new")
            let early = try scene.ledger.note(height: 2)
            try writeFile([UInt8](early.encoded().utf8), old)
            try writeFile(try readFile("\(scene.served)/checkpoint"), new)
            let size = try Checkpoint(parsing: early.text).size
            let proof = try scene.ledger.consistency(from: size, to: scene.ledger.size)
            let folder = "\(scene.served)/consistency/\(size)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let path = "\(folder)/\(scene.ledger.size)"
            try writeFile([UInt8](proof.lines.utf8), path)
            let genesis = ["--genesis", scene.genesis]
            let verify = ["verify", "consistency"]
            #expect(await ConsentryProgram.run(verify + [old, scene.server.url] + genesis) == 0)
            #expect(await ConsentryProgram.run(verify + [old, new, "--proof", path] + genesis) == 0)
            let byServer = verify + [old, new, "--proof", scene.server.url] + genesis
            #expect(await ConsentryProgram.run(byServer) == 0)
            #expect(await ConsentryProgram.run(verify + [new, new] + genesis) == 0)
            #expect(await ConsentryProgram.run(verify + [new, old, "--proof", path] + genesis) == 1)
            #expect(await ConsentryProgram.run(verify + [old, new] + genesis) == 2)
            let lines = proof.lines.split(separator: "\n").reversed().map { "\($0)\n" }.joined()
            try writeFile([UInt8](lines.utf8), path)
            #expect(await ConsentryProgram.run(verify + [old, new, "--proof", path] + genesis) == 1)
        }
    }

    private func python(_ name: String, _ arguments: [String]) throws -> Int32 {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Conformance/\(name).py")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path] + arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
