/// The place of a validator in the genesis file, counted from 0.
package struct ValidatorIndex: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number on the wire.
    package let value: UInt16

    /// Takes the number on the wire.
    package init(_ value: UInt16) { self.value = value }

    /// The place in `Genesis.validators`.
    package var position: Int { Int(value) }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
