/// A generator whose numbers all come from its seed (SplitMix64), so that a run is repeated by its seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below the bound, which must be above 0; a little uneven, which does no harm here.
    mutating func below(_ bound: Int) -> Int {
        Int(((next() >> 32) &* UInt64(bound)) >> 32)
    }

    /// An element of a list that is not empty.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Different elements of a list, from one to so many.
    mutating func some<Element>(of elements: [Element], upTo countMax: Int) -> [Element] {
        let count = 1 + below(min(countMax, elements.count))
        var rest = elements
        return (0..<count).map { _ in rest.remove(at: below(rest.count)) }
    }

    /// True in so many of a hundred cases.
    mutating func isTrue(percent: Int) -> Bool { below(100) < percent }

    mutating func uuid() -> String {
        let digits = hex(byteCount: 16)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    mutating func hex(byteCount: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        while bytes.count < byteCount * 2 {
            var word = next()
            for _ in 0..<16 {
                bytes.append(digits[Int(word & 15)])
                word >>= 4
            }
        }
        return String(decoding: bytes.prefix(byteCount * 2), as: UTF8.self)
    }
}
