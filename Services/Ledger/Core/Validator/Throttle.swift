/// Admits each key once an interval, and remembers a bounded number of keys.
struct Throttle<Key: Hashable & Sendable>: Sendable {
    private let intervalMilliseconds: Int64
    private let keysMax: Int
    private var admitted: [Key: Int64] = [:]
    private var lookedAt = Int64.min

    init(intervalMilliseconds: Int64, keysMax: Int) {
        self.intervalMilliseconds = intervalMilliseconds
        self.keysMax = keysMax
    }

    /// Whether the key was admitted within the last interval.
    func isRecent(_ key: Key, at now: Int64) -> Bool {
        admitted[key].map { now - $0 < intervalMilliseconds } ?? false
    }

    /// Admits the key unless it was admitted within the last interval or too many others were.
    mutating func admits(_ key: Key, at now: Int64) -> Bool {
        guard !isRecent(key, at: now) else { return false }
        if admitted.count >= keysMax, admitted[key] == nil {
            // Looking for keys that are over costs as much as there are keys, so it is not done for each.
            guard now >= lookedAt &+ intervalMilliseconds / 8 || lookedAt == .min else { return false }
            lookedAt = now
            admitted = admitted.filter { now - $0.value < intervalMilliseconds }
            guard admitted.count < keysMax else { return false }
        }
        admitted[key] = now
        return true
    }
}
