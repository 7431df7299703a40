import Cryptography

/// Remembers rows whose signatures verified, so that a row that is the same byte for byte is not verified
/// again.
///
/// Signatures are most of what a pass costs, and what they were made with never changes: the keys that count
/// at a height are settled by the blocks before it. Half a digest is kept of each height; to find other bytes
/// for it takes 2^128 attempts.
package struct VerifiedRows: Hashable, Sendable {
    /// The heights that are remembered, 16 MiB in all; those above are verified each time.
    package static let heightsMax: UInt64 = 1 << 20
    private static let segmentHeights = 1_024

    /// What a row of a block and its note are recognised by.
    package struct Mark: Hashable, Sendable {
        fileprivate static let none = Mark(first: 0, second: 0)

        fileprivate let first: UInt64
        fileprivate let second: UInt64

        fileprivate init(first: UInt64, second: UInt64) {
            self.first = first
            self.second = second
        }

        /// Hashes what is signed of a height: the block, the own cosignature and the note.
        package init(height: UInt64, finalBlock: [UInt8], cosignature: [UInt8]?, note: [UInt8]?) {
            var hasher = SHA256.Hasher()
            withUnsafeBytes(of: height) { hasher.update($0) }
            for part in [finalBlock, cosignature, note] {
                // A part that is missing differs from an empty one.
                withUnsafeBytes(of: part?.count ?? -1) { hasher.update($0) }
                if let part { hasher.update(part) }
            }
            let words = hasher.finalize().withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                )
            }
            (first, second) = words
        }
    }

    // In pieces, so that a copy that is written to copies one of them.
    private var segments: [[Mark]] = []

    /// Remembers nothing yet.
    package init() {}

    /// Whether these very bytes were remembered for the height.
    package func holds(_ mark: Mark, at height: UInt64) -> Bool {
        guard let (segment, place) = Self.place(height), segment < segments.count else { return false }
        return segments[segment][place] == mark
    }

    /// Remembers that everything of the height verified.
    package mutating func remember(_ mark: Mark, at height: UInt64) {
        guard let (segment, place) = Self.place(height) else { return }
        while segment >= segments.count {
            segments.append([Mark](repeating: .none, count: Self.segmentHeights))
        }
        segments[segment][place] = mark
    }

    private static func place(_ height: UInt64) -> (segment: Int, place: Int)? {
        guard height < heightsMax else { return nil }
        let (segment, place) = Int(height).quotientAndRemainder(dividingBy: segmentHeights)
        return (segment, place)
    }
}
