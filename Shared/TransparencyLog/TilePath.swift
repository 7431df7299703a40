package import Merkle

/// Names a resource of a tiled log (C2SP tlog-tiles).
package enum TilePath: Hashable, Sendable {
    /// Hashes of one level of tiles, 1 to 256 of them.
    case hashes(level: Int, index: UInt64, width: Int)
    /// Entries, 1 to 256 of them.
    case entries(index: UInt64, width: Int)

    /// The number of hashes of a full tile.
    package static let fullWidth = 256
    /// The highest level of tiles that a path names.
    package static let levelMax = 63
    /// The number of tree levels from one level of tiles to the next.
    package static let height = 8

    /// Reads a path such as `tile/0/x001/234.p/5`; nil for any other spelling.
    package init?(parsing path: some StringProtocol) {
        var elements = path.split(separator: "/", omittingEmptySubsequences: false)[...]
        guard elements.popFirst() == "tile", let kind = elements.popFirst() else { return nil }
        var width = TilePath.fullWidth
        if elements.count >= 2, elements[elements.endIndex - 2].utf8.suffix(2).elementsEqual(".p".utf8) {
            guard let partial = elements.popLast().flatMap({ NoteText.decimal($0.utf8) }),
                partial >= 1, partial < TilePath.fullWidth, let last = elements.popLast()
            else { return nil }
            width = Int(partial)
            elements.append(last.dropLast(2))
        }
        guard let index = TilePath.index(from: elements.map { [UInt8]($0.utf8) }) else { return nil }
        if kind == "entries" {
            self = .entries(index: index, width: width)
        } else {
            guard let level = NoteText.decimal(kind.utf8), level <= TilePath.levelMax else { return nil }
            self = .hashes(level: Int(level), index: index, width: width)
        }
        // A value has one path, so leading groups of zeros are refused.
        guard NoteText.same(text, path) else { return nil }
    }

    /// The path, without a leading slash.
    package var text: String {
        switch self {
        case .hashes(let level, let index, let width): "tile/\(level)/" + TilePath.suffix(index, width)
        case .entries(let index, let width): "tile/entries/" + TilePath.suffix(index, width)
        }
    }

    /// Names the tile that holds a complete subtree of a tree of that size, as wide as it is at that
    /// size.
    package static func holding(_ position: SubtreePosition, treeSize: UInt64) -> TilePath {
        let level = position.level / height
        let index = position.index >> UInt64(height - position.level % height)
        let hashCount = treeSize >> UInt64(level * height)
        let width = min(hashCount - index << UInt64(height), UInt64(fullWidth))
        return .hashes(level: level, index: index, width: Int(width))
    }

    private static func suffix(_ index: UInt64, _ width: Int) -> String {
        var path = threeDigits(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            path = "x\(threeDigits(rest % 1000))/\(path)"
            rest /= 1000
        }
        return width == fullWidth ? path : "\(path).p/\(width)"
    }

    private static func threeDigits(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }

    private static func index(from elements: [[UInt8]]) -> UInt64? {
        guard let last = elements.last else { return nil }
        var index: UInt64 = 0
        for (place, element) in elements.enumerated() {
            let isLast = place == elements.count - 1
            guard isLast || element.first == UInt8(ascii: "x") else { return nil }
            let digits = isLast ? last[...] : element.dropFirst()
            guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            let group = digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
            let (shifted, overflowed) = index.multipliedReportingOverflow(by: 1000)
            let (sum, carried) = shifted.addingReportingOverflow(group)
            guard !overflowed, !carried else { return nil }
            index = sum
        }
        return index
    }
}
