/// The height of a block: 1 for the first block after genesis.
package struct BlockHeight: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    /// The height of the block after this one.
    package var next: BlockHeight { BlockHeight(value + 1) }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
