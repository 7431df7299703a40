package import Cryptography

/// Hashes that were seen within the last second or two.
package struct RecentHashes: Sendable {
    /// After how long they begin to be forgotten.
    package static let milliseconds: Int64 = 1_000

    private var newer: Set<Digest> = []
    private var older: Set<Digest> = []
    private var turnsAt = Int64.min

    /// Starts with nothing seen.
    package init() {}

    /// Whether a hash was added within the last second; one that was added within two may still be found.
    package mutating func contains(_ hash: Digest, atMilliseconds now: Int64) -> Bool {
        turn(at: now)
        return newer.contains(hash) || older.contains(hash)
    }

    /// Notes hashes.
    package mutating func add(_ hashes: [Digest], atMilliseconds now: Int64) {
        turn(at: now)
        newer.formUnion(hashes)
    }

    private mutating func turn(at now: Int64) {
        guard now >= turnsAt else { return }
        // After a longer rest both are old.
        older = now < turnsAt &+ Self.milliseconds ? newer : []
        newer = []
        turnsAt = now + Self.milliseconds
    }
}
