/// Remembers which statements one connection has prepared.
///
/// The parameters' types belong to the key: a plan made for a null of unknown type may read another size.
struct StatementCache {
    struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    // Each plan holds memory in the server's process; a service has far fewer distinct statements.
    static let entryCountMax = 256

    private var entries: [Key: Entry] = [:]
    private var useCount: UInt64 = 0
    private var nameCount: UInt64 = 0

    mutating func name(of key: Key) -> String? {
        useCount += 1
        entries[key]?.lastUse = useCount
        return entries[key]?.name
    }

    mutating func nextName() -> String {
        nameCount += 1
        return "s\(nameCount)"
    }

    mutating func insert(_ key: Key, name: String) {
        useCount += 1
        entries[key] = Entry(name: name, lastUse: useCount)
    }

    mutating func remove(_ key: Key) {
        entries[key] = nil
    }

    /// Removes the statement used longest ago when the cache is full and returns its name.
    mutating func evictionCandidate() -> String? {
        guard entries.count >= Self.entryCountMax,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        else { return nil }
        entries[oldest.key] = nil
        return oldest.value.name
    }
}
