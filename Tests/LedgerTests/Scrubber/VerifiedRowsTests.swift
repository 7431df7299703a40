import LedgerCore
import Testing

@Suite struct VerifiedRowsTests {
    private static func mark(
        _ height: UInt64, _ block: [UInt8] = [1, 2, 3], _ cosignature: [UInt8]? = [4], _ note: [UInt8]? = [5]
    ) -> VerifiedRows.Mark {
        VerifiedRows.Mark(height: height, finalBlock: block, cosignature: cosignature, note: note)
    }

    @Test func onlyTheSameBytesAtTheSameHeightAreKnown() {
        var rows = VerifiedRows()
        let known = Self.mark(2_000)
        let before = rows.holds(known, at: 2_000)
        rows.remember(known, at: 2_000)
        let others = [
            Self.mark(2_001), Self.mark(2_000, [1, 2]), Self.mark(2_000, [1, 2, 3, 4], nil),
            Self.mark(2_000, [1, 2, 3], nil), Self.mark(2_000, [1, 2, 3], []),
            Self.mark(2_000, [1, 2, 3], [4], nil), Self.mark(2_000, [1, 2, 3], [4], []),
            Self.mark(2_000, [1, 2, 3], [5], [4]),
        ]
        let wrongly = others.filter { rows.holds($0, at: 2_000) }
        #expect(!before)
        #expect(rows.holds(known, at: 2_000))
        #expect(!rows.holds(known, at: 1_999))
        #expect(!rows.holds(known, at: 5_000))
        #expect(wrongly.isEmpty)
        #expect(Set(others + [known]).count == others.count + 1)
    }

    @Test func heightsBeyondTheMostAreNeverKnown() {
        var rows = VerifiedRows()
        let (last, beyond) = (VerifiedRows.heightsMax - 1, VerifiedRows.heightsMax)
        for height in [last, beyond, .max] { rows.remember(Self.mark(height), at: height) }
        #expect(rows.holds(Self.mark(last), at: last))
        #expect(!rows.holds(Self.mark(beyond), at: beyond))
        #expect(!rows.holds(Self.mark(.max), at: .max))
    }
}
