/// What a consumer knows of one partition that it reads.
struct PartitionReader: Sendable {
    /// What a pause ends with.
    enum Resumption: Hashable, Sendable {
        /// Reading goes on where the database says.
        case follow
        /// The record is looked for from the beginning again.
        case search(SearchTarget)
    }

    let partition: Int32
    /// The position as the database holds it, as far as this replica knows.
    var stored: PartitionPosition
    /// The offset that is read next: beyond the stored one when only heartbeats came, below it while
    /// searching.
    var readOffset: Int64
    /// The record that is looked for, and where the search ends in vain.
    private(set) var search: (target: SearchTarget, end: Int64, farthestEarly: UInt64?)?
    private(set) var pausedUntil: Int64?
    private(set) var resumption = Resumption.follow
    /// The record that was searched for in vain last, and how often in a row.
    private var vain: (target: SearchTarget, count: Int)?
    private var backoff = Backoff(firstMilliseconds: 100, maxMilliseconds: 5_000)

    init(partition: Int32, stored: PartitionPosition) {
        self.partition = partition
        self.stored = stored
        readOffset = stored.nextOffset
    }

    /// How often in a row reading was interrupted without getting on.
    var failureCount: Int { backoff.failureCount }

    var isPaused: Bool { pausedUntil != nil }

    /// From where the next plan starts.
    var planStart: PartitionPosition { PartitionPosition(nextOffset: readOffset, chains: stored.chains) }

    /// Goes on at a position that was read from the database.
    mutating func follow(_ position: PartitionPosition) {
        stored = position
        readOffset = position.nextOffset
        search = nil
        pausedUntil = nil
    }

    /// Looks for a record from an offset up to another.
    mutating func search(for target: SearchTarget, from start: Int64, upTo end: Int64) {
        search = (target, end, nil)
        readOffset = start
        pausedUntil = nil
    }

    /// Ends a search whose record was found.
    ///
    /// - Parameter farthestEarly: what the newest plan passed over.
    /// - Returns: the record to search for next, when the search passed over what now follows.
    mutating func endSearchIfFound(farthestEarly: UInt64?) -> SearchTarget? {
        guard var search else { return nil }
        search.farthestEarly = [search.farthestEarly, farthestEarly].compactMap { $0 }.max()
        guard !search.target.isMissing(in: stored) else {
            self.search = search
            return nil
        }
        self.search = nil
        let next = SearchTarget(
            producer: search.target.producer, number: stored.chains[search.target.producer]?.next ?? 0)
        guard let farthest = search.farthestEarly, farthest >= next.number else { return nil }
        return next
    }

    /// The record whose search reached its end in vain; nil while there is hope.
    var vainTarget: SearchTarget? {
        guard let search, readOffset >= search.end else { return nil }
        return search.target
    }

    /// Stops reading for a while, longer each time in a row.
    mutating func pause(at now: Int64, then resumption: Resumption) {
        pausedUntil = now + Int64(backoff.nextMilliseconds())
        self.resumption = resumption
        search = nil
    }

    /// Notes a search in vain and gives how many there were in a row for this record.
    mutating func noteVain(_ target: SearchTarget) -> Int {
        let count = vain?.target == target ? (vain?.count ?? 0) + 1 : 1
        vain = (target, count)
        return count
    }

    /// Notes that reading got on.
    mutating func noteProgress() { backoff.reset() }
}
