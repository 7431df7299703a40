import Cryptography
import Foundation
import Merkle
import TestSupport
import Testing
import TransparencyLog

/// Reads the small published log: leaves, checkpoints and tiles, and checks each against the others.
@Suite(.enabled(if: Corpora.isPresent, "the published test material is not beside the project"))
struct PublishedLogTests {
    static let vkey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    static let leaves = [
        "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf",
        "threeten",
        "fourten", "fivten",
    ].map { [UInt8]($0.utf8) }
    static let sizes = Array(0...leaves.count)

    private func bytes(_ path: String) throws -> [UInt8] {
        let folder = try #require(Corpora.folder)
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent("tlog/\(path)")))
    }

    private func checkpoint(_ size: Int) throws -> Checkpoint {
        let note = try SignedNote(parsing: bytes("checkpoint.\(size)"))
        let key = try NoteVerifierKey(vkey: PublishedLogTests.vkey)
        let signed = try note.isSigned(by: key)
        #expect(signed)
        return try Checkpoint(parsing: note.text)
    }

    @Test(arguments: sizes)
    func checkpointsStateTheTreeOfTheLeaves(size: Int) throws {
        let checkpoint = try checkpoint(size)
        let hashes = PublishedLogTests.leaves.prefix(size).map { MerkleTree.leafHash($0) }
        let note = try bytes("checkpoint.\(size)")
        let written = try SignedNote(parsing: note).encoded()
        #expect(checkpoint.origin == "example.com/log/testdata")
        #expect(checkpoint.size == UInt64(size))
        #expect(checkpoint.root == MerkleTree.root(ofLeafHashes: hashes))
        #expect([UInt8](written.utf8) == note)
    }

    @Test(arguments: sizes)
    func everyEarlierCheckpointIsAPrefix(size: Int) throws {
        let new = try checkpoint(size)
        let hashes = PublishedLogTests.leaves.map { MerkleTree.leafHash($0) }
        for old in try (0..<size).map(checkpoint) where old.size > 0 {
            let proof = try ProofBuilder.consistency(oldSize: old.size, newSize: new.size) { level, index in
                try #require(HashTile.hash(of: SubtreePosition(level: level, index: index), in: hashes))
            }
            try proof.verify(oldRoot: old.root, newRoot: new.root)
            #expect(throws: MerkleError.self) { try proof.verify(oldRoot: new.root, newRoot: old.root) }
        }
    }

    @Test(arguments: sizes.dropFirst())
    func tilesHoldTheLeaves(size: Int) throws {
        let expected = PublishedLogTests.leaves.prefix(size).map { MerkleTree.leafHash($0) }
        let path = TilePath.hashes(level: 0, index: 0, width: size).text
        let tile = try bytes(path)
        let bundle = try bytes(TilePath.entries(index: 0, width: size).text)
        let entries = try EntryBundle.decode(bundle)
        let hashes = try HashTile.decode(tile, width: size)
        #expect(hashes == Array(expected))
        #expect(HashTile.encode(hashes) == tile)
        #expect(entries == Array(PublishedLogTests.leaves.prefix(size)))
        #expect(try EntryBundle.encode(entries) == bundle)
    }

    @Test func theKeyReadsBack() throws {
        let key = try NoteVerifierKey(vkey: PublishedLogTests.vkey)
        #expect(key.vkey == PublishedLogTests.vkey)
        #expect(key.name == "example.com/log/testdata")
        #expect(key.kind == .log)
    }
}
