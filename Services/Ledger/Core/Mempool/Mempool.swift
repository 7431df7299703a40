package import Cryptography
package import LedgerProtocol
import Model

/// What becomes of a submission that arrives.
package enum Intake: Hashable, Sendable {
    /// It is held from now on.
    case held
    /// It is held already.
    case known
    /// Its sequence is in a final block; whether with these bytes, the store knows.
    case final
    /// It is refused by rule.
    case refused(RefusalCode)
    /// There is no room; its sender sends it again.
    case full
}

/// The submissions that are waiting for a block, bounded by key and in bytes.
package struct Mempool: Sendable {
    /// The most bytes held; four services with sixteen large submissions each stay far below it.
    package static let bytesMax = 64 << 20
    // Two versions of a sequence: the relay's newest, and the one that another validator proposed. What a
    // proposal names that waits for it is taken beyond these, or a service that signs many versions could
    // leave each validator with others and stop the network.
    private static let versionsMax = 2

    /// A submission that waits.
    package struct Held: Sendable {
        /// What was submitted.
        package let submission: Submission
        /// When it came, on the caller's steady clock.
        package let arrivedAtMilliseconds: Int64
        /// When it was last sent to the others or came from them.
        package var sentAtMilliseconds: Int64
    }

    private struct Queue: Sendable {
        var nextSequence: UInt64 = 0
        var versions: [UInt64: [Held]] = [:]
    }

    private var network: NetworkState
    // The height of the next block, by which governance is judged.
    private var height: BlockHeight
    private var order: [KeyID]
    private var queues: [KeyID: Queue]
    private var places: [Digest: (keyID: KeyID, sequence: UInt64)] = [:]
    /// How many submissions are held.
    package var count: Int { places.count }
    /// How many bytes they have.
    package private(set) var byteCount = 0

    /// Makes an empty mempool for those who may submit to the block after a head.
    ///
    /// - Parameter nextSequences: each key's next sequence by the chain; 0 for those that are not named.
    package init(on head: ChainHead, nextSequences: [KeyID: UInt64] = [:]) {
        network = head.network
        height = head.height.next
        order = head.network.submitterKeyIDs
        queues = [:]
        for keyID in order { queues[keyID] = Queue(nextSequence: nextSequences[keyID] ?? 0) }
    }

    /// The sequence with which a key goes on; nil for a key that may not submit.
    package func nextSequence(of keyID: KeyID) -> UInt64? { queues[keyID]?.nextSequence }

    /// Finds a held submission by the hash of its bytes.
    package func submission(_ hash: Digest) -> Submission? { held(hash)?.submission }

    /// Whether a block could be made.
    package var hasWork: Bool { queues.values.contains { $0.versions[$0.nextSequence] != nil } }

    /// Takes a submission whose signature verified.
    ///
    /// - Parameter isWanted: whether a proposal names it that cannot be judged without it.
    package mutating func receive(
        _ verified: Verified<Submission>, isWanted: Bool = false, atMilliseconds now: Int64
    ) -> Intake {
        let submission = verified.message
        guard let next = queues[submission.keyID]?.nextSequence else { return .refused(.unknownKey) }
        if let place = places[submission.hash] {
            touch(submission.hash, at: place, atMilliseconds: now)
            return .known
        }
        if submission.sequence < next { return .final }
        if let code = BlockRules.refusal(of: submission, network: network, height: height) {
            return .refused(code)
        }
        guard submission.sequence - next < UInt64(network.limits.submissionsAheadMax) else {
            return .refused(.sequenceTooFarAhead)
        }
        let versionCount = queues[submission.keyID]?.versions[submission.sequence]?.count ?? 0
        guard versionCount < Self.versionsMax || isWanted,
            byteCount + submission.encoded.count <= Self.bytesMax
        else { return .full }
        let held = Held(submission: submission, arrivedAtMilliseconds: now, sentAtMilliseconds: now)
        // In place: a copy of the queue would cost as much as everything that waits in it.
        queues[submission.keyID]?.versions[submission.sequence, default: []].append(held)
        places[submission.hash] = (submission.keyID, submission.sequence)
        byteCount += submission.encoded.count
        return .held
    }

    /// Chooses what the next block takes: from each key in turn, without gaps, within the limits of a block.
    ///
    /// A block has room for one change to the network, since a second one would replace a state that is over.
    ///
    /// - Parameters:
    ///   - turn: any number that changes from block to block, so that no key is always first.
    ///   - disputed: keys of which nothing is taken.
    package func take(turn: UInt64, without disputed: Set<KeyID> = []) -> [Submission] {
        guard !order.isEmpty else { return [] }
        let start = Int(turn % UInt64(order.count))
        var open = (order[start...] + order[..<start]).filter { !disputed.contains($0) }
        var taken: [Submission] = []
        var entryCount = 0
        var byteCount = 0
        var offset: UInt64 = 0
        var hasChange = false
        while !open.isEmpty {
            open.removeAll { keyID in
                guard let queue = queues[keyID],
                    let held = queue.versions[queue.nextSequence + offset]?.first
                else { return true }
                let entries = entryCount + held.submission.entryCount
                let bytes = byteCount + BlockRules.byteCount(of: held.submission)
                guard entries <= network.limits.blockEntriesMax, bytes <= network.limits.blockBytesMax,
                    !(hasChange && held.submission.hasPublicEntries)
                else { return true }
                hasChange = hasChange || held.submission.hasPublicEntries
                (entryCount, byteCount) = (entries, bytes)
                taken.append(held.submission)
                return false
            }
            offset += 1
        }
        return taken
    }

    /// Moves the keys of a final block on, drops what it settles or forbids, and says how long each of its
    /// submissions waited.
    package mutating func settle(_ block: BuiltBlock, atMilliseconds now: Int64) -> [Int64] {
        let submissions = block.submissions
        height = block.height.next
        if block.next != network { enter(block.next) }
        defer { dropRefusedChanges() }
        var waits: [Int64] = []
        var ends: [KeyID: UInt64] = [:]
        for submission in submissions {
            if let held = held(submission.hash) { waits.append(now - held.arrivedAtMilliseconds) }
            ends[submission.keyID] = max(ends[submission.keyID] ?? 0, submission.sequence + 1)
        }
        for (keyID, end) in ends {
            guard let queue = queues[keyID] else { continue }
            let next = max(queue.nextSequence, end)
            queues[keyID]?.nextSequence = next
            for sequence in queue.versions.keys where sequence < next {
                for held in queues[keyID]?.versions.removeValue(forKey: sequence) ?? [] {
                    forget(held.submission)
                }
            }
        }
        return waits
    }

    /// Gives submissions that nobody has sent for that long, up to so many bytes, and counts them as
    /// sent now.
    package mutating func takeUnsent(
        forMilliseconds age: Int64, bytesMax: Int, atMilliseconds now: Int64
    ) -> [Submission] {
        let old = places.keys.compactMap { held($0) }.filter { now - $0.sentAtMilliseconds >= age }
        var unsent: [Submission] = []
        var bytes = 0
        let ordered = old.map(\.submission).sorted {
            ($0.keyID, $0.sequence, $0.hash) < ($1.keyID, $1.sequence, $1.hash)
        }
        for submission in ordered {
            bytes += submission.encoded.count
            guard bytes <= bytesMax || unsent.isEmpty else { break }
            unsent.append(submission)
            if let place = places[submission.hash] { touch(submission.hash, at: place, atMilliseconds: now) }
        }
        return unsent
    }

    /// Opens a queue for each new key, and closes those of keys that are over.
    private mutating func enter(_ next: NetworkState) {
        network = next
        order = next.submitterKeyIDs
        for keyID in order where queues[keyID] == nil { queues[keyID] = Queue() }
        for (keyID, queue) in queues where next.submitter(keyID) == nil {
            for held in queue.versions.values.joined() { forget(held.submission) }
            queues[keyID] = nil
        }
    }

    /// Changes to the network are the only submissions that may be refused later than they came.
    private mutating func dropRefusedChanges() {
        for organization in network.organizations {
            let keyID = organization.key.keyID
            for (sequence, versions) in queues[keyID]?.versions ?? [:] {
                let kept = versions.filter {
                    BlockRules.refusal(of: $0.submission, network: network, height: height) == nil
                }
                guard kept.count < versions.count else { continue }
                for held in versions where !kept.contains(where: { $0.submission == held.submission }) {
                    forget(held.submission)
                }
                queues[keyID]?.versions[sequence] = kept.isEmpty ? nil : kept
            }
        }
    }

    /// What has been held for longer than so many milliseconds.
    package func overdue(after limit: Int64, atMilliseconds now: Int64) -> OverdueSubmissions {
        let ages = places.keys.compactMap { held($0) }.map { now - $0.arrivedAtMilliseconds }
            .filter { $0 > limit }
        return OverdueSubmissions(count: ages.count, oldestMilliseconds: ages.max() ?? 0)
    }

    private func held(_ hash: Digest) -> Held? {
        guard let place = places[hash] else { return nil }
        return queues[place.keyID]?.versions[place.sequence]?.first { $0.submission.hash == hash }
    }

    private mutating func touch(
        _ hash: Digest, at place: (keyID: KeyID, sequence: UInt64), atMilliseconds now: Int64
    ) {
        guard var versions = queues[place.keyID]?.versions[place.sequence] else { return }
        for index in versions.indices where versions[index].submission.hash == hash {
            versions[index].sentAtMilliseconds = now
        }
        queues[place.keyID]?.versions[place.sequence] = versions
    }

    private mutating func forget(_ submission: Submission) {
        places[submission.hash] = nil
        byteCount -= submission.encoded.count
    }
}
