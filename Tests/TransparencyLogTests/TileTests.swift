import Cryptography
import Merkle
import Testing
import TransparencyLog

struct TileTests {
    @Test(arguments: [
        ("tile/0/000", TilePath.hashes(level: 0, index: 0, width: 256)),
        ("tile/0/x001/x234/067", .hashes(level: 0, index: 1_234_067, width: 256)),
        ("tile/63/x001/000.p/1", .hashes(level: 63, index: 1000, width: 1)),
        ("tile/1/999.p/255", .hashes(level: 1, index: 999, width: 255)),
        ("tile/entries/x123/456", .entries(index: 123_456, width: 256)),
        ("tile/entries/000.p/12", .entries(index: 0, width: 12)),
        ("tile/0/x018/x446/x744/x073/x709/x551/615", .hashes(level: 0, index: .max, width: 256)),
    ])
    func pathsReadBack(text: String, path: TilePath) {
        #expect(TilePath(parsing: text) == path)
        #expect(path.text == text)
    }

    @Test(arguments: [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000", "tile/0/x001/x000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000",
        "/tile/0/000", "tile/0/000/", "tile//000", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
        "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/-1", "tile/0/000.p/1/", "tile/0/000.p/1.p/1",
        "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/entry/000", "tile/entries/", "TILE/0/000",
        "tile/0/ 00",
        "tile/0/00\u{661}", "tile/0/y001/000", "tile/0/X001/000", "tile/0/000.P/1", "tile/data/000",
    ])
    func otherSpellingsAreRefused(text: String) { #expect(TilePath(parsing: text) == nil) }

    @Test func tilesHoldTheSubtreesOfALargerTree() {
        let leaves = (0..<600).map { MerkleTree.leafHash([UInt8]("\($0)".utf8)) }
        var upper: [Digest] = []
        var wrong: [SubtreePosition] = []
        var frontier = CompactRange()
        for leaf in leaves {
            frontier.append(leaf) { level, index, hash in
                if level == TilePath.height { upper.append(hash) }
                let position = SubtreePosition(level: level, index: index)
                guard case .hashes(let tileLevel, let tile, _) = TilePath.holding(position, treeSize: 600)
                else {
                    wrong.append(position)
                    return
                }
                let source = tileLevel == 0 ? leaves : upper
                let first = Int(tile) * TilePath.fullWidth
                let hashes = Array(source[first..<min(first + TilePath.fullWidth, source.count)])
                let found = [HashTile.hash(of: position, in: hashes), TileNodes(hashes).hash(of: position)]
                if found != [hash, hash] { wrong.append(position) }
            }
        }
        #expect(wrong.isEmpty)
        #expect(
            TilePath.holding(SubtreePosition(level: 0, index: 599), treeSize: 600).text == "tile/0/002.p/88")
        #expect(TilePath.holding(SubtreePosition(level: 8, index: 1), treeSize: 600).text == "tile/1/000.p/2")
        #expect(TilePath.holding(SubtreePosition(level: 7, index: 1), treeSize: 600).text == "tile/0/000")
        #expect(HashTile.hash(of: SubtreePosition(level: 2, index: 1), in: Array(leaves[..<7])) == nil)
        #expect(TileNodes(Array(leaves[..<7])).hash(of: SubtreePosition(level: 2, index: 1)) == nil)
        #expect(TileNodes(Array(leaves[..<255])).root == nil)
        #expect(TileNodes(Array(leaves[..<256])).root == upper[0])
        #expect(throws: NoteError.self) { try HashTile.decode([UInt8](repeating: 0, count: 33), width: 1) }
    }

    @Test func bundlesReadBack() throws {
        let entries = [[], [1], [UInt8](repeating: 3, count: EntryBundle.entryByteCountMax)]
        let bytes = try EntryBundle.encode(entries)
        let cut = [1, 2, 3, 4, bytes.count - 1].filter {
            (try? EntryBundle.decode([UInt8](bytes[..<$0]))) == entries
        }
        #expect(try EntryBundle.decode(bytes) == entries)
        #expect(cut.isEmpty)
    }

    @Test(
        arguments: [[], [0], [0, 1], [0, 2, 7], [0, 0, 1], [UInt8](repeating: 0, count: 2 * 257)] as [[UInt8]]
    )
    func malformedBundlesAreRefused(bytes: [UInt8]) {
        #expect(throws: NoteError.self) { try EntryBundle.decode(bytes) }
    }

    @Test func unservableBundlesAreRefused() {
        let tooLong = [UInt8](repeating: 0, count: EntryBundle.entryByteCountMax + 1)
        #expect(throws: NoteError.self) { try EntryBundle.encode([]) }
        #expect(throws: NoteError.self) { try EntryBundle.encode([tooLong]) }
        #expect(throws: NoteError.self) { try EntryBundle.encode([[UInt8]](repeating: [], count: 257)) }
    }
}
