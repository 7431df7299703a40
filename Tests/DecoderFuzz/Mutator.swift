/// Makes inputs that are almost right out of inputs that are right.
struct Mutator: Sendable {
    private let examples: [[UInt8]]
    private let isText: Bool
    private let fields: [[CountField]]

    /// Tries the decoder out for its count and length fields, so that they can be changed with what they
    /// count.
    init(for decoder: Decoder) {
        examples = decoder.examples
        isText = decoder.isText
        fields =
            decoder.isText ? examples.map { _ in [] } : decoder.examples.map { decoder.countFields(of: $0) }
    }

    /// Fills the buffer with a changed example: one change mostly, up to eight.
    func fill(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let place = random.below(examples.count)
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: examples[place])
        if !fields[place].isEmpty, random.below(4) == 0 { random.pick(fields[place]).resize(&bytes, &random) }
        repeat {
            if isText, random.below(2) == 0 {
                TextChange.apply(to: &bytes, &random)
            } else {
                change(&bytes, &random)
            }
        } while random.below(3) == 0
    }

    private func change(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else {
            bytes.append(UInt8(truncatingIfNeeded: random.next()))
            return
        }
        let place = random.below(bytes.count)
        switch random.below(10) {
        case 0, 1: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 3: bytes.removeLast(min(bytes.count, 1 + random.below(random.below(4) == 0 ? bytes.count : 4)))
        case 4: extend(&bytes, &random)
        case 5: splice(&bytes, &random)
        case 6, 7: setInteger(&bytes, at: place, &random)
        case 8: bytes.removeSubrange(place..<min(bytes.count, place + Self.unit(&random)))
        default:
            let end = min(bytes.count, place + Self.unit(&random))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: random.below(bytes.count))
        }
    }

    private func extend(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let count = random.below(64) == 0 ? 70_000 : Self.unit(&random)
        bytes.append(contentsOf: repeatElement(UInt8(truncatingIfNeeded: random.next()), count: count))
    }

    /// Puts the end of another example behind a beginning of this one.
    private func splice(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let other = random.pick(examples)
        let isAligned = random.below(2) == 0
        let cut = random.below(bytes.count)
        let start = isAligned ? min(cut, other.count) : random.below(other.count)
        bytes.removeSubrange(cut...)
        bytes.append(contentsOf: other[start...])
    }

    /// Writes a number at an edge of its width, or next to the one that is there.
    private func setInteger(_ bytes: inout [UInt8], at place: Int, _ random: inout SeededRandom) {
        let width = random.pick([1, 2, 4, 8])
        guard place + width <= bytes.count else { return }
        let bits = UInt64(width * 8)
        let old = bytes[place..<place + width].reduce(0) { $0 << 8 | UInt64($1) }
        let top = UInt64(1) << (bits - 1)
        let edges = [0, 1, .max, .max - 1, top, top - 1, old &+ 1, old &- 1, old << 1, random.next()]
        let value = random.pick(edges)
        for offset in 0..<width {
            bytes[place + offset] = UInt8(truncatingIfNeeded: value >> UInt64((width - 1 - offset) * 8))
        }
    }

    /// The sizes of what the forms repeat: bytes, hashes, signatures, members, entries, block entries, votes.
    static let units = [1, 2, 4, 32, 42, 64, 66, 94, 116, 147]

    private static func unit(_ random: inout SeededRandom) -> Int { random.pick(units) }
}

/// A field that counts what comes after it.
struct CountField: Sendable {
    let place: Int
    let width: Int
    /// How many bytes each counted thing has.
    let unit: Int

    /// Makes the field count one more or one less, and what follows it fit.
    func resize(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let start = place + width
        if random.below(2) == 0 {
            add(1, to: &bytes)
            bytes.insert(
                contentsOf: (0..<unit).map { _ in UInt8(truncatingIfNeeded: random.next()) }, at: start)
        } else if bytes.count >= start + unit {
            add(-1, to: &bytes)
            bytes.removeSubrange(start..<start + unit)
        }
    }

    func add(_ difference: Int, to bytes: inout [UInt8]) {
        var carry = difference
        for offset in (place..<place + width).reversed() where carry != 0 {
            let sum = Int(bytes[offset]) + carry
            bytes[offset] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
    }
}

extension Decoder {
    /// Finds the fields for which one more, with bytes put in behind them, or one less is still an input
    /// that is kept.
    func countFields(of example: [UInt8]) -> [CountField] {
        var fields: [CountField] = []
        for width in [1, 2, 4] {
            for place in 4..<max(4, example.count - width) {
                for unit in Mutator.units {
                    let field = CountField(place: place, width: width, unit: unit)
                    if isKept(field, in: example) { fields.append(field) }
                }
            }
        }
        return fields
    }

    private func isKept(_ field: CountField, in example: [UInt8]) -> Bool {
        let start = field.place + field.width
        var longer = example
        field.add(1, to: &longer)
        longer.insert(contentsOf: repeatElement(0x5A, count: field.unit), at: start)
        if case .kept = read(longer) { return true }
        guard example.count >= start + field.unit else { return false }
        var shorter = example
        field.add(-1, to: &shorter)
        shorter.removeSubrange(start..<start + field.unit)
        if case .kept = read(shorter) { return true }
        return false
    }
}
