import Model
import Synchronization

/// How many tokens each client may ask for on this replica: a bucket that fills at a steady rate.
final class ClientBudget: Sendable {
    /// Tokens that a client may ask for at once: a hospital's system at the change of shifts.
    static let burstMax = 1_000
    /// Tokens that a client may ask for in a second, over time.
    static let ratePerSecond = 200
    /// Clients that are kept apart; those whose buckets are full again are forgotten first.
    static let clientCountMax = 10_000

    private struct Bucket {
        /// What is left, in thousandths of a token.
        var milliTokens: Int64
        var updatedAt: Timestamp
    }

    private let buckets = Mutex<[ParticipantID: Bucket]>([:])

    /// Takes one token from the client's bucket; false when it is empty.
    func charge(_ client: ParticipantID, now: Timestamp) -> Bool {
        buckets.withLock { buckets in
            if buckets.count >= Self.clientCountMax, buckets[client] == nil {
                buckets = buckets.filter { Self.refilled($0.value, now: now) < Self.capacity }
                guard buckets.count < Self.clientCountMax else { return false }
            }
            let bucket = buckets[client] ?? Bucket(milliTokens: Self.capacity, updatedAt: now)
            let left = Self.refilled(bucket, now: now) - 1_000
            guard left >= 0 else { return false }
            buckets[client] = Bucket(milliTokens: left, updatedAt: now)
            return true
        }
    }

    private static let capacity = Int64(burstMax) * 1_000

    private static func refilled(_ bucket: Bucket, now: Timestamp) -> Int64 {
        let milliseconds = max(0, now.milliseconds - bucket.updatedAt.milliseconds)
        // Beyond this a bucket is full whatever it held, and the product cannot overflow.
        let bounded = min(milliseconds, capacity)
        return min(capacity, bucket.milliTokens + bounded * Int64(ratePerSecond))
    }
}
