/// A small seeded generator (SplitMix64), so that a failure is a seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func some<Element>(of elements: [Element], upTo count: Int) -> [Element] {
        Array(elements.shuffled(using: &self).prefix(Int.random(in: 0...count, using: &self)))
    }

    mutating func one<Element>(of elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }

    /// One element in one of so many cases, else none.
    mutating func rarely<Element>(_ elements: [Element], in count: Int) -> [Element] {
        Int.random(in: 0..<count, using: &self) == 0 ? [one(of: elements)] : []
    }
}
