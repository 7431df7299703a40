package import Cryptography
package import LedgerProtocol

/// Submissions that verified lately: one that comes again, byte for byte, costs a hash and no signature.
///
/// Whoever misses something is sent it by several, and services repeat what is not final. Without this, a
/// network at its limit would spend more and more of its time on verifying the same signatures.
package struct RecentSubmissions: Sendable {
    /// The most bytes of submissions that are remembered.
    package static let bytesMaxDefault = 16 << 20

    private let bytesMax: Int
    // By the hash of all their bytes, the signature among them.
    private var known: [Digest: Verified<Submission>] = [:]
    private var order: [Digest] = []
    private var oldest = 0
    private var byteCount = 0

    /// Starts with nothing remembered.
    package init(bytesMax: Int = Self.bytesMaxDefault) { self.bytesMax = bytesMax }

    /// Finds what verified before.
    package func find(_ hash: Digest) -> Verified<Submission>? { known[hash] }

    /// Remembers one that verified, and forgets the oldest beyond the limit.
    package mutating func add(_ verified: Verified<Submission>) {
        let submission = verified.message
        guard known.updateValue(verified, forKey: submission.hash) == nil else { return }
        order.append(submission.hash)
        byteCount += submission.encoded.count
        while byteCount > bytesMax, let removed = known.removeValue(forKey: order[oldest]) {
            byteCount -= removed.message.encoded.count
            oldest += 1
        }
        // Room for what was forgotten is given back now and then.
        if oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
