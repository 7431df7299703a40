package import Cryptography
import LedgerProtocol
import Merkle
package import Model

/// The stretches of the store in which everything verified, so that a later pass only recognises them.
///
/// To verify a block again costs a hash for each of its entries and their nodes; to see that its rows are
/// still the same costs one over their bytes.
package struct SoundStretches: Sendable {
    /// Heights that follow on one another.
    package struct Span: Hashable, Sendable {
        /// The heights.
        package let heights: ClosedRange<UInt64>
        /// The indices of their leaves, block entries among them.
        package let leaves: Range<UInt64>

        /// Joins heights and their leaves.
        package init(heights: ClosedRange<UInt64>, leaves: Range<UInt64>) {
            self.heights = heights
            self.leaves = leaves
        }
    }

    /// What was read when everything verified.
    package struct Stretch: Hashable, Sendable {
        /// Where it lies.
        package let span: Span
        /// SHA-256 over all its rows.
        package let digest: Digest

        /// Joins the parts.
        package init(_ span: Span, digest: Digest) {
            self.span = span
            self.digest = digest
        }
    }

    // Replays are kept so far apart at most: half a second of verification.
    private static let leavesApart: UInt64 = 1 << 18
    private static let heightsApart: UInt64 = 1 << 12

    /// The stretches by their heights; no two share one.
    package private(set) var stretches: [Stretch] = []
    // After some of the stretches, by height; the last one is after the last stretch.
    private var replays: [LedgerReplay] = []

    /// Knows of none yet.
    package init() {}

    /// The first stretch that begins above a height.
    package func first(above height: BlockHeight) -> Stretch? {
        let place = place(above: height.value)
        return place < stretches.count ? stretches[place] : nil
    }

    /// The last replay that is kept and not beyond a height.
    package func replay(notBeyond height: BlockHeight) -> LedgerReplay? {
        replays.last { $0.chain.height <= height }
    }

    /// Remembers a stretch in the place of those that it overlaps.
    ///
    /// - Parameter replay: the chain after it.
    package mutating func remember(_ stretch: Stretch, replay: LedgerReplay) {
        stretches.removeAll { $0.span.heights.overlaps(stretch.span.heights) }
        let place = place(above: stretch.span.heights.upperBound)
        stretches.insert(stretch, at: place)
        guard place == stretches.count - 1 else { return }
        replays.removeAll { $0.chain.height >= replay.chain.height }
        // The last one was kept for being the last; it stays when the one before is far enough away.
        if let last = replays.last, !Self.areApart(replays.dropLast().last?.chain, last.chain) {
            replays.removeLast()
        }
        replays.append(replay)
    }

    /// Forgets a stretch that is no longer what it was.
    package mutating func forget(_ stretch: Stretch) { stretches.removeAll { $0 == stretch } }

    private static func areApart(_ earlier: ChainHead?, _ later: ChainHead) -> Bool {
        later.height.value - (earlier?.height.value ?? 0) >= heightsApart
            || later.tree.size - (earlier?.tree.size ?? 0) >= leavesApart
    }

    private func place(above height: UInt64) -> Int {
        var (low, high) = (0, stretches.count)
        while low < high {
            let middle = (low + high) / 2
            if stretches[middle].span.heights.lowerBound > height { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
