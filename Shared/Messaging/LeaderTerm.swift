import Kafka
import Model
import Postgres

/// One stretch of leadership: relay, finality, publication and heartbeats, for as long as the lock is
/// held.
struct LeaderTerm: Sendable {
    private static let lockCheckMilliseconds = 1_000
    private static let tickMilliseconds = 200

    let context: MessagingContext
    let board: MessagingBoard
    let waiters: FinalityWaiters
    let subscriptions: [Subscription]
    let lock: PostgresAdvisoryLock
    /// Wakes the relay; signalled when events are appended or become final.
    let relayWake: WakeSignal
    /// Wakes the publisher; signalled likewise.
    let publisherWake: WakeSignal

    /// Works until the lock is lost, a part fails or the task is cancelled.
    func run() async throws {
        let producer = try KafkaProducer(configuration("producer"))
        do {
            let receipts = try await FinalityConsumer.makeConsumer(configuration("receipts"))
            do {
                try await lead(producer, receipts)
            } catch {
                await receipts.shutdown()
                throw error
            }
            await receipts.shutdown()
        } catch {
            await producer.shutdown()
            throw error
        }
        await producer.shutdown()
    }

    private func lead(_ producer: KafkaProducer, _ receipts: KafkaConsumer) async throws {
        let flights = Flights()
        let relay = Relay(
            context: context, board: board, flights: flights, producer: producer, wake: relayWake)
        let finality = FinalityConsumer(
            context: context, board: board, waiters: waiters, flights: flights,
            wakeLeader: { [relayWake, publisherWake] in
                relayWake.signal()
                publisherWake.signal()
            })
        let reader = try KafkaConsumer(configuration("reader"))
        let publisher = Publisher(
            context: context, board: board, lock: lock, producer: producer, reader: reader,
            wake: publisherWake)
        let redrive = ParkedRedrive(context: context, subscriptions: subscriptions)
        board.clear("leader")
        let outcome = await Self.firstFailure { group in
            group.addTask { try await finality.run(receipts) }
            group.addTask { try await relay.run() }
            group.addTask { try await publisher.run() }
            group.addTask { await relayWake.tick(everyMilliseconds: Self.tickMilliseconds) }
            group.addTask { await publisherWake.tick(everyMilliseconds: Self.tickMilliseconds) }
            group.addTask { try await watchLock() }
            group.addTask { try await redrive.runHourly(producer) }
        }
        await reader.shutdown()
        throw outcome
    }

    /// Runs tasks that never end by themselves, until the first does; cancels the others and waits for
    /// them.
    private static func firstFailure(
        _ start: (inout ThrowingTaskGroup<Void, any Error>) -> Void
    ) async -> any Error {
        await withThrowingTaskGroup(of: Void.self) { group in
            start(&group)
            defer { group.cancelAll() }
            do {
                try await group.next()
                return CancellationError()
            } catch {
                return error
            }
        }
    }

    private func watchLock() async throws {
        while await lock.isHeld() {
            try await Task.sleep(for: .milliseconds(Self.lockCheckMilliseconds))
        }
        throw PostgresFault(
            reason: .connectionLost, message: "the leader's lock was lost; another takes over")
    }

    private func configuration(_ name: String) -> KafkaConfiguration {
        var configuration = context.kafka
        configuration.clientID += ".\(name)"
        return configuration
    }
}
