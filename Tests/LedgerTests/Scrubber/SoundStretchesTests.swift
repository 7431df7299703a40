import Cryptography
import LedgerCore
import LedgerProtocol
import LedgerSimulation
import Merkle
import Model
import Testing

@Suite struct SoundStretchesTests {
    let genesis: Genesis

    init() throws { genesis = try LedgerNetwork(validatorCount: 4).genesis }

    private func replay(height: UInt64, size: UInt64) throws -> LedgerReplay {
        let hashes = Array(repeating: Digest.zero, count: size.nonzeroBitCount)
        let chain = ChainHead(
            height: BlockHeight(height), hash: genesis.networkID, time: genesis.createdAt,
            tree: try #require(CompactRange(size: size, hashes: hashes)), network: genesis.initial)
        return LedgerReplay(
            origin: ValidatorCore.Origin(
                chain: chain, history: NetworkHistory(genesis), tiles: TileAccumulator(), nextSequences: [:],
                open: [], note: nil,
                signState: SignState(networkID: genesis.networkID, validator: ValidatorIndex(0))))
    }

    private func stretch(
        _ heights: ClosedRange<UInt64>, leaves: Range<UInt64> = 0..<1, _ content: UInt8 = 0
    ) -> SoundStretches.Stretch {
        SoundStretches.Stretch(
            SoundStretches.Span(heights: heights, leaves: leaves), digest: SHA256.hash([content]))
    }

    @Test func theNextStretchIsTheFirstThatBeginsAboveAHeight() throws {
        var sound = SoundStretches()
        let stretches = [stretch(1...8), stretch(9...9), stretch(20...40)]
        for stretch in [stretches[2], stretches[0], stretches[1]] {
            sound.remember(stretch, replay: try replay(height: stretch.span.heights.upperBound, size: 1))
        }
        #expect(sound.stretches == stretches)
        let found = [0, 1, 8, 9, 19, 20, 41].map { sound.first(above: BlockHeight($0)) }
        #expect(
            found == [stretches[0], stretches[1], stretches[1]] + [stretches[2], stretches[2], nil, nil])
        sound.forget(stretches[1])
        #expect(sound.first(above: BlockHeight(8)) == stretches[2])
        // What was verified anew replaces what it overlaps.
        sound.remember(stretch(5...20, 1), replay: try replay(height: 20, size: 1))
        #expect(sound.stretches == [stretch(5...20, 1)])
    }

    @Test func someReplaysAreKeptAndTheLastOneAlways() throws {
        var sound = SoundStretches()
        for end in stride(from: UInt64(64), through: 16_384, by: 64) {
            sound.remember(stretch(end - 63...end), replay: try replay(height: end, size: end))
        }
        func height(notBeyond height: UInt64) -> UInt64? {
            sound.replay(notBeyond: BlockHeight(height))?.chain.height.value
        }
        #expect(height(notBeyond: 4_095) == nil)
        #expect(height(notBeyond: 4_096) == 4_096)
        #expect(height(notBeyond: 16_383) == 12_288)
        #expect(height(notBeyond: 99_999) == 16_384)
        // Long blocks are verified as long as many short ones.
        sound.remember(stretch(16_385...16_386), replay: try replay(height: 16_386, size: 300_000))
        sound.remember(stretch(16_387...16_388), replay: try replay(height: 16_388, size: 300_100))
        sound.remember(stretch(16_389...16_390), replay: try replay(height: 16_390, size: 300_200))
        #expect(height(notBeyond: 16_389) == 16_386)
        #expect(height(notBeyond: 16_385) == 16_384)
        // A stretch that is verified again in the middle changes none of them.
        sound.forget(stretch(65...128))
        sound.remember(stretch(65...128, 1), replay: try replay(height: 128, size: 128))
        #expect(height(notBeyond: 4_095) == nil)
    }

    @Test func aCursorThatWentBackPassesOverNothingBehind() throws {
        var cursor = ScanCursor(try replay(height: 0, size: 0))
        cursor.passOver(stretch(1...8))
        cursor.passOver(stretch(9...16))
        #expect(cursor.height == BlockHeight(16))
        #expect(!cursor.isAtReplay)
        #expect(cursor.mayPassOver)
        cursor.goBack(to: try replay(height: 8, size: 8))
        #expect(cursor.height == BlockHeight(8))
        #expect(cursor.isAtReplay)
        #expect(!cursor.mayPassOver)
    }
}
