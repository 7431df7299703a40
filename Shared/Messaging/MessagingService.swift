import Cryptography
import Logging
package import Model
import Postgres
import Synchronization

/// Runs a service's messaging: the leader's work under one lock, and the consumers of every replica.
package final class MessagingService: Sendable {
    private static let standbyMilliseconds = 1_000
    private static let waiterPollMilliseconds = 250
    private static let censusMilliseconds = 1_000

    private let context: MessagingContext
    private let store: EventStore
    private let subscriptions: [Subscription]
    private let freshness = Freshness()
    private let leaderWakes = Mutex<[WakeSignal]>([])

    /// Puts the parts together; nothing runs before `run`.
    ///
    /// - Parameters:
    ///   - eventStore: the store through which the service appends; made from the same context.
    ///   - consumers: one subscription a topic.
    package init(_ context: MessagingContext, eventStore: EventStore, consumers: [Subscription]) {
        precondition(
            Set(consumers.map(\.topic)).count == consumers.count, "a service has one subscription a topic")
        self.context = context
        store = eventStore
        subscriptions = consumers
    }

    /// Works until it is cancelled, and then ends within two seconds.
    ///
    /// Errors of database and broker are tried again and show in `readiness`.
    /// - Throws: `MessagingFault` when the schema belongs to another network; what the database throws
    ///   at the start; `CancellationError`.
    package func run() async throws {
        try await MessagingSchema.prepare(context)
        let waiterWake = WakeSignal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.leadWhenFree() }
            group.addTask { try await self.listen(waiterWake) }
            group.addTask { await self.answerWaiters(waiterWake) }
            group.addTask { await waiterWake.tick(everyMilliseconds: Self.waiterPollMilliseconds) }
            group.addTask { try await self.countOutbox() }
            group.addTask { try await NetworkReader(context: self.context, board: self.store.board).run() }
            group.addTask { try await LagMeter(context: self.context, board: self.store.board).run() }
            for subscription in subscriptions {
                let consumer = DomainConsumer(
                    context: context, board: store.board, freshness: freshness, subscription: subscription)
                group.addTask { try await consumer.run() }
            }
            defer { group.cancelAll() }
            try await group.next()
            try Task.checkCancellation()
        }
    }

    /// Gives the newest figures without asking the database.
    package func statistics() -> MessagingStatistics { store.board.statistics }

    /// Says whether anything has stopped, and why.
    package func readiness() -> MessagingReadiness { store.board.readiness }

    /// Says how old this replica's knowledge of a producer's topic is.
    ///
    /// The topic must be one that this service consumes from that producer; of any other nothing is
    /// known.
    package func freshness(topic: Topic, producer: ServiceName) -> FreshnessView {
        freshness.view(topic: topic, producer: producer, now: context.clock())
    }

    /// Takes the lock whenever it is free and does the leader's work while it is held.
    private func leadWhenFree() async throws {
        let key = Self.lockKey(schema: context.postgres.schema)
        while true {
            try Task.checkCancellation()
            do {
                if let lock = try await PostgresAdvisoryLock.tryAcquire(
                    configuration: context.postgres, key: key)
                {
                    await lead(lock)
                    await lock.release()
                } else {
                    // Another replica leads, so how this one's term ended no longer matters.
                    store.board.clear("leader")
                }
                store.board.clear("leader lock")
            } catch {
                store.board.report("the leader's lock cannot be asked for: \(error)", in: "leader lock")
            }
            try await Task.sleep(for: .milliseconds(Self.standbyMilliseconds))
        }
    }

    private func lead(_ lock: PostgresAdvisoryLock) async {
        let term = LeaderTerm(
            context: context, board: store.board, waiters: store.waiters, subscriptions: subscriptions,
            lock: lock, relayWake: WakeSignal(), publisherWake: WakeSignal())
        leaderWakes.withLock { $0 = [term.relayWake, term.publisherWake] }
        store.board.count { $0.isLeader = true }
        defer {
            leaderWakes.withLock { $0 = [] }
            store.board.clearTerm()
            store.board.count { $0.isLeader = false }
        }
        do {
            try await term.run()
        } catch is CancellationError {
            return
        } catch {
            store.board.count { $0.retryCount += 1 }
            store.board.report("the leader's work was interrupted: \(error)", in: "leader")
            context.logger.error("the leader's work was interrupted", metadata: ["error": "\(error)"])
            return
        }
    }

    /// Passes the database's notifications on to whoever waits in this process.
    private func listen(_ waiterWake: WakeSignal) async throws {
        let finalChannel = context.finalChannel
        let listener = PostgresListener(
            configuration: context.postgres, channels: [context.outboxChannel, finalChannel])
        for await channel in await listener.notifications() {
            if channel == finalChannel { waiterWake.signal() }
            for wake in leaderWakes.withLock({ $0 }) { wake.signal() }
        }
        await listener.close()
        try Task.checkCancellation()
    }

    /// Looks up, in one query, all events for which requests of this process wait.
    private func answerWaiters(_ wake: WakeSignal) async {
        for await _ in wake.wakeUps {
            let ids = store.waiters.waitedFor
            guard !ids.isEmpty else { continue }
            // A database that does not answer now is asked again at the next tick; the waiters have
            // their own limit.
            let finalities = try? await context.pool.query { session in
                try EventTable.finality(of: ids, in: session)
            }
            store.waiters.resolve(finalities ?? [:])
        }
    }

    /// Counts what waits in the outbox, on every replica, since every replica refuses what would be too
    /// much.
    private func countOutbox() async throws {
        while true {
            let now = context.clock()
            if let census = try? await context.pool.query({ try OutboxCensus(at: now, in: $0) }) {
                store.board.count {
                    $0.outboxCount = census.count
                    $0.outboxUnsentCount = census.unsentCount
                    $0.oldestNotFinalAgeMilliseconds = census.oldestAgeMilliseconds
                    $0.oldestUnsentAgeMilliseconds = census.oldestUnsentAgeMilliseconds
                }
            }
            try await Task.sleep(for: .milliseconds(Self.censusMilliseconds))
        }
    }

    /// The lock of a schema's leader: the first eight bytes of a hash of its name.
    static func lockKey(schema: String) -> Int64 {
        let hash = SHA256.hash(Array("consentry messaging leader \(schema)".utf8))
        return Int64(bitPattern: hash.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
